import { jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool } from 'mysql2/promise';
import { mysqlSessionStorage } from 'nestjs-sessions/mysql';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { sqliteSessionStorage } from 'nestjs-sessions/sqlite';
import { createClient } from 'redis';
import { SessionStorageDirectory } from '../../src/directory/session-storage-directory.js';
import { SessionStorageMemory } from '../../src/memory/session-storage-memory.js';
import type { SessionStorage } from '../../src/storage/session-storage.js';
import { referenceSessionAlgorithm } from '../../src/testing/interleavings/reference-session-algorithm.js';
import { sessionFaultsContract } from '../../src/testing/session-faults.contract.js';
import { mysqlUrl, postgresEngine, redisEngine, startPostgres, startRedis, uniqueName } from '../support/servers.js';
import { SqliteFiles, sqliteLibraries } from '../support/sqlite.js';

// Busy machines are slow.
jest.setTimeout(120_000);

interface Opened {
  readonly storage: SessionStorage;
  readonly close: () => unknown;
}

sessionFaultsContract({ describe, it }, () => ({ storage: new SessionStorageMemory() }), {
  name: 'sessions under faults over memory, two requests at most',
  atOnce: 2,
});

const engines: Record<string, () => Promise<Opened>> = {
  async directory() {
    const directory = await mkdtemp(join(tmpdir(), 'faults-'));
    return { storage: new SessionStorageDirectory({ directory }), close: () => rm(directory, { recursive: true }) };
  },
  async SQLite() {
    const files = await SqliteFiles.make();
    const database = Object.values(sqliteLibraries)[0]!(files.path('faults.db'));
    const close = (): void => {
      database.close();
      files.remove();
    };
    return { storage: sqliteSessionStorage({ database }), close };
  },
  async [redisEngine]() {
    const name = uniqueName();
    const server = await startRedis();
    const client = await createClient({ url: server.url }).connect();
    const close = async (): Promise<void> => {
      client.destroy();
      await server.close(name);
    };
    return { storage: redisSessionStorage({ client, prefix: `${name}:` }), close };
  },
  async [postgresEngine]() {
    const table = uniqueName();
    const server = await startPostgres();
    const storage = postgresSessionStorage({ pool: server, table, createTable: true });
    return { storage, close: () => server.close(table) };
  },
  ...(mysqlUrl !== undefined && {
    async MySQL() {
      const table = uniqueName();
      const pool = createPool({ uri: mysqlUrl!, connectionLimit: 8 });
      const close = async (): Promise<void> => {
        await pool.query(`DROP TABLE IF EXISTS ${table}`);
        await pool.end();
      };
      return { storage: mysqlSessionStorage({ pool, table, createTable: true }), close };
    },
  }),
};

describe.each(Object.entries(engines))('sessions under faults over %s', (_name, start) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await start();
  });
  afterAll(() => opened.close());

  sessionFaultsContract(it, () => ({ storage: opened.storage }), { atOnce: 1 });
});

describe('the fault suite', () => {
  type Broken = (storage: SessionStorageMemory) => Partial<SessionStorage>;

  /** The tests that fail over a storage with these members instead of its own. */
  async function failing(broken: Broken, options: Parameters<typeof sessionFaultsContract>[2] = {}) {
    const failed: string[] = [];
    const tests: Array<readonly [string, () => Promise<void>]> = [];
    const open = () => {
      const storage = new SessionStorageMemory();
      return { storage: Object.assign(storage, broken(storage)) };
    };
    sessionFaultsContract((name, test) => tests.push([name, test]), open, options);
    for (const [name, test] of tests) await test().catch(() => failed.push(name.slice(0, 9)));
    return failed;
  }

  it('finds a storage whose owners are not found', async () => {
    const broken: Broken = ({ owners }) => ({ owners: Object.assign(owners, { invalidateAll: async () => 0 }) });
    expect(await failing(broken, { atOnce: 1 })).toContain('promise 5');
  });

  it('finds a storage that says it has replaced a session, and has not', async () => {
    const broken: Broken = () => ({ replace: async () => ({ status: 'replaced', version: '1' }) });
    expect(await failing(broken, { atOnce: 1 })).toContain('promise 4');
  });

  it('finds an algorithm that cannot sign out where writes are refused, or loses the session of a failed login', async () => {
    const options = { algorithm: referenceSessionAlgorithm, atOnce: 1 } as const;
    expect(await failing(() => ({}), options)).toEqual(expect.arrayContaining(['promise 2', 'promise 3']));
  });
});
