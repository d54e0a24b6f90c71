import { Store as FastifyStore } from '@fastify/session';
import type { INestApplication } from '@nestjs/common';
import { MongoStore } from 'connect-mongo';
import { RedisStore } from 'connect-redis';
import expressSessionMiddleware from 'express-session';
import { MongoClient } from 'mongodb';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { SessionStorageMemory, SessionsModule, SessionsService, type SessionEvent } from 'nestjs-sessions';
import type { SessionSource } from 'nestjs-sessions/core';
import {
  cookieSession,
  expressSession,
  fastifySecureSession,
  fastifySession,
  ironSession,
} from 'nestjs-sessions/migrate';
import { createClient } from 'redis';
import { platforms, startApp, type Platform, type RunningApp } from '../support/platforms.js';
import { fullTests } from '../support/full-tests.js';
import { startMongo, type MongoServer } from '../support/mongo.js';
import { startPostgres, startRedis, uniqueName, type PostgresServer, type RedisServer } from '../support/servers.js';
import {
  AuthController,
  AuthSession,
  SECRET,
  startCookieSession,
  startExpressSession,
  startFastifySession,
  startIronSession,
  startSecureSession,
  toAuthSession,
  Visitor,
  type OldApplication,
  type OldContent,
} from './migrate-support.js';

const KEY = randomBytes(32);
// A source derives a key from its secret in half a second.
const slow = '@fastify/secure-session with a secret';
const [express, fastify] = platforms as readonly [Platform, Platform];

type StoreClass = new (options: object) => expressSessionMiddleware.Store;
// Neither has types that compile.
const require = createRequire(import.meta.url);
const connectPgSimple = require('connect-pg-simple') as (session: object) => StoreClass;
const createMemoryStore = require('memorystore') as (session: object) => StoreClass;

interface Mapping {
  readonly map: (old: OldContent) => AuthSession | undefined;
  readonly alsoWrite?: boolean;
}

/** An old application, and the source of its sessions for the new one. */
interface Old {
  readonly cookies: readonly string[];
  /** Whether the old sessions are in a store, so that they can be ended. */
  readonly isById?: true;
  start(): Promise<{ readonly app: OldApplication; source(mapping: Mapping): SessionSource<AuthSession> }>;
}

let redis: RedisServer;
let postgres: PostgresServer;
let client: ReturnType<typeof createClient>;
let mongoServer: MongoServer;
let mongo: MongoClient;
const [prefix, table] = [uniqueName(), uniqueName()];

async function startPgStore(): Promise<expressSessionMiddleware.Store> {
  await postgres.query(
    `CREATE TABLE IF NOT EXISTS ${table} ("sid" varchar NOT NULL PRIMARY KEY, "sess" json NOT NULL, ` +
      '"expire" timestamp(6) NOT NULL)',
  );
  const PgStore = connectPgSimple(expressSessionMiddleware);
  return new PgStore({ pool: postgres, tableName: table, pruneSessionInterval: false });
}

