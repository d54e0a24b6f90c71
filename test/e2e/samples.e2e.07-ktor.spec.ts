import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SessionTransportTransformerEncrypt } from 'nestjs-sessions/ktor';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

const KEY = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const SIGN = Buffer.from('6819b57a326945c1968f45236589', 'hex');

// The sample reads the directory from the environment once, when it is loaded.
const directory = mkdtempSync(join(tmpdir(), 'sample-ktor-'));
process.env['SESSION_DIRECTORY'] = directory;

afterAll(() => {
  delete process.env['SESSION_DIRECTORY'];
  rmSync(directory, { recursive: true, force: true });
});

describe.each(platforms)('sample 07-ktor on $name', (platform) => {
  let running: RunningApp;

  beforeAll(async () => {
    const { AppModule } = await import('../../sample/07-ktor/app.module.js');
    running = await startApp(platform, { imports: [AppModule] });
  });

  afterAll(() => running.close());

  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(running.url + path, { headers, redirect: 'manual' });
    return { status: response.status, body: await response.text(), headers: response.headers };
  };
  const cookieOf = ({ headers }: { headers: Headers }): string => headers.getSetCookie()[0]!.split(';')[0]!;
  const stored = (): string[] => {
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
    return files.filter((name) => name.endsWith('.dat')).map((name) => readFileSync(join(directory, name), 'utf8'));
  };

  it('reads and writes the client session of Ktor, signed and encrypted', async () => {
    const login = await get('/login');
    expect([login.status, login.headers.get('location')]).toEqual([302, '/user']);
    expect(login.headers.getSetCookie()[0]).toMatch(
      /; Max-Age=10; Expires=[^;]+; Path=\/; HttpOnly; \$x-enc=URI_ENCODING$/,
    );
    let cookie = cookieOf(login);
    for (const count of [0, 1, 2, 3]) {
      const encrypt = new SessionTransportTransformerEncrypt(KEY, SIGN, { weak: true });
      const value = decodeURIComponent(cookie.slice('user_session='.length));
      expect(encrypt.transformRead(value)).toBe(`{"id":"123abc","count":${count}}`);
      const answer = await get('/user', { cookie });
      expect(answer.body).toBe(`Session ID is 123abc. Reload count is ${count}.`);
      cookie = cookieOf(answer);
    }
    const logout = await get('/logout', { cookie });
    expect((await get('/user', { cookie: cookieOf(logout) })).body).toBe("Session doesn't exist or is expired.");
  });

  it('reads and writes the server session of Ktor in its directory', async () => {
    const cookie = cookieOf(await get('/cart/login'));
    expect(cookie).toMatch(/^cart_session=[0-9a-f]{64}%2F[0-9a-f]{64}$/);
    expect(stored()).toEqual(['{"userID":"123","productIDs":[1,3,7]}']);
    expect((await get('/cart', { cookie })).body).toBe('Product IDs: [1, 3, 7]');
    await get('/cart/logout', { cookie });
    expect((await get('/cart', { cookie })).body).toBe('Your basket is empty.');
    expect(stored()).toEqual([]);
  });

  it('reads and writes the id of Ktor in a header', async () => {
    const header = { cart_header: (await get('/header-cart/login')).headers.get('cart_header')! };
    expect(header.cart_header).toMatch(/^[0-9a-f]{64}\/[0-9a-f]{64}$/);
    expect(stored()).toEqual(['{"userID":"123","productIDs":[1,3,7]}']);
    expect((await get('/header-cart', header)).body).toBe('Product IDs: [1, 3, 7]');
    expect((await get('/header-cart/logout', header)).body).toBe('Successful logout');
    expect((await get('/header-cart', header)).body).toBe('Your basket is empty.');
  });
});
