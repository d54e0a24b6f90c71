import { AppModule } from '../../sample/02-authentication/app.module.js';
import { AuthSession } from '../../sample/02-authentication/auth-session.js';
import { endedSession, expiredSession, sessionCookie, sessionOf } from 'nestjs-sessions/testing';
import { Browser } from '../support/browser.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

describe.each(platforms)('sample 02-authentication on $name', (platform) => {
  let running: RunningApp;

  afterEach(() => running.close());

  const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1';
  let laptop: Browser;
  let phone: Browser;

  const signIn = (browser: Browser, login = 'ada', password = 'analytical-engine') =>
    browser.submit('/login', { login, password });
  const handleOf = (text: string): string => /name="handle" value="([\w-]{43})"/.exec(text)?.[1] ?? '';

  beforeEach(async () => {
    running = await startApp(platform, { imports: [AppModule] });
    laptop = new Browser(running.url);
    phone = new Browser(running.url, PHONE);
  });

  it.each(['/', '/account'])('sends whoever is not signed in from %s to the login form', async (path) => {
    const page = await laptop.open(path);
    expect(page.path).toBe('/login');
    expect(page.text).toContain('type="password"');
    expect(laptop.cookie('auth')).toBeUndefined();
  });

  it.each([
    ['ada', 'first-compiler'],
    ['nobody', 'analytical-engine'],
    ['', ''],
  ])('refuses %j with %j, and opens no session', async (login, password) => {
    const page = await signIn(laptop, login, password);
    expect(page.path).toBe('/login?failed');
    expect(page.text).toContain('do not belong together');
    expect(laptop.cookie('auth')).toBeUndefined();
  });

  it('signs in and names the device', async () => {
    const page = await signIn(laptop);
    expect(page.path).toBe('/account');
    expect(page.text).toContain('Hello, Ada');
    expect(page.text).toContain('Signed in on this device');
    expect(page.text).toContain('Firefox on Linux');
    expect(laptop.cookie('auth')).toMatch(/^[\w-]{43}$/);
  });

  it('shows the account to a client with a session, and sends ended and expired ones to the login form', async () => {
    const ada = Object.assign(new AuthSession(), { userId: 'u1', device: 'Firefox on Linux' });
    const open = async (headers: Record<string, string>): Promise<Response> =>
      fetch(`${running.url}/account`, { headers, redirect: 'manual' });
    const shown = await open(await sessionCookie(running.app, ada));
    expect(await shown.text()).toContain('Hello, Ada');
    for (const headers of [await endedSession(running.app, ada), await expiredSession(running.app, ada)]) {
      const refused = await open(headers);
      expect([refused.status, refused.headers.get('location')]).toEqual([302, '/login']);
    }
  });

  it('keeps user and device in the session, and nothing else', async () => {
    await signIn(laptop);
    const cookie = `auth=${laptop.cookie('auth')}`;
    const session = await sessionOf(running.app, { cookie }, AuthSession);
    expect(session).toEqual({ userId: expect.any(String), device: 'Firefox on Linux' });
  });

  it('gives a new id to whoever signs in again, and ends the old one', async () => {
    await signIn(laptop);
    const old = laptop.copy();
    await signIn(laptop, 'grace', 'first-compiler');
    expect(laptop.cookie('auth')).not.toBe(old.cookie('auth'));
    expect((await laptop.open('/account')).text).toContain('Hello, Grace');
    expect((await old.open('/account')).path).toBe('/login');
  });

  it('lists the devices of one user, and of nobody else', async () => {
    await signIn(laptop);
    await signIn(phone);
    await signIn(new Browser(running.url), 'grace', 'first-compiler');
    const { text } = await laptop.open('/account');
    expect(text).toContain('Signed in on 2 devices');
    expect(text).toMatch(/Firefox on Linux<\/span>\s*<span class="badge">this device/);
    expect(text).toMatch(/Safari on iOS<\/span>\s*<\/p>/);
    expect(text).not.toContain(phone.cookie('auth'));
  });

  it('escapes what a device calls itself', async () => {
    const { text } = await signIn(new Browser(running.url, '<script>alert(1)</script>'));
    expect(text).toContain('&#60;script&#62;alert(1)');
    expect(text).not.toContain('<script>');
  });

  it('signs out one other device', async () => {
    await signIn(laptop);
    await signIn(phone);
    const page = await laptop.submit('/devices/sign-out', { handle: handleOf((await laptop.open('/account')).text) });
    expect(page.text).toContain('Signed in on this device');
    expect((await phone.open('/account')).path).toBe('/login');
    expect(phone.cookie('auth')).toBeUndefined();
  });

  it("does not sign out somebody else's device", async () => {
    const grace = new Browser(running.url);
    const [gracesPhone, adasLaptop] = [new Browser(running.url, PHONE), laptop];
    await signIn(adasLaptop);
    await signIn(grace, 'grace', 'first-compiler');
    await signIn(gracesPhone, 'grace', 'first-compiler');
    const handle = handleOf((await grace.open('/account')).text);
    expect(handle).not.toBe('');

    expect((await adasLaptop.submit('/devices/sign-out', { handle })).status).toBe(404);
    expect((await gracesPhone.open('/account')).text).toContain('Hello, Grace');
  });

  it('signs out all others', async () => {
    await signIn(laptop);
    await signIn(phone);
    expect((await laptop.submit('/devices/sign-out-others')).text).toContain('Signed in on this device');
    expect((await phone.open('/account')).path).toBe('/login');
  });

  it('signs out everywhere', async () => {
    await signIn(laptop);
    await signIn(phone);
    expect((await laptop.submit('/devices/sign-out-everywhere')).path).toBe('/login');
    expect(laptop.cookie('auth')).toBeUndefined();
    expect((await laptop.open('/account')).path).toBe('/login');
    expect((await phone.open('/account')).path).toBe('/login');
  });

  it('signs out this device: the cookie is cleared and a copy of it is worth nothing', async () => {
    await signIn(laptop);
    const thief = laptop.copy();
    expect((await laptop.submit('/logout')).path).toBe('/login');
    expect(laptop.cookie('auth')).toBeUndefined();
    expect((await thief.open('/account')).path).toBe('/login');
  });

  it('changes nothing by GET', async () => {
    await signIn(laptop);
    for (const path of ['/logout', '/devices/sign-out', '/devices/sign-out-others', '/devices/sign-out-everywhere']) {
      expect((await laptop.open(path)).status).toBe(404);
    }
    expect((await laptop.open('/account')).path).toBe('/account');
  });
});
