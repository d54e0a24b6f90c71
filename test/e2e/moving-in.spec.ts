import type { DynamicModule } from '@nestjs/common';
import { RedisStore } from 'connect-redis';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { createClient } from 'redis';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { startRedis, uniqueName, type RedisServer } from '../support/servers.js';
import { Visitor } from './migrate-support.js';
import { AuthController } from './moving-in/auth.controller.js';
import { bothForms } from './moving-in/both.js';
import { moved } from './moving-in/done.js';
import { oldApplication } from './moving-in/old-application.js';
import { ourForm } from './moving-in/ours.js';

const SECRET = 'the secret of the old application';

/** The `ts` blocks of a page. */
function blocksOf(page: string): string[] {
  const text = readFileSync(join(process.cwd(), 'docs', page), 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
}

describe.each(platforms)('docs/moving-in.md, on $name', (platform) => {
  let redis: RedisServer;
  let client: ReturnType<typeof createClient>;
  let server: Server;
  const prefix = uniqueName();
  const running: RunningApp[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    client = createClient({ url: redis.url });
    await client.connect();
  });

  afterAll(async () => {
    await Promise.all(running.map((app) => app.close()));
    server.closeAllConnections();
    server.close();
    client.destroy();
    await redis.close(prefix);
  });

  it('migrates from express-session without signing users out', async () => {
    process.env['SESSION_KEY'] = 'nYGsFcc00jhhvbMCJciipsoP5sb_3RA_U6tZA6IPhFY';
    const store = new RedisStore({ client, prefix: `${prefix}:old:` });
    const storage = redisSessionStorage({ client, prefix: `${prefix}:new:` });
    const start = async (sessions: DynamicModule): Promise<string> => {
      const app = await startApp(platform, { imports: [sessions], controllers: [AuthController] });
      running.push(app);
      return app.url;
    };
    // Before: only the old application.
    server = createServer(oldApplication(store, SECRET));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const old = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const [ada, bob, eve] = [new Visitor(), new Visitor(), new Visitor()];
    await ada.post(`${old}/login`, { user: 'ada' });
    await bob.post(`${old}/login`, { user: 'bob' });
    let visits = 0;
    const visit = async (...bases: readonly string[]): Promise<void> => {
      for (const base of bases) expect(await ada.get(`${base}/visit`)).toEqual({ userId: 'ada', visits: ++visits });
    };
    await visit(old);
    // Step 2: both forms, process by process, and a rollback.
    const both = await start(bothForms(storage, store, SECRET));
    await visit(both, old, both, old, old, both);
    await eve.post(`${both}/login`, { user: 'eve' });
    expect(await eve.get(`${old}/visit`)).toMatchObject({ userId: 'eve' });
    // Step 3: the new form, process by process.
    const ours = await start(ourForm(storage, store, SECRET));
    await visit(ours, both, ours, both, ours);
    expect(await bob.get(`${ours}/visit`)).toMatchObject({ userId: 'bob' });
    // Step 4: the migration is complete.
    const done = await start(moved(storage));
    await visit(done, ours, done);
    expect(await bob.get(`${done}/visit`)).toMatchObject({ userId: 'bob' });
    expect([...ada.cookies.keys()]).toEqual(['auth']);
    await ada.post(`${done}/logout`);
    expect(await ada.get(`${done}/visit`)).toEqual({ visits: 1 });
  });
});

it.each([
  ['moving-in.md', 'moving-in'],
  ['passport.md', 'passport-doc'],
])('docs/%s shows the code that its test runs', (page, folder) => {
  const files = readdirSync(join(process.cwd(), 'test/e2e', folder));
  const texts = files.map((file) => readFileSync(join(process.cwd(), 'test/e2e', folder, file), 'utf8'));
  const blocks = blocksOf(page);
  expect(blocks.length).toBeGreaterThan(0);
  for (const block of blocks) expect(texts).toContain(block);
});
