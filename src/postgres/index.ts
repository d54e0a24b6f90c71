export { postgresSessionStorage, postgresSessionTable, SessionStoragePostgres } from './session-storage-postgres.js';
export type { SessionStoragePostgresOptions } from './session-storage-postgres.js';
export type { PostgresPool, PostgresQuery } from './postgres-engine.js';
