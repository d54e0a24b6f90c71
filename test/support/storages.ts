import { createPool } from 'mysql2/promise';
import { mysqlSessionStorage } from 'nestjs-sessions/mysql';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { sqliteSessionStorage } from 'nestjs-sessions/sqlite';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { SessionStorageDirectory } from '../../src/directory/session-storage-directory.js';
import { SessionStorageMemory } from '../../src/memory/session-storage-memory.js';
import type { ConditionalSessionStorage } from '../../src/storage/session-storage-guarded.js';
import {
  mysqlUrl,
  postgresEngine,
  redisEngine,
  startPostgres,
  startRedis,
  uniqueName,
  withPostgres,
} from './servers.js';
import { SqliteFiles, sqliteLibraries } from './sqlite.js';

/** A storage for the tests of one file. */
export interface OpenedStorage {
  readonly storage: ConditionalSessionStorage;
  close(): Promise<unknown>;
}

/** Opens each storage with an owner index, by name; MySQL only with a server, PostgreSQL as {@link withPostgres}. */
export const storageOpeners: Record<string, () => Promise<OpenedStorage>> = {
  memory: async () => ({ storage: new SessionStorageMemory(), close: async () => undefined }),
  directory: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sessions-'));
    const storage = new SessionStorageDirectory({ directory });
    return { storage, close: () => storage.close().then(() => rm(directory, { recursive: true })) };
  },
  SQLite: async () => {
    const files = await SqliteFiles.make();
    const database = sqliteLibraries['libsql']!(files.path('limit.db'));
    const close = async () => {
      database.close();
      files.remove();
    };
    return { storage: sqliteSessionStorage({ database }), close };
  },
  [redisEngine]: async () => {
    const server = await startRedis();
    const prefix = uniqueName();
    const client = await createClient({ url: server.url }).connect();
    const close = async () => {
      client.destroy();
      await server.close(prefix);
    };
    return { storage: redisSessionStorage({ client, prefix: `${prefix}:` }), close };
  },
  ...(withPostgres ? { [postgresEngine]: openPostgres } : {}),
  ...(mysqlUrl === undefined ? {} : { MySQL: () => openMysql(mysqlUrl!) }),
};

async function openPostgres(): Promise<OpenedStorage> {
  const pool = await startPostgres();
  const table = uniqueName();
  return { storage: postgresSessionStorage({ pool, table, createTable: true }), close: () => pool.close(table) };
}

async function openMysql(uri: string): Promise<OpenedStorage> {
  const pool = createPool({ uri, connectionLimit: 8 });
  const table = uniqueName();
  const close = () => pool.query(`DROP TABLE IF EXISTS ${table}`).then(() => pool.end());
  return { storage: mysqlSessionStorage({ pool, table, createTable: true }), close };
}
