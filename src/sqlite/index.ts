export { sqliteSessionStorage, sqliteSessionTable, SessionStorageSqlite } from './session-storage-sqlite.js';
export type { SessionStorageSqliteOptions } from './session-storage-sqlite.js';
export type { SqliteDatabase } from './sqlite-engine.js';
export type { SessionStorageSql, SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
export type { SqlDialect, SqlEngine, SqlRow, SqlTableName, SqlValue } from '../sql/sql-engine.js';
