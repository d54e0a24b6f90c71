import { connectRedis, PREFIX, redisUrl, removeKeys } from '../lib/redis.mjs';
import { SessionStorageMemory, subPath } from '../lib/package-under-test.mjs';

const databaseUrl = process.env.DATABASE_URL;
const TABLE = 'nestjs_sessions_scale';

/**
 * Storages that are filled: `open` gives `{ storage, bytes, settle?, close }`, or `undefined` where it is not to be had.
 * `bytes()` tells what the engine holds, `settle()` does what an engine does by itself now and then, before a measurement.
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
  // Where the disk is slow to say that it has written, that is all that would be measured.
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 8, options: '-c synchronous_commit=off' });
  await pool.query(`DROP TABLE IF EXISTS ${TABLE}`);
  const { postgresSessionStorage } = await subPath('postgres');
  const storage = postgresSessionStorage({ pool, table: TABLE, createTable: true });
  // Makes the table.
  await storage.read('none');
  return {
    storage,
    async bytes() {
      const { rows } = await pool.query(`SELECT pg_total_relation_size('${TABLE}') AS bytes`);
      return Number(rows[0].bytes);
    },
    // What autovacuum does by itself.
    async settle() {
      await pool.query(`VACUUM ANALYZE ${TABLE}`);
    },
    async close() {
      await pool.query(`DROP TABLE IF EXISTS ${TABLE}`);
      await pool.end();
    },
  };
}
