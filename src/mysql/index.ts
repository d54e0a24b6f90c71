export { mysqlSessionStorage, mysqlSessionTable, SessionStorageMysql } from './session-storage-mysql.js';
export type { SessionStorageMysqlOptions } from './session-storage-mysql.js';
export type { MysqlExecute, MysqlPool } from './mysql-engine.js';
