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
import type { RequestKind } from '../../src/testing/interleavings/session-algorithm.js';
import { referenceSessionAlgorithm } from '../../src/testing/interleavings/reference-session-algorithm.js';
import {
  trackerAlgorithm,
  trackerAlgorithmThatExplains,
  trackerAlgorithmWithGrace,
} from '../../src/testing/interleavings/tracker-algorithm.js';
import { sessionFaultsContract } from '../../src/testing/session-faults.contract.js';
import { mysqlUrl, postgresEngine, redisEngine, startPostgres, startRedis, uniqueName } from '../support/servers.js';
import { SqliteFiles, sqliteLibraries } from '../support/sqlite.js';
import { explored, faultyPairs, faultyTriples, fewerFaultyTriples, withRevokeAll } from './session-orders.js';
import { fullTests } from '../support/full-tests.js';

// Busy machines are slow.
jest.setTimeout(fullTests ? 1_800_000 : 120_000);

interface Opened {
  readonly storage: SessionStorage;
  readonly close: () => unknown;
}

const memory = () => ({ storage: new SessionStorageMemory() });

sessionFaultsContract({ describe, it }, memory, { name: 'sessions under faults over memory, two requests at most' });

describe('any requests under faults over memory, by promises 1 to 6', () => {
  const one = { open: memory, algorithm: trackerAlgorithm, faults: { count: 1 } } as const;
  const two = { ...one, faults: { count: 2 } } as const;

  it('keeps every promise in a sample of the orders of any two requests with one fault', async () => {
    await explored(faultyPairs, { ...one, sample: { orders: 15 } });
  });

  it('keeps every promise in a sample of the orders of any three requests with one fault', async () => {
    await explored(faultyTriples, { ...one, sample: { orders: fullTests ? 100 : 4 } });
  });

  it('keeps every promise in a sample of the orders of any two requests with two faults', async () => {
    await explored(faultyPairs, { ...two, sample: { orders: fullTests ? 200 : 10 } });
  });

  it.each([
    ['nothing', trackerAlgorithm],
    ['a reason', trackerAlgorithmThatExplains],
    ['a grace period', trackerAlgorithmWithGrace],
  ])(
    'keeps every promise in a sample of the orders of revokeAll and another, with %s left',
    async (_name, algorithm) => {
      await explored(withRevokeAll, { ...one, algorithm, sample: { orders: fullTests ? 100 : 20 } });
    },
  );

  it.each([
    ['a reason', trackerAlgorithmThatExplains],
    ['a grace period', trackerAlgorithmWithGrace],
  ])('keeps every promise in a sample of the orders of any two requests that leave %s', async (_name, algorithm) => {
    await explored(faultyPairs, { ...one, algorithm, sample: { orders: fullTests ? 100 : 10 } });
  });

  it('keeps every promise in a sample of the orders of two logins beyond maxPerOwner', async () => {
    await explored([['limit', 'limit']], { ...one, sample: { orders: fullTests ? 1000 : 200 } });
  });

  if (!fullTests) return;

  // A login beyond maxPerOwner takes so many steps that a sample of its orders is run.
  const withLimit = (kinds: readonly RequestKind[]): boolean => kinds.includes('limit');
  const withoutLimit = (kinds: readonly RequestKind[]): boolean => !withLimit(kinds);

  it('keeps every promise in every order of any two requests with one fault', async () => {
    await explored(faultyPairs.filter(withoutLimit), one);
    await explored(faultyPairs.filter(withLimit), { ...one, sample: { orders: 200 } });
  });

  it('keeps every promise in every order of three requests with one fault, of which one ends or moves', async () => {
    await explored(fewerFaultyTriples.filter(withoutLimit), one);
    await explored(fewerFaultyTriples.filter(withLimit), { ...one, sample: { orders: 200 } });
  });
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

  const open = () => ({ storage: opened.storage });
  sessionFaultsContract(it, open, { atOnce: 1, ...(!fullTests && { sample: { orders: 10 } }) });
  sessionFaultsContract({ describe, it }, open, {
    name: 'two and three requests at the same time, some of their orders',
    atOnce: 3,
    sample: { orders: fullTests ? 10 : 1 },
  });
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

  it('fails a storage that does not find owners', async () => {
    const broken: Broken = ({ owners }) => ({ owners: Object.assign(owners, { invalidateAll: async () => 0 }) });
    expect(await failing(broken, { atOnce: 1 })).toContain('promise 5');
  });

  it('fails a storage that reports a replace without doing it', async () => {
    const broken: Broken = () => ({ replace: async () => ({ status: 'replaced', version: '1' }) });
    expect(await failing(broken, { atOnce: 1 })).toContain('promise 4');
  });

  it('fails a storage whose new sessions last an hour from the start, such as those of a dead login', async () => {
    const broken: Broken = (storage) => {
      const create = storage.create.bind(storage);
      return {
        create: (id, { expiresIn: _short, ...session }) =>
          create(id, { ...session, expiresAt: session.expiresAt + 3_600_000 }),
      };
    };
    expect(await failing(broken, { atOnce: 1 })).toContain('promise 3');
  });

  it('fails a storage that does not list the last written session, so that an owner exceeds the limit', async () => {
    const broken: Broken = ({ owners }) => {
      const list = owners.list.bind(owners);
      return { owners: { ...owners, list: async (owner) => (await list(owner)).slice(1) } };
    };
    expect(await failing(broken, { atOnce: 1 })).toContain('promise 5');
  });

  it('fails an algorithm that cannot sign out without writes, or loses the session of a failed login', async () => {
    const options = { algorithm: referenceSessionAlgorithm, atOnce: 1 } as const;
    expect(await failing(() => ({}), options)).toEqual(expect.arrayContaining(['promise 2', 'promise 3']));
  });
});
