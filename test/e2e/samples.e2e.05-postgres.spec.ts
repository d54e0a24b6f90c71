import { jest } from '@jest/globals';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import { AppModule } from '../../sample/05-postgres/app.module.js';
import { PostgresConnection } from '../../sample/05-postgres/postgres-connection.js';
import { ask, type Answer } from '../support/client.js';
import { fullTests } from '../support/full-tests.js';
import { platforms, startApp, type Platform } from '../support/platforms.js';
import { startPostgres, uniqueName, type PostgresServer } from '../support/servers.js';

// PGlite takes a second or two to start, and more on a busy machine.
jest.setTimeout(60_000);

const { DATABASE_URL } = process.env;

function useDatabase(url: string | undefined): void {
  if (url === undefined) delete process.env['DATABASE_URL'];
  else process.env['DATABASE_URL'] = url;
}

const add = (url: string, product: string, cookie?: string): Promise<Answer> =>
  ask(`${url}/cart`, {
    cookie,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ product }),
  });
const show = async (url: string, cookie: string): Promise<unknown> => (await ask(`${url}/cart`, { cookie })).json();
const cookieOf = (answer: Answer): string => answer.cookie('postgres_cart');

/** An application on the test's database, because a PGlite cannot be opened twice. */
async function startOn(pool: PostgresServer, platform: Platform): Promise<{ url: string; close(): Promise<void> }> {
  const testing = Test.createTestingModule({ imports: [AppModule] });
  const module = await testing.overrideProvider(PostgresConnection).useValue({ pool }).compile();
  const app = module.createNestApplication(platform.adapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => app.close() };
}

describe.each(platforms)('sample 05-postgres on $name', (platform) => {
  const table = uniqueName();
  let server: PostgresServer;
  const running: Array<{ close(): Promise<void> }> = [];
  let one: string;
  let two: string;

  beforeAll(async () => {
    server = await startPostgres();
    process.env['SESSIONS_TABLE'] = table;
    for (let count = 0; count < 2; count++) {
      const app = await startOn(server, platform);
      running.push(app);
      [one, two] = [two, app.url];
    }
  });

  afterAll(async () => {
    delete process.env['SESSIONS_TABLE'];
    for (const app of running) await app.close();
    await server.close(table);
  });

  it('shows a cart of one application at the other', async () => {
    const cookie = cookieOf(await add(one, 'tea'));
    expect(await show(two, cookie)).toEqual({ tea: 1 });
    expect(await show(two, 'postgres_cart=unknown')).toEqual({});
  });

  it('loses no parallel change of both applications', async () => {
    const cookie = cookieOf(await add(one, 'tea'));
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => add(index % 2 ? one : two, index < 4 ? 'tea' : 'pot', cookie)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201));
    expect(await show(one, cookie)).toEqual({ tea: 5, pot: 4 });
  });

  it('ends a cart for both applications', async () => {
    const cookie = cookieOf(await add(one, 'tea'));
    expect((await ask(`${one}/cart`, { method: 'DELETE', cookie })).status).toBe(204);
    expect(await show(two, cookie)).toEqual({});
  });

  it.each(['', 'gold', '__proto__'])('refuses the product %j, and creates no session', async (product) => {
    const answer = await add(one, product);
    expect(answer.status).toBe(400);
    expect(answer.setCookies).toEqual([]);
  });
});

// A new database takes 4 s of processor time.
const some = fullTests ? platforms : platforms.slice(0, 1);

describe.each(some)('sample 05-postgres with an embedded database on $name', (platform) => {
  const table = uniqueName();

  afterEach(async () => {
    delete process.env['SESSIONS_TABLE'];
    useDatabase(DATABASE_URL);
    if (DATABASE_URL) await (await startPostgres()).close(table);
  });

  it.each([...new Set([DATABASE_URL, undefined])].map((url) => ({ name: url ? 'DATABASE_URL' : 'PGlite', url })))(
    'keeps a cart on $name, and closes it with the application',
    async ({ url }) => {
      useDatabase(url);
      process.env['SESSIONS_TABLE'] = table;
      const running = await startApp(platform, { imports: [AppModule] });
      const { pool } = running.app.get(PostgresConnection);
      const cookie = cookieOf(await add(running.url, 'cup'));
      expect(await show(running.url, cookie)).toEqual({ cup: 1 });

      await running.close();
      await expect((async () => pool.query('SELECT 1', []))()).rejects.toThrow(/closed|after calling end/);
    },
  );
});
