export { mysqlSessionStorage, mysqlSessionTable, SessionStorageMysql } from './session-storage-mysql.js';
export type { SessionStorageMysqlOptions } from './session-storage-mysql.js';
export type { MysqlExecute, MysqlPool } from './mysql-engine.js';
export type { SessionStorageSql, SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
export type { SqlDialect, SqlEngine, SqlRow, SqlTableName, SqlValue } from '../sql/sql-engine.js';
