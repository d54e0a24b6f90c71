import { jest } from '@jest/globals';
import { createPool, type RowDataPacket } from 'mysql2/promise';
import { cachedSessionStorage } from 'nestjs-sessions';
import { mysqlSessionStorage } from 'nestjs-sessions/mysql';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { createClient } from 'redis';
import type { SessionStorage } from '../../src/storage/session-storage.js';
import { VisitRequests } from '../support/visits.js';
import {
  mysqlUrl,
  postgresEngine,
  redisEngine,
  startPostgres,
  startRedis,
  uniqueName,
  withPostgres,
} from '../support/servers.js';

// Busy machines are slow.
jest.setTimeout(30_000);

const HOUR = 3_600_000;
const EIGHT_DAYS = 192 * HOUR;

/** The clock of the machine, which is the server's. */
const now = Date.now.bind(Date);

/** Moves the clock of this process, but not that of a server in it. */
function moveClock(milliseconds: number): void {
  const isServer = (): boolean => /node_modules\/(?:js-redis-server|@electric-sql)\//.test(new Error().stack!);
  jest.spyOn(Date, 'now').mockImplementation(() => (isServer() ? now() : now() + milliseconds));
}

type Storage = SessionStorage &
  Required<Pick<SessionStorage, 'create' | 'replace' | 'touch' | 'owners'>> &
  Pick<SessionStorage, 'sweep'>;

interface Opened {
  readonly storage: Storage;
  /** Milliseconds that the server keeps what has this id. */
  left(id: string): Promise<number>;
  close(): Promise<unknown>;
}

async function openRedis() {
  const server = await startRedis();
  const prefix = `${uniqueName()}:`;
  const client = await createClient({ url: server.url }).connect();
  const close = async () => {
    client.destroy();
    await server.close(prefix);
  };
  const storage = redisSessionStorage({ client, prefix });
  return { storage, client, prefix, left: (id: string) => client.pTTL(prefix + id), close };
}

async function openPostgres(): Promise<Opened> {
  const pool = await startPostgres();
  const table = uniqueName();
  return {
    storage: postgresSessionStorage({ pool, table, createTable: true }),
    left: async (id) => {
      const { rows } = await pool.query(`SELECT expires_at FROM ${table} WHERE id = $1`, [id]);
      return Number(rows[0].expires_at) - now();
    },
    close: () => pool.close(table),
  };
}

async function openMysql(): Promise<Opened> {
  const pool = createPool({ uri: mysqlUrl!, connectionLimit: 8 });
  const table = uniqueName();
  return {
    storage: mysqlSessionStorage({ pool, table, createTable: true }),
    left: async (id) => {
      const [rows] = await pool.query<RowDataPacket[]>(`SELECT expires_at FROM ${table} WHERE id = ?`, [id]);
      return Number(rows[0]!['expires_at']) - now();
    },
    close: () => pool.query(`DROP TABLE IF EXISTS ${table}`).then(() => pool.end()),
  };
}

const engines: ReadonlyArray<readonly [string, () => Promise<Opened>]> = [
  [redisEngine, openRedis],
  ...(withPostgres ? [[postgresEngine, openPostgres] as const] : []),
  ...(mysqlUrl === undefined ? [] : [['MySQL', openMysql] as const]),
];
const clocks = [
  ['ahead', EIGHT_DAYS],
  ['behind', -EIGHT_DAYS],
] as const;

const session = (more: { value?: string; expiresAt?: number; owner?: string } = {}) => ({
  value: 'v',
  expiresAt: now() + HOUR,
  latestExpiry: now() + 2 * HOUR,
  ...more,
});

