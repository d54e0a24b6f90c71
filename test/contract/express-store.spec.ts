import { jest } from '@jest/globals';
import { RedisStore } from 'connect-redis';
import session, { MemoryStore, Store } from 'express-session';
import { expressSessionStorage, type ExpressSessionStore } from 'nestjs-sessions/express-store';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { SessionStorageGuarded } from '../../src/storage/session-storage-guarded.js';
import { sessionStorageContract } from '../../src/testing/session-storage.contract.js';
import {
  postgresEngine,
  redisEngine,
  startPostgres,
  startRedis,
  uniqueName,
  type PostgresServer,
  type RedisServer,
} from '../support/servers.js';
import { rounds } from '../support/full-tests.js';

// Busy machines are slow.
jest.setTimeout(30_000);

// These three have no types of their own.
type StoreClass = new (options: object) => ExpressSessionStore;
type MakeStoreClass = (session: { readonly Store: typeof Store }) => StoreClass;
const require = createRequire(join(process.cwd(), 'package.json'));
const MemoryStoreOf = (require('memorystore') as MakeStoreClass)(session);
const PostgresStore = (require('connect-pg-simple') as MakeStoreClass)(session);
const FileStore = (require('session-file-store') as MakeStoreClass)(session);

const OWN = { name: 'on its own', capabilities: ['ping'] } as const;
const GUARDED = { name: 'guarded', capabilities: ['replace', 'touch', 'ping'], rounds } as const;

function contracts(store: () => ExpressSessionStore): void {
  const guarded = () => new SessionStorageGuarded(expressSessionStorage({ store: store() }));
  sessionStorageContract({ describe, it: it.concurrent }, () => ({ a: guarded() }), GUARDED);
}

describe('SessionStorageExpress on MemoryStore of express-session', () => {
  sessionStorageContract(
    { describe, it: it.concurrent },
    () => ({ a: expressSessionStorage({ store: new MemoryStore() }) }),
    OWN,
  );
  contracts(() => new MemoryStore());
});

describe('SessionStorageExpress on memorystore', () => {
  contracts(() => new MemoryStoreOf({ checkPeriod: 0 }));
});

describe('SessionStorageExpress on session-file-store', () => {
  let parent: string;
  let store: ExpressSessionStore;
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'files-'));
    store = new FileStore({ path: join(parent, 'inner'), retries: 0, reapInterval: -1, logFn: () => {} });
  });
  afterAll(() => rm(parent, { recursive: true }));

  contracts(() => store);

  it('writes no file outside its directory', async () => {
    expect(await readdir(parent)).toEqual(['inner']);
  });
});

describe(`SessionStorageExpress on connect-redis and ${redisEngine}`, () => {
  const prefix = `${uniqueName()}:`;
  let server: RedisServer;
  let client: Awaited<ReturnType<typeof connect>>;
  const connect = async () => createClient({ url: server.url }).connect();
  beforeAll(async () => {
    server = await startRedis();
    client = await connect();
  });
  afterAll(async () => {
    client.destroy();
    await server.close(prefix);
  });

  contracts(() => new RedisStore({ client, prefix }));
});

describe(`SessionStorageExpress on connect-pg-simple and ${postgresEngine}`, () => {
  const tableName = uniqueName();
  let server: PostgresServer;
  let store: ExpressSessionStore;
  beforeAll(async () => {
    server = await startPostgres();
    await server.query(
      `CREATE TABLE ${tableName} (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)`,
    );
    store = new PostgresStore({ pool: server, tableName, pruneSessionInterval: false });
  });
  afterAll(() => server.close(tableName));

  contracts(() => store);
});
