import { createPool } from 'mysql2/promise';
import type { SessionStorage } from 'nestjs-sessions';
import { mysqlSessionStorage } from 'nestjs-sessions/mysql';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { createClient } from 'redis';
import { mysqlUrl, redisEngine, startPostgres, startRedis, uniqueName } from '../support/servers.js';
import { CompiledSources, type ScriptProcess } from './compiled-sources.js';
import { INCREMENT } from '../support/increment.js';

// Busy machines are slow.
const SLOW = 120_000;

interface SharedStorage {
  readonly storage: SessionStorage;
  readonly url: string;
  close(): Promise<void>;
}

interface Engine {
  readonly name: string;
  /** Of `src`, with everything that they import. */
  readonly folders: readonly string[];
  /** Makes `storage` of `url` and `name`, in a process of its own. */
  readonly script: string;
  /** The same in this process. */
  start(name: string): Promise<SharedStorage>;
}

const redis: Engine = {
  name: redisEngine,
  folders: ['redis'],
  script: `
    import { redisSessionStorage } from './redis/index.js';
    const client = await require('redis').createClient({ url }).connect();
    const storage = redisSessionStorage({ client, prefix: name });`,
  async start(prefix) {
    const server = await startRedis();
    const client = await createClient({ url: server.url }).connect();
    const close = async (): Promise<void> => {
      client.destroy();
      await server.close(prefix);
    };
    return { storage: redisSessionStorage({ client, prefix }), url: server.url, close };
  },
};

const postgres: Engine = {
  name: 'PostgreSQL',
  folders: ['sql', 'postgres'],
  script: `
    import { postgresSessionStorage } from './postgres/index.js';
    const pool = new (require('pg').Pool)({ connectionString: url });
    const storage = postgresSessionStorage({ pool, table: name, createTable: true });`,
  async start(table) {
    const server = await startPostgres();
    const storage = postgresSessionStorage({ pool: server, table, createTable: true });
    return { storage, url: process.env['DATABASE_URL']!, close: () => server.close(table) };
  },
};

const mysql: Engine = {
  name: 'MySQL',
  folders: ['sql', 'mysql'],
  script: `
    import { mysqlSessionStorage } from './mysql/index.js';
    const pool = require('mysql2/promise').createPool({ uri: url });
    const storage = mysqlSessionStorage({ pool, table: name, createTable: true });`,
  async start(table) {
    const pool = createPool({ uri: mysqlUrl! });
    const storage = mysqlSessionStorage({ pool, table, createTable: true });
    const close = async (): Promise<void> => {
      await pool.query(`DROP TABLE IF EXISTS ${table}`);
      await pool.end();
    };
    return { storage, url: mysqlUrl!, close };
  },
};

const OPEN = `
import { createRequire } from 'node:module';
const [project, url, name] = process.argv.slice(2);
const require = createRequire(project);
const expiresAt = Date.now() + 600_000;
`;

const COUNT = `
for (let count = 0; count < 100; count++) {
${INCREMENT}
}
process.exit();
`;

/** Changes and renews the session for as long as it is there. */
const WRITE = `
for (let count = 0; ; count++) {
  const { status } = await storage.replace('written', { value: String(count), expiresAt });
  if (status === 'gone' && !(await storage.touch('written', expiresAt + count))) break;
  console.log(count);
}
process.exit();
`;

// PGlite listens on no port, so that no other process could reach it.
const engines = [redis, ...(process.env['DATABASE_URL'] ? [postgres] : []), ...(mysqlUrl === undefined ? [] : [mysql])];

describe.each(engines)('four processes on $name', ({ folders, script, start }) => {
  const name = uniqueName();
  const later = Date.now() + 600_000;
  let sources: CompiledSources;
  let shared: SharedStorage;
  beforeAll(async () => {
    sources = await CompiledSources.of('errors', 'storage', ...folders);
    shared = await start(name);
  }, SLOW);
  afterAll(async () => {
    await shared.close();
    await sources.remove();
  });

  const four = (what: string): Promise<ScriptProcess[]> =>
    Promise.all(
      [1, 2, 3, 4].map(() => sources.start(OPEN + script + what, [`${process.cwd()}/package.json`, shared.url, name])),
    );

  it(
    'count 100 increments each as 400',
    async () => {
      await shared.storage.write('counter', { value: '0', expiresAt: later });
      for (const counter of await four(COUNT)) expect([await counter.ended(), counter.output]).toEqual([0, '']);
      expect(await shared.storage.read('counter')).toMatchObject({ value: '400' });
    },
    SLOW,
  );

  it(
    'cannot bring a session back that one of them has ended',
    async () => {
      await shared.storage.write('written', { value: 'first', expiresAt: later });
      const writers = await four(WRITE);
      await Promise.all(writers.map((writer) => writer.printed(20)));
      expect(await shared.storage.invalidate('written')).toBe(true);
      for (const writer of writers) expect(await writer.ended()).toBe(0);
      expect(await shared.storage.read('written')).toBeUndefined();
    },
    SLOW,
  );
});
