import { connectRedis, PREFIX, redisUrl, removeKeys } from '../lib/redis.mjs';
import { SessionStorageMemory, subPath } from '../lib/package-under-test.mjs';

const databaseUrl = process.env.DATABASE_URL;
const TABLE = 'nestjs_sessions_scale';

/**
 * The storages: `open` returns `{ storage, bytes, settle?, close }`, or `undefined` if the server is not available.
 * `bytes()` is the size in the engine; `settle()` runs the engine's maintenance before a measurement.
 */
export const ENGINES = [
  { name: 'memory', open: openMemory },
  { name: 'Redis', open: openRedis },
  { name: 'PostgreSQL', open: openPostgres },
];

function openMemory() {
  const heap = () => {
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const storage = new SessionStorageMemory({ maxSessions: 4e6, maxBytes: 2 ** 32 });
  return { storage, bytes: heap, close() {} };
}

async function openRedis() {
  if (!redisUrl) return undefined;
  await removeKeys();
  const client = await connectRedis();
  const { redisSessionStorage } = await subPath('redis');
  return {
    storage: redisSessionStorage({ client, prefix: PREFIX }),
    async bytes() {
      return Number(/used_memory:(\d+)/.exec(await client.info('memory'))[1]);
    },
    async close() {
      client.destroy();
      await removeKeys();
    },
  };
}

async function openPostgres() {
  if (!databaseUrl) return undefined;
  const { default: pg } = await import('pg');
  // Otherwise a slow disk determines the result.
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 8, options: '-c synchronous_commit=off' });
  await pool.query(`DROP TABLE IF EXISTS ${TABLE}`);
  const { postgresSessionStorage } = await subPath('postgres');
  const storage = postgresSessionStorage({ pool, table: TABLE, createTable: true });
  // Creates the table.
  await storage.read('none');
  return {
    storage,
    async bytes() {
      const { rows } = await pool.query(`SELECT pg_total_relation_size('${TABLE}') AS bytes`);
      return Number(rows[0].bytes);
    },
    // As autovacuum does.
    async settle() {
      await pool.query(`VACUUM ANALYZE ${TABLE}`);
    },
    async close() {
      await pool.query(`DROP TABLE IF EXISTS ${TABLE}`);
      await pool.end();
    },
  };
}
