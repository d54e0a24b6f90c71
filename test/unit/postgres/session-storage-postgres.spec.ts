import { EventEmitter } from 'node:events';
import {
  postgresSessionStorage,
  postgresSessionTable,
  type PostgresPool,
  type SessionStoragePostgres,
} from 'nestjs-sessions/postgres';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import type { SessionStorage } from '../../../src/storage/session-storage.js';
import { hashSessionId } from '../../../src/tracker/session-id-provider.js';
import { postgresEngine, startPostgres, uniqueName, type PostgresServer } from '../../support/servers.js';
import { VisitRequests } from '../../support/visits.js';

describe(`SessionStoragePostgres on ${postgresEngine}`, () => {
  const name = uniqueName();
  let server: PostgresServer;
  let tables = 0;
  const freshTable = (): string => `${name}_${tables++}`;
  const session = { value: 'v', expiresAt: Date.now() + 600_000 };

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close(name));

  it('names the statements that create a missing table, and works after they were run', async () => {
    const table = freshTable();
    const storage = postgresSessionStorage({ pool: server, table });
    for (const call of [storage.read('a'), storage.write('a', session), storage.ping(), storage.sweep()]) {
      await expect(call).rejects.toThrow(SessionConfigurationError);
    }
    const said = await storage.read('a').catch((error: Error) => error.message);
    expect(said).toContain('createTable: true');
    expect(said).toContain(`or run:\n${postgresSessionTable(table)}`);
    for (const statement of postgresSessionTable(table).split(';\n').filter(Boolean)) await server.query(statement);
    await storage.ping();
    await storage.write('a', session);
    expect(await storage.read('a')).toMatchObject({ value: 'v' });
  });

  it('creates the table once for concurrent calls', async () => {
    const table = freshTable();
    const storages = Array.from({ length: 8 }, () =>
      postgresSessionStorage({ pool: server, table, createTable: true }),
    );
    await Promise.all(storages.map((storage, index) => storage.write(`id${index}`, session)));
    await expect(storages[0]!.read('id7')).resolves.toMatchObject({ value: 'v' });
  });

  it('accepts a name with a schema, and one that needs quotes', async () => {
    for (const table of [`public.${freshTable()}`, `${freshTable()}-Order$`]) {
      const storage = postgresSessionStorage({ pool: server, table, createTable: true });
      await storage.write('a', session);
      expect(await storage.read('a')).toMatchObject({ value: 'v' });
    }
  });

  it('does not index the moment of expiry, so that a touch is a heap-only update', async () => {
    const table = freshTable();
    await postgresSessionStorage({ pool: server, table, createTable: true }).ping();
    const indexes = 'SELECT indexdef FROM pg_indexes WHERE tablename = $1 ORDER BY indexname';
    const { rows } = await server.query(indexes, [table]);
    expect(rows.map(({ indexdef }) => indexdef.split(' USING ')[1])).toEqual([
      'btree (expires_hour)',
      'btree (owner) WHERE (owner IS NOT NULL)',
      'btree (id)',
    ]);
  });

  it('stores owners that PostgreSQL would reject', async () => {
    const storage = postgresSessionStorage({ pool: server, table: freshTable(), createTable: true });
    const owners = ['a\0', 'a\ud800', 'a\ufffd', 'a\\u0000', 'a'];
    for (const owner of owners) await storage.write(`of ${owners.indexOf(owner)}`, { ...session, owner });
    for (const owner of owners) {
      expect(await storage.owners.list(owner)).toMatchObject([
        { id: `of ${owners.indexOf(owner)}`, session: { owner } },
      ]);
    }
  });

  it.each<[string, (rows: unknown[], text: string) => unknown]>([
    ['rows alone, as Prisma', (rows) => rows],
    [
      'rows, with their number after a change, as TypeORM',
      (rows, text) => (text.startsWith('SELECT') ? rows : [rows, rows.length]),
    ],
    ['an object, as pg', (rows) => ({ rows })],
  ])('accepts a function that returns %s', async (_name, shape) => {
    const storage = postgresSessionStorage({
      pool: async (text, values) => shape((await server.query(text, values)).rows, text),
      table: freshTable(),
      createTable: true,
    });
    const version = await storage.write('a', { ...session, owner: 'u' });
    expect(await storage.replace('a', session, version)).toMatchObject({ status: 'replaced' });
    expect(await storage.replace('a', session, version)).toMatchObject({ status: 'conflict' });
    expect(await storage.touch('a', Date.now() + 900_000)).toBe(true);
    expect(await storage.owners.list('u')).toHaveLength(1);
    expect(await storage.invalidate('a')).toBe(true);
    expect(await storage.invalidate('a')).toBe(false);
  });

  it('rejects a function that returns no rows', async () => {
    const storage: SessionStorage = postgresSessionStorage({ pool: async () => undefined });
    await expect(storage.read('a')).rejects.toThrow(SessionConfigurationError);
  });

  class Wrong {}
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    ['postgres://user:secret@host/db', 'string'],
    [{}, 'an object without query'],
    [new Wrong(), 'an instance of Wrong without query'],
  ])('rejects %p as its pool, with what was found', (pool, found) => {
    const make = (): unknown => postgresSessionStorage({ pool: pool as PostgresPool });
    expect(make).toThrow(SessionConfigurationError);
    expect(make).toThrow(`Found: ${found}.`);
    expect(make).not.toThrow('secret');
  });

  describe('statements for one request', () => {
    let statements: string[] = [];
    let storage: SessionStoragePostgres;
    let requests: VisitRequests;
    beforeAll(async () => {
      const pool = {
        query: (text: string, values: unknown[]) => {
          statements.push(text.split(' ')[0]!);
          return server.query(text, values);
        },
      };
      storage = postgresSessionStorage({ pool, table: freshTable(), createTable: true });
      requests = new VisitRequests(storage);
      await requests.create();
    });

    async function during(run: () => Promise<unknown>): Promise<string[]> {
      statements = [];
      await run();
      return statements;
    }

    it('are one SELECT for a read', async () => {
      const id = await requests.create();
      expect(await during(() => requests.visit(id))).toEqual(['SELECT']);
    });

    it('are a SELECT and an UPDATE for a change or a renewal', async () => {
      const id = await requests.create('u');
      expect(await during(() => requests.visit(id, (value) => value.count++))).toEqual(['SELECT', 'UPDATE']);
      requests.ahead = 1_800_000;
      const renewal = await during(() => requests.visit(id));
      requests.ahead = 0;
      expect(renewal).toEqual(['SELECT', 'UPDATE']);
    });

    it('are one INSERT for a new session, and one UPDATE for its end', async () => {
      const id = await requests.create('u');
      expect(await during(() => requests.create())).toEqual(['INSERT']);
      // With an owner it is pending first, and confirmed.
      expect(await during(() => requests.create('u'))).toEqual(['INSERT', 'UPDATE']);
      expect(await during(() => storage.invalidate(hashSessionId(id)))).toEqual(['UPDATE']);
    });

    it('are a SELECT, an INSERT and two UPDATEs for a login', async () => {
      const id = await requests.create();
      const login = (): Promise<string> => requests.visit(id, (value) => (value.owner = 'u'));
      expect(await during(login)).toEqual(['SELECT', 'INSERT', 'UPDATE', 'UPDATE']);
    });
  });
});

describe('A pool of pg', () => {
  const poolWith = () => Object.assign(new EventEmitter(), { query: async () => ({ rows: [] }) });

  it('gets a listener for errors of idle connections if it has none', () => {
    const pool = poolWith();
    postgresSessionStorage({ pool });
    expect(() => pool.emit('error', new Error('terminating connection'))).not.toThrow();
  });

  it('keeps only the listener of the application', () => {
    const pool = poolWith();
    pool.on('error', () => undefined);
    postgresSessionStorage({ pool });
    expect(pool.listenerCount('error')).toBe(1);
  });
});
