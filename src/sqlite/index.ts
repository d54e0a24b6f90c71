export { sqliteSessionStorage, sqliteSessionTable, SessionStorageSqlite } from './session-storage-sqlite.js';
export type { SessionStorageSqliteOptions } from './session-storage-sqlite.js';
export type { SqliteDatabase } from './sqlite-engine.js';