const olds: Record<string, Old> = {
  'express-session, connect-redis': {
    cookies: ['connect.sid'],
    isById: true,
    start: async () => {
      const store = new RedisStore({ client, prefix });
      return {
        app: await startExpressSession(store),
        source: (mapping) => expressSession({ secret: SECRET, store, ...mapping }),
      };
    },
  },
  'express-session, connect-pg-simple, two secrets': {
    cookies: ['connect.sid'],
    isById: true,
    start: async () => {
      const store = await startPgStore();
      return {
        app: await startExpressSession(store, ['an older secret', SECRET]),
        source: (mapping) => expressSession({ secret: [SECRET, 'an older secret'], store, ...mapping }),
      };
    },
  },
  'express-session, connect-mongo': {
    cookies: ['connect.sid'],
    isById: true,
    start: async () => {
      const store = MongoStore.create({ client: mongo, collectionName: prefix });
      return {
        app: await startExpressSession(store),
        source: (mapping) => expressSession({ secret: SECRET, store, ...mapping }),
      };
    },
  },
  'express-session, memorystore': {
    cookies: ['connect.sid'],
    isById: true,
    start: async () => {
      const store = new (createMemoryStore(expressSessionMiddleware))({});
      return {
        app: await startExpressSession(store),
        source: (mapping) => expressSession({ secret: SECRET, store, ...mapping }),
      };
    },
  },
  '@fastify/session': {
    cookies: ['sessionId'],
    isById: true,
    start: async () => {
      const store = new (FastifyStore as unknown as new () => expressSessionMiddleware.Store)();
      return {
        app: await startFastifySession(store),
        source: (mapping) => fastifySession({ secret: SECRET, store, ...mapping }),
      };
    },
  },
  '@fastify/session with a prefix, several secrets and connect-redis': {
    cookies: ['sid'],
    isById: true,
    start: async () => {
      const store = new RedisStore({ client, prefix });
      const options = { cookieName: 'sid', cookiePrefix: 's:' };
      // In the same order: @fastify/session clears a cookie that is not signed with the first secret.
      const secrets = ['an older secret of 32 bytes, surely', SECRET];
      return {
        app: await startFastifySession(store, { ...options, secret: secrets }),
        source: (mapping) =>
          fastifySession({
            ...options,
            secret: secrets,
            store,
            ...mapping,
          }),
      };
    },
  },
  'cookie-session': {
    cookies: ['session', 'session.sig'],
    start: async () => ({
      app: await startCookieSession(['older', SECRET]),
      source: (mapping) => cookieSession({ keys: [SECRET, 'older'], ...mapping }),
    }),
  },
  '@fastify/secure-session with a rotated key': {
    cookies: ['session'],
    start: async () => {
      const older = randomBytes(32);
      return {
        app: await startSecureSession({ key: [older, KEY] }),
        source: (mapping) => fastifySecureSession({ key: [KEY, older], ...mapping }),
      };
    },
  },
  [slow]: {
    cookies: ['session'],
    start: async () => ({
      app: await startSecureSession({ secret: SECRET, salt: 'sixteen letters!' }),
      source: (mapping) => fastifySecureSession({ secret: SECRET, salt: 'sixteen letters!', ...mapping }),
    }),
  },
  'iron-session 8': {
    cookies: ['iron'],
    start: async () => ({
      app: await startIronSession(8),
      source: (mapping) => ironSession({ password: SECRET, cookieName: 'iron', ...mapping }),
    }),
  },
  'iron-session 9 with a map of passwords': {
    cookies: ['iron'],
    start: async () => {
      const password = { 1: 'the first password of the two, 32 letters', 2: SECRET };
      return {
        app: await startIronSession(9, password),
        source: (mapping) => ironSession({ password, cookieName: 'iron', ...mapping }),
      };
    },
  },
};

beforeAll(async () => {
  [redis, postgres, mongoServer] = await Promise.all([startRedis(), startPostgres(), startMongo()]);
  client = createClient({ url: redis.url });
  await client.connect();
  mongo = await MongoClient.connect(mongoServer.url, { serverApi: '1' });
});

afterAll(async () => {
  client?.destroy();
  await mongo?.close();
  await mongoServer?.close();
  await redis?.close(prefix);
  await postgres?.close(table);
});

const trackers = [
  ['by-id', express],
  ['by-value', fastify],
] as const;

