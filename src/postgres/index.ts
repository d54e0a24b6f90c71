export { postgresSessionStorage, postgresSessionTable, SessionStoragePostgres } from './session-storage-postgres.js';
export type { SessionStoragePostgresOptions } from './session-storage-postgres.js';
export type { PostgresPool, PostgresQuery } from './postgres-engine.js';
export type { SessionStorageSql, SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
export type { SqlDialect, SqlEngine, SqlRow, SqlTableName, SqlValue } from '../sql/sql-engine.js';