describe.each(engines)('on %s', (_engine, open) => {
  let opened: Opened;
  let storage: Storage;
  beforeAll(async () => {
    opened = await open();
    storage = opened.storage;
    await storage.read('first');
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(async () => {
    await storage.close?.();
    await opened.close();
  });

  describe.each(clocks)('a process whose clock is eight days %s', (_clock, skew) => {
    it('reads, replaces and touches a live session', async () => {
      const id = uniqueName();
      const version = await storage.create(id, session());
      moveClock(skew);
      expect(await storage.read(id)).toMatchObject({ value: 'v', version });
      expect(await storage.replace(id, session({ value: 'w' }), version)).toMatchObject({ status: 'replaced' });
      expect(await storage.replace(id, session({ value: 'x' }), version)).toMatchObject({ status: 'conflict' });
      const expiresAt = now() + 2 * HOUR;
      expect(await storage.touch(id, expiresAt)).toBe(true);
      expect(await storage.read(id)).toMatchObject({ value: 'w', expiresAt });
    });

    it('reads a live session through a cache', async () => {
      const id = uniqueName();
      await storage.create(id, session());
      moveClock(skew);
      const cached = cachedSessionStorage(storage);
      for (let read = 0; read < 2; read++) expect(await cached.read(id)).toMatchObject({ value: 'v' });
    });

    it('creates no session over a live one', async () => {
      const id = uniqueName();
      await storage.create(id, session());
      moveClock(skew);
      expect(await storage.create(id, session({ value: 'w' }))).toBeUndefined();
      expect(await storage.read(id)).toMatchObject({ value: 'v' });
    });

    it('writes and creates sessions that others read', async () => {
      const [written, created] = [uniqueName(), uniqueName()];
      moveClock(skew);
      await storage.write(written, session());
      await storage.create(created, session());
      jest.restoreAllMocks();
      expect(await storage.read(written)).toMatchObject({ value: 'v' });
      expect(await storage.read(created)).toMatchObject({ value: 'v' });
    });

    it('lists and revokes the live sessions of an owner', async () => {
      const [owner, before, after] = [uniqueName(), uniqueName(), uniqueName()];
      await storage.create(before, session({ owner }));
      moveClock(skew);
      await storage.create(after, session({ owner }));
      const ids = async (): Promise<string[]> => (await storage.owners.list(owner)).map(({ id }) => id);
      expect((await ids()).sort()).toEqual([before, after].sort());
      jest.restoreAllMocks();
      expect((await ids()).sort()).toEqual([before, after].sort());
      moveClock(skew);
      expect(await storage.owners.invalidateAll(owner, after)).toBe(1);
      expect(await ids()).toEqual([after]);
      expect(await storage.owners.invalidateAll(owner)).toBe(1);
      jest.restoreAllMocks();
      for (const id of [before, after]) expect(await storage.read(id)).toBeUndefined();
    });

    it('ends a live session, and leaves a tombstone for a minute', async () => {
      const [owner, ...ids] = [uniqueName(), uniqueName(), uniqueName()];
      for (const id of ids) await storage.create(id, session({ owner }));
      moveClock(skew);
      expect(await storage.invalidate(ids[0])).toBe(true);
      expect(await storage.owners.invalidateAll(owner)).toBe(1);
      expect(await storage.invalidate(ids[0])).toBe(false);
      await storage.sweep?.();
      jest.restoreAllMocks();
      for (const id of ids) {
        expect(await storage.create(id, session())).toBeUndefined();
        expect(await opened.left(id)).toBeGreaterThan(0);
        expect(await opened.left(id)).toBeLessThanOrEqual(60_000);
      }
    });

    it('does not revive an expired or ended session', async () => {
      const [expired, ended] = [uniqueName(), uniqueName()];
      await storage.write(expired, session({ owner: expired, expiresAt: now() - 1 }));
      await storage.create(ended, session());
      await storage.invalidate(ended);
      moveClock(skew);
      for (const id of [expired, ended]) {
        expect(await storage.read(id)).toBeUndefined();
        expect(await storage.replace(id, session())).toEqual({ status: 'gone' });
        expect(await storage.touch(id, now() + HOUR)).toBe(false);
        expect(await storage.invalidate(id)).toBe(false);
      }
      expect(await storage.owners.list(expired)).toEqual([]);
      expect(await storage.owners.invalidateAll(expired)).toBe(0);
      expect(await storage.create(ended, session())).toBeUndefined();
    });

    it('keeps no session that it writes with a past expiry', async () => {
      const [written, created] = [uniqueName(), uniqueName()];
      await storage.write(written, session());
      moveClock(skew);
      await storage.write(written, session({ expiresAt: now() - 1 }));
      expect(await storage.create(created, session({ expiresAt: now() - 1 }))).toBeDefined();
      for (const id of [written, created]) expect(await storage.read(id)).toBeUndefined();
      expect(await storage.create(written, session())).toBeDefined();
    });

    it('removes no live session by a sweep', async () => {
      const id = uniqueName();
      await storage.create(id, session());
      await storage.write(uniqueName(), session({ expiresAt: now() - 120_000 }));
      moveClock(skew);
      // Redis does not sweep.
      expect((await storage.sweep?.()) ?? 1).toBe(1);
      // A write may start one.
      await storage.write(uniqueName(), session());
      jest.restoreAllMocks();
      expect(await storage.read(id)).toMatchObject({ value: 'v' });
    });
  });

  it.each(clocks)(
    'counts a short life by the server if the clock of the process is eight days %s',
    async (_c, skew) => {
      const [created, replaced] = [uniqueName(), uniqueName()];
      const version = await storage.create(replaced, session());
      moveClock(skew);
      const short = { value: 'w', expiresAt: Date.now() + 30_000, expiresIn: 30_000 };
      await storage.create(created, short);
      expect(await storage.replace(replaced, short, version)).toMatchObject({ status: 'replaced' });
      for (const id of [created, replaced]) {
        expect(await storage.read(id)).toMatchObject({ value: 'w' });
        expect(await opened.left(id)).toBeLessThanOrEqual(30_000);
      }
    },
  );

  describe.each([
    ['ahead', 50_000],
    ['behind', -50_000],
  ])('a login by a process whose clock is 50 seconds %s', (_clock, skew) => {
    it('creates a session for its owner', async () => {
      const requests = new VisitRequests(storage);
      const owner = uniqueName();
      moveClock(skew);
      const id = await requests.create(owner);
      expect(await requests.visit(id)).toBe('unchanged');
      jest.restoreAllMocks();
      expect(await requests.visit(id)).toBe('unchanged');
      expect(await storage.owners.list(`visits:${owner}`)).toHaveLength(1);
    });

    it('exchanges the id of a session', async () => {
      const requests = new VisitRequests(storage);
      const owner = uniqueName();
      const id = await requests.create();
      moveClock(skew);
      expect(await requests.visit(id, (value) => (value.owner = owner))).toBe('rotated');
      await expect(requests.visit(id)).rejects.toThrow('rotated');
      jest.restoreAllMocks();
      await expect(requests.visit(id)).rejects.toThrow('rotated');
      expect(await storage.owners.list(`visits:${owner}`)).toHaveLength(1);
    });
  });
});

describe(`the owner index on ${redisEngine}`, () => {
  let redis: Awaited<ReturnType<typeof openRedis>>;
  beforeAll(async () => {
    redis = await openRedis();
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => redis.close());

  it.each(clocks)('is dated by the server if the clock of the process is eight days %s', async (_clock, skew) => {
    const { storage, client, prefix } = redis;
    const [owner, id] = [uniqueName(), uniqueName()];
    const key = `${prefix}owner:${owner}`;
    await storage.create(id, session({ owner }));
    // Logins under way, which have not written their session yet, and one that failed.
    const others = { young: now() - 30_000, old: now() - 61_000 };
    await client.zAdd(key, [
      { score: others.young, value: 'young' },
      { score: others.old, value: 'old' },
    ]);
    moveClock(skew);
    await storage.create(uniqueName(), session({ owner }));
    await storage.touch(id, now() + HOUR);
    await storage.owners.list(owner);
    const entries = await client.zRangeWithScores(key, 0, -1);
    expect(entries.map(({ value }) => value)).toContain('young');
    expect(entries.map(({ value }) => value)).not.toContain('old');
    for (const { score } of entries) expect(Math.abs(score - now())).toBeLessThan(HOUR);
    expect(await client.pTTL(key)).toBeGreaterThan(HOUR);
  });

  it('keeps a live session whose latest expiry has passed by the slow clock of a process', async () => {
    const { storage, client, prefix } = redis;
    const [owner, id] = [uniqueName(), uniqueName()];
    await storage.create(id, session({ owner }));
    await client.del(`${prefix}owner:${owner}`);
    moveClock(-EIGHT_DAYS);
    await storage.touch(id, Date.now() + HOUR, undefined, Date.now() + 2 * HOUR);
    expect(await storage.owners.list(owner)).toMatchObject([{ id }]);
  });
});