describe.each(Object.entries(olds))('moving from %s', (name, { cookies, isById, start }) => {
  let old: OldApplication;
  let source: (mapping: Mapping) => SessionSource<AuthSession>;
  let storage: SessionStorageMemory;
  const running: RunningApp[] = [];

  beforeAll(async () => {
    const started = await start();
    old = started.app;
    source = started.source;
  });
  afterAll(() => old.close());

  beforeEach(() => {
    storage = new SessionStorageMemory();
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((app) => app.close()));
    await storage.close();
  });

  async function startNew(
    platform: Platform,
    tracker: 'by-id' | 'by-value',
    mapping: Partial<Mapping> = {},
    events: SessionEvent[] = [],
  ): Promise<{ url: string; app: INestApplication }> {
    const from = source({ map: toAuthSession, ...mapping });
    const app = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          keys: ['j8-5RijkWoSrFak8icqpDJ7sjwon_VxtoB6y-Q2ehB4'],
          sessions: [{ type: AuthSession, from, tracker, ...(tracker === 'by-id' ? { storage } : {}) }],
          onEvent: (event) => events.push(event),
        }),
      ],
      controllers: [AuthController],
    });
    running.push(app);
    return app;
  }

  const some = name === slow && !fullTests ? trackers.slice(1) : trackers;
  describe.each(some)('to a session %s', (tracker, platform) => {
    it('keeps the visitor signed in, sends the new cookie and clears the old ones', async () => {
      const { url } = await startNew(platform, tracker);
      const visitor = new Visitor();
      await visitor.post(`${old.url}/login`, { user: 'ada' });
      await visitor.post(`${old.url}/bump`);
      expect([...visitor.cookies.keys()].sort()).toEqual([...cookies].sort());
      expect(await visitor.get(`${url}/me`)).toMatchObject({ userId: 'ada', n: 1 });
      expect([...visitor.cookies.keys()]).toEqual(['auth']);
      expect(await visitor.post(`${url}/bump`)).toMatchObject({ userId: 'ada', n: 2 });
      await visitor.post(`${url}/logout`);
      expect(await visitor.get(`${url}/me`)).toEqual({});
      expect(visitor.cookies.size).toBe(0);
    });

    it('refuses every changed byte of the old cookies', async () => {
      const events: SessionEvent[] = [];
      const { url } = await startNew(platform, tracker, {}, events);
      const visitor = new Visitor();
      await visitor.post(`${old.url}/login`, { user: 'ada' });
      for (const name of cookies) {
        const value = visitor.cookies.get(name)!;
        const step = Math.ceil(value.length / (fullTests ? 40 : 8));
        for (let index = 0; index < value.length; index += step) {
          // The last base64 character may have unused bits.
          if (/^(?:%3D|=|;|$)/.test(value.slice(index + 1))) continue;
          const forger = visitor.copy();
          const other = value[index] === 'A' ? 'B' : 'A';
          forger.cookies.set(name, value.slice(0, index) + other + value.slice(index + 1));
          const seen = await forger.get(`${url}/me`);
          if (seen.userId !== undefined) throw new Error(`${name}, byte ${index} of ${value.length}: ${value}`);
        }
      }
      expect(events.filter(({ type }) => type === 'loaded')).toEqual([]);
    });

    // Each application of the tests below would derive the key anew.
    if (name === slow && !fullTests) return;

    it('treats a visitor as anonymous if map refuses the session or throws', async () => {
      const mappings = [
        () => undefined,
        () => {
          throw new Error('no such user');
        },
      ];
      for (const map of mappings) {
        const { url } = await startNew(platform, tracker, { map });
        const visitor = new Visitor();
        await visitor.post(`${old.url}/login`, { user: 'ada' });
        expect(await visitor.get(`${url}/me`)).toEqual({});
        expect(visitor.cookies.size).toBe(0);
      }
    });

    it('keeps one visitor signed in while old and new processes alternate', async () => {
      const turns = fullTests ? 100 : 20;
      const { url } = await startNew(platform, tracker, { alsoWrite: true });
      const visitor = new Visitor();
      await visitor.post(`${old.url}/login`, { user: 'ada' });
      for (let turn = 1; turn <= turns; turn++) {
        const base = turn % 2 === 0 ? old.url : url;
        expect(await visitor.post(`${base}/bump`)).toMatchObject({ userId: 'ada', n: turn });
      }
      expect(await visitor.get(`${old.url}/me`)).toEqual({ userId: 'ada', n: turns, cart: ['book'] });
      expect(visitor.cookies.has('auth')).toBe(true);
    });

    it('ends both forms when the visitor signs out on either side', async () => {
      const { url } = await startNew(platform, tracker, { alsoWrite: true });
      for (const [place, other] of [
        [old.url, url],
        [url, old.url],
      ] as const) {
        const visitor = new Visitor();
        await visitor.post(`${old.url}/login`, { user: 'ada' });
        await visitor.post(`${url}/bump`);
        const copy = visitor.copy();
        await visitor.post(`${place}/logout`);
        expect(await visitor.get(`${other}/me`)).not.toHaveProperty('userId');
        expect(await visitor.get(`${place}/me`)).not.toHaveProperty('userId');
        if (isById) expect(await copy.get(`${url}/me`)).not.toHaveProperty('userId');
      }
    });

    it('accepts a login on either side', async () => {
      const { url } = await startNew(platform, tracker, { alsoWrite: true });
      const visitor = new Visitor();
      await visitor.post(`${url}/login`, { user: 'ada' });
      await visitor.post(`${url}/theme`);
      expect(await visitor.get(`${old.url}/me`)).toEqual({ userId: 'ada', n: 0 });
      await visitor.post(`${old.url}/bump`);
      // Fields unknown to the old code are kept.
      expect(await visitor.get(`${url}/me`)).toEqual({ userId: 'ada', n: 1, theme: 'dark' });
      await visitor.post(`${old.url}/login`, { user: 'bob' });
      expect(await visitor.get(`${url}/me`)).toMatchObject({ userId: 'bob', n: 0 });
      await visitor.post(`${url}/login`, { user: 'eve' });
      expect(await visitor.get(`${old.url}/me`)).toMatchObject({ userId: 'eve' });
    });

    it('does not change a session that map refuses while the old code still uses it', async () => {
      const { url } = await startNew(platform, tracker, { alsoWrite: true, map: () => undefined });
      const visitor = new Visitor();
      await visitor.post(`${old.url}/login`, { user: 'ada' });
      expect(await visitor.get(`${url}/me`)).toEqual({});
      expect(await visitor.get(`${old.url}/me`)).toMatchObject({ userId: 'ada' });
    });

    it('keeps users signed in while alsoWrite is switched off, process by process', async () => {
      const [on, off] = [
        await startNew(platform, tracker, { alsoWrite: true }),
        await startNew(platform === express ? fastify : express, tracker),
      ];
      const visitor = new Visitor();
      await visitor.post(`${on.url}/login`, { user: 'ada' });
      for (let turn = 1; turn <= 10; turn++) {
        const { url } = turn % 2 === 0 ? on : off;
        expect(await visitor.post(`${url}/bump`)).toMatchObject({ userId: 'ada', n: turn });
      }
      const other = new Visitor();
      await other.post(`${off.url}/login`, { user: 'bob' });
      expect(await other.get(`${on.url}/me`)).toMatchObject({ userId: 'bob' });
    });
  });

  it('also ends the old form when the sessions of an owner are revoked', async () => {
    const { url, app } = await startNew(express, 'by-id', { alsoWrite: true });
    const visitor = new Visitor();
    await visitor.post(`${url}/login`, { user: 'ada' });
    const copy = visitor.copy();
    copy.cookies.delete('auth');
    await app.get(SessionsService).revokeAll(AuthSession, 'ada');
    expect(await visitor.get(`${url}/me`)).toEqual({});
    // A client with only the old cookie has no new session; with a store, it has no session.
    expect(await copy.get(`${url}/me`)).toEqual({});
    if (isById) expect(await copy.get(`${old.url}/me`)).toEqual({});
  });
});
