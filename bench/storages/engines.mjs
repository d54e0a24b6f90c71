import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directorySessionStorage, subPath } from '../lib/package-under-test.mjs';
import { connectRedis, PREFIX, redisUrl, removeKeys } from '../lib/redis.mjs';

export const databaseUrl = process.env.DATABASE_URL;
const mysqlUrl = process.env.MYSQL_URL;
const TABLE = 'nestjs_sessions_bench';

/** Storages outside of the heap: `open` gives `{ storage, close }`, or `undefined` where it is not to be had. */
export const ENGINES = [
  { name: 'directory', open: openDirectory },
  { name: 'SQLite', open: openSqlite },
  { name: 'Redis', open: openRedis },
  { name: 'PostgreSQL', open: openPostgres },
  { name: 'MySQL or MariaDB', open: openMysql },
];

async function openDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'sessions-bench-'));
  const storage = directorySessionStorage({ directory });
  return {
    storage,
    async close() {
      await storage.close?.();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function openSqlite() {
  const sqlite = await subPath('sqlite');
  const Database = await sqliteDatabase();
  if (!sqlite || !Database) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'sessions-bench-'));
  const database = new Database(join(directory, 'sessions.db'));
  return {
    storage: sqlite.sqliteSessionStorage({ database }),
    close() {
      database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** node:sqlite where this Node.js has it, else libsql, which has the interface of better-sqlite3. */
async function sqliteDatabase() {
  try {
    return (await import('node:sqlite')).DatabaseSync;
  } catch {
    return import('libsql').then(
      (libsql) => libsql.default,
      () => undefined,
    );
  }
}

async function openRedis() {
  const redis = await subPath('redis');
  if (!redis || !redisUrl) return undefined;
  const client = await connectRedis();
  return {
    storage: redis.redisSessionStorage({ client, prefix: PREFIX }),
    async close() {
      client.destroy();
      await removeKeys();
    },
  };
}

async function openPostgres() {
  const postgres = await subPath('postgres');
  if (!postgres || !databaseUrl) return undefined;
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 8 });
  return {
    storage: postgres.postgresSessionStorage({ pool, table: TABLE, createTable: true }),
    async close() {
      await pool.query(`DROP TABLE IF EXISTS ${TABLE}`);
      await pool.end();
    },
  };
}

async function openMysql() {
  const mysql = await subPath('mysql');
  if (!mysql || !mysqlUrl) return undefined;
  const { createPool } = await import('mysql2/promise');
  const pool = createPool({ uri: mysqlUrl, connectionLimit: 8 });
  return {
    storage: mysql.mysqlSessionStorage({ pool, table: TABLE, createTable: true }),
    async close() {
      await pool.query(`DROP TABLE IF EXISTS ${TABLE}`);
      await pool.end();
    },
  };
}
