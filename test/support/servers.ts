import { createRedisMock } from 'js-redis-server';
import { randomBytes } from 'node:crypto';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { fullTests } from './full-tests.js';
import { createPGlite } from './pglite.js';

/** A unique name: `t` and 12 letters or digits. */
export function uniqueName(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

/** Redis for tests: the server of `REDIS_URL`, or js-redis-server in this process. */
export interface RedisServer {
  readonly engine: 'Redis' | 'js-redis-server';
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Removes all keys that begin with a {@link uniqueName}, and stops an embedded server. */
  close(...names: readonly string[]): Promise<void>;
}

// Without this, Nagle's algorithm delays answers of js-redis-server by 40 ms.
subscribe('net.server.socket', (message) => (message as { socket: Socket }).socket.setNoDelay(true));

export const redisEngine = process.env['REDIS_URL'] ? 'Redis' : 'js-redis-server';

export async function startRedis(): Promise<RedisServer> {
  const { REDIS_URL } = process.env;
  if (REDIS_URL) {
    const { hostname, port } = new URL(REDIS_URL);
    return {
      engine: 'Redis',
      url: REDIS_URL,
      host: hostname,
      port: Number(port || 6379),
      close: (...names) => removeKeys(REDIS_URL, names),
    };
  }
  return startEmbeddedRedis();
}

/** For tests that change the server itself: others use that of `REDIS_URL` at the same time. */
export async function startEmbeddedRedis(): Promise<RedisServer> {
  const server = await createRedisMock({ compatibility: 'redis-7.0' });
  return {
    engine: 'js-redis-server',
    url: server.url,
    host: server.host,
    port: server.port,
    close: () => server.close(),
  };
}

async function removeKeys(url: string, names: readonly string[]): Promise<void> {
  const client = await createClient({ url }).connect();
  for (const name of names) {
    for await (const keys of client.scanIterator({ MATCH: `${name}*`, COUNT: 1000 })) {
      if (keys.length > 0) await client.unlink(keys);
    }
  }
  client.destroy();
}

/** The nodes of a cluster of three primaries, by js-redis-server. */
export interface RedisClusterServer {
  readonly nodes: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  close(): Promise<void>;
}

export async function startRedisCluster(): Promise<RedisClusterServer> {
  const cluster = await createRedisMock({ cluster: { masters: 3 }, compatibility: 'redis-7.0' });
  return { nodes: cluster.addresses(), close: () => cluster.close() };
}

/** The common interface of pg's Pool and PGlite. */
export interface PostgresServer {
  readonly engine: 'PostgreSQL' | 'PGlite';
  query(text: string, values?: unknown[]): Promise<{ rows: any[] }>;
  /** Removes all tables that begin with a {@link uniqueName}, and stops an embedded server. */
  close(...names: readonly string[]): Promise<void>;
}

export const postgresEngine = process.env['DATABASE_URL'] ? 'PostgreSQL' : 'PGlite';

/** For specs over every engine. PGlite takes seconds in each, so `npm test` uses it only in those of PostgreSQL. */
export const withPostgres = fullTests || postgresEngine === 'PostgreSQL';

/** PostgreSQL for tests: the server of `DATABASE_URL`, or PGlite in this process. */
export async function startPostgres(): Promise<PostgresServer> {
  const { DATABASE_URL } = process.env;
  if (DATABASE_URL) {
    const pool = new Pool({ connectionString: DATABASE_URL, max: 8 });
    return {
      engine: 'PostgreSQL',
      query: (text, values) => pool.query(text, values),
      close: async (...names) => {
        for (const name of names) {
          const { rows } = await pool.query('SELECT tablename FROM pg_tables WHERE starts_with(tablename, $1)', [name]);
          for (const { tablename } of rows) await pool.query(`DROP TABLE "${tablename}"`);
        }
        await pool.end();
      },
    };
  }
  const database = await createPGlite();
  return {
    engine: 'PGlite',
    query: (text, values) => database.query(text, values),
    close: () => database.close(),
  };
}

/** MySQL or MariaDB have no embedded engine, so their tests run only with `MYSQL_URL`. */
export const mysqlUrl = process.env['MYSQL_URL'];
