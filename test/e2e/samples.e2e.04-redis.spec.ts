import { once } from 'node:events';
import { connect } from 'node:net';
import { AppModule } from '../../sample/04-redis/app.module.js';
import { RedisConnection } from '../../sample/04-redis/redis-connection.js';
import { Browser } from '../support/browser.js';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { startRedis, uniqueName, type RedisServer } from '../support/servers.js';

const { REDIS_URL } = process.env;

function setOrDelete(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

describe.each(platforms)('sample 04-redis on $name', (platform) => {
  const prefix = uniqueName();
  let server: RedisServer;
  let one: RunningApp;
  let two: RunningApp;
  let laptop: Browser;

  beforeAll(async () => {
    server = await startRedis();
    process.env['REDIS_PREFIX'] = prefix;
    process.env['REDIS_URL'] = server.url;
    one = await startApp(platform, { imports: [AppModule] });
    two = await startApp(platform, { imports: [AppModule] });
  });

  afterAll(async () => {
    delete process.env['REDIS_PREFIX'];
    setOrDelete('REDIS_URL', REDIS_URL);
    await one.close();
    await two.close();
    await server.close(prefix);
  });

  let user: string;

  beforeEach(async () => {
    user = uniqueName();
    laptop = new Browser(one.url);
    await laptop.submit('/sign-in', { user, device: 'Laptop' });
  });

  const signedIn = async (browser: Browser): Promise<boolean> =>
    (await browser.open('/')).text.includes(`Hello, ${user}`);
  /** The page of the second application for a cookie of the first. */
  const shownByTwo = async (cookie: string): Promise<string> =>
    (await ask(`${two.url}/`, { cookie: `device=${cookie}` })).text;
  const handleOf = (text: string, device: string): string =>
    new RegExp(`<b>${device}</b>[^<]*<input type="hidden" name="handle" value="([\\w-]{43})"`).exec(text)?.[1] ?? '';

  it('signs in at one application and is signed in at the other', async () => {
    expect(await shownByTwo(laptop.cookie('device')!)).toMatch(/<b>Laptop<\/b> \(this device\)/);
    expect(await signedIn(new Browser(two.url))).toBe(false);
  });

  it('lists the devices of the user from both applications', async () => {
    await new Browser(two.url).submit('/sign-in', { user, device: 'Phone' });
    await new Browser(two.url).submit('/sign-in', { user: uniqueName(), device: 'Tablet' });
    const { text } = await laptop.open('/');
    expect(text).toMatch(/<b>Laptop<\/b> \(this device\)/);
    expect(text).toMatch(/<b>Phone<\/b>, since/);
    expect(text).not.toContain('Tablet');
  });

  it('signs out one device that signed in at the other application', async () => {
    const phone = new Browser(two.url);
    const { text } = await phone.submit('/sign-in', { user, device: 'Phone' });
    await laptop.submit('/sign-out', { handle: handleOf(text, 'Phone') });
    expect(await signedIn(phone)).toBe(false);
    expect(await signedIn(laptop)).toBe(true);
  });

  it('does not sign out the device of another user', async () => {
    const stranger = new Browser(two.url);
    await stranger.submit('/sign-in', { user: uniqueName(), device: 'Tablet' });
    const handle = handleOf((await laptop.open('/')).text, 'Laptop');
    expect((await stranger.submit('/sign-out', { handle })).status).toBe(404);
    expect(await signedIn(laptop)).toBe(true);
  });

  it('signs out this device', async () => {
    const cookie = laptop.cookie('device')!;
    await laptop.submit('/sign-out', { handle: handleOf((await laptop.open('/')).text, 'Laptop') });
    expect(await signedIn(laptop)).toBe(false);
    expect(laptop.cookie('device')).toBeUndefined();
    expect(await shownByTwo(cookie)).toContain('<h1>Sign in</h1>');
  });

  it('signs out everywhere, at both applications', async () => {
    const phone = new Browser(two.url);
    await phone.submit('/sign-in', { user, device: 'Phone' });
    const cookie = laptop.cookie('device')!;
    expect(await signedIn(phone)).toBe(true);

    expect((await laptop.submit('/sign-out-everywhere')).text).toContain('Sign in');
    expect(laptop.cookie('device')).toBeUndefined();
    expect(await signedIn(phone)).toBe(false);
    expect(await shownByTwo(cookie)).toContain('<h1>Sign in</h1>');
  });

  it('escapes user names and device names', async () => {
    const { text } = await new Browser(one.url).submit('/sign-in', { user: `<b>${user}`, device: '<script>' });
    expect(text).toContain(`&#60;b&#62;${user}`);
    expect(text).not.toContain('<script');
  });
});

describe('sample 04-redis without REDIS_URL', () => {
  beforeAll(() => setOrDelete('REDIS_URL', undefined));
  afterAll(() => setOrDelete('REDIS_URL', REDIS_URL));

  it.each(platforms)('runs on an embedded server, which ends with the application, on $name', async (platform) => {
    const running = await startApp(platform, { imports: [AppModule] });
    const { embedded, url } = running.app.get(RedisConnection);
    expect(embedded).toBeDefined();
    const page = await new Browser(running.url).submit('/sign-in', { user: 'Ada', device: 'Laptop' });
    expect(page.text).toContain('Hello, Ada');

    await running.close();
    const { hostname, port } = new URL(url);
    await expect(once(connect(Number(port), hostname), 'connect')).rejects.toThrow('ECONNREFUSED');
  });
});
