import { jest } from '@jest/globals';
import { AppModule } from '../../sample/02-authentication/app.module.js';
import { AuthSession } from '../../sample/02-authentication/auth-session.js';
import { endedSession, expiredSession, sessionCookie, sessionOf } from 'nestjs-sessions/testing';
import { Browser } from '../support/browser.js';
import { Chromium, chromiumPath } from '../support/chromium.js';
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

  it.each(['/', '/account'])('redirects visitors who are not signed in from %s to the login form', async (path) => {
    const page = await laptop.open(path);
    expect(page.path).toBe('/login');
    expect(page.text).toContain('type="password"');
    expect(laptop.cookie('auth')).toBeUndefined();
  });

  it.each([
    ['ada', 'first-compiler'],
    ['nobody', 'analytical-engine'],
    ['', ''],
  ])('refuses %j with %j, and creates no session', async (login, password) => {
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

  it('stores only user and device in the session', async () => {
    await signIn(laptop);
    const cookie = `auth=${laptop.cookie('auth')}`;
    const session = await sessionOf(running.app, { cookie }, AuthSession);
    expect(session).toEqual({ userId: expect.any(String), device: 'Firefox on Linux' });
  });

  it('gives a new id when a user signs in again, and ends the old one', async () => {
    await signIn(laptop);
    const old = laptop.copy();
    await signIn(laptop, 'grace', 'first-compiler');
    expect(laptop.cookie('auth')).not.toBe(old.cookie('auth'));
    expect((await laptop.open('/account')).text).toContain('Hello, Grace');
    expect((await old.open('/account')).path).toBe('/login');
  });

  it('lists the devices of one user only', async () => {
    await signIn(laptop);
    await signIn(phone);
    await signIn(new Browser(running.url), 'grace', 'first-compiler');
    const { text } = await laptop.open('/account');
    expect(text).toContain('Signed in on 2 devices');
    expect(text).toMatch(/Firefox on Linux<\/span>\s*<span class="badge">this device/);
    expect(text).toMatch(/Safari on iOS<\/span>\s*<\/p>/);
    expect(text).not.toContain(phone.cookie('auth'));
  });

  it('escapes device names', async () => {
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

  it('does not sign out the device of another user', async () => {
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

  it('signs out this device, clears the cookie and rejects a copy of it', async () => {
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

// Without Chromium, the tests above cover the responses.
if (chromiumPath !== undefined) {
  describe.each(platforms)('sample 02-authentication in Chromium, on $name', (platform) => {
    const MINUTE = 60_000;
    let running: RunningApp;
    let browser: Chromium;
    let passed: number;

    const signIn = async (login: string, password: string, remember = false): Promise<void> => {
      await browser.open(`${running.url}/login`);
      await browser.enter({ login, password });
      if (remember) await browser.click('Keep me signed in on this device');
      await browser.click('Sign in');
      await browser.shows('Signed in on');
    };
    const shown = async (name: string): Promise<void> => {
      if (process.env.SCREENSHOTS) await browser.screenshot(`${process.env.SCREENSHOTS}/${platform.name}-${name}.png`);
    };
    const isHidden = (): Promise<boolean> => browser.evaluate(`document.querySelector('#countdown').hidden`);
    const askAgain = (): Promise<unknown> => browser.evaluate(`dispatchEvent(new Event('focus'))`);

    beforeEach(async () => {
      passed = 0;
      const now = Date.now.bind(Date);
      jest.spyOn(Date, 'now').mockImplementation(() => now() + passed);
      running = await startApp(platform, { imports: [AppModule] });
      browser = await Chromium.start(chromiumPath!);
    }, 60_000);

    afterEach(async () => {
      await browser.close();
      await running.close();
      jest.restoreAllMocks();
    });

    it('keeps only the cookie of a remembered device after the browser is closed', async () => {
      await signIn('ada', 'analytical-engine');
      expect(await browser.cookie('auth')).toMatchObject({ expires: -1, httpOnly: true });
      await browser.click('Sign out');
      await browser.shows('Keep me signed in');
      await shown('login');
      await signIn('ada', 'analytical-engine', true);
      const { expires } = (await browser.cookie('auth')) ?? { expires: 0 };
      expect(expires * 1000 - Date.now()).toBeGreaterThan(29 * 24 * 60 * MINUTE);
      await shown('account');
    }, 60_000);

    it('counts down the last two minutes without renewing, and renews with the button', async () => {
      await signIn('ada', 'analytical-engine');
      await browser.until(`document.querySelector('#countdown span').innerText !== undefined`);
      expect(await isHidden()).toBe(true);
      passed = 28.5 * MINUTE;
      await askAgain();
      await browser.shows('Your session ends in 2 minutes.');
      await shown('countdown');
      passed = 29.5 * MINUTE;
      await askAgain();
      await browser.shows('Your session ends in 1 minute.');
      await browser.click('Stay signed in');
      await browser.until(`document.querySelector('#countdown').hidden`);
      passed += 29 * MINUTE;
      await askAgain();
      await browser.shows('Your session ends in 1 minute.');
      passed += 2 * MINUTE;
      await askAgain();
      await browser.until(`location.pathname === '/login'`);
    }, 60_000);

    it('asks for the password before recovery codes, and returns to them', async () => {
      await signIn('ada', 'analytical-engine');
      passed = 6 * MINUTE;
      await browser.click('Show them');
      await browser.shows("Confirm it's you");
      await shown('confirm');
      const before = await browser.cookie('auth');
      await browser.enter({ password: 'wrong' });
      await browser.click('Confirm');
      await browser.shows('That is not your password.');
      await browser.enter({ password: 'analytical-engine' });
      await browser.click('Confirm');
      await browser.until(`location.pathname === '/recovery-codes'`);
      await browser.shows('Each of them would sign you in once');
      await shown('codes');
      expect((await browser.cookie('auth'))?.value).not.toBe(before?.value);
    }, 60_000);

    it('lets support act for another user, shows it, and restores its own account', async () => {
      const phone = new Browser(
        running.url,
        'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1',
      );
      await phone.submit('/login', { login: 'ada', password: 'analytical-engine' });
      await signIn('grace', 'first-compiler');
      await shown('support');
      await browser.enter({ reason: 'Ticket 4711' });
      await browser.click('Act for Ada');
      await browser.shows('The account of Ada');
      await browser.shows('Grace, you act for Ada (Ticket 4711), for 15 more minutes.');
      await browser.shows('Safari on iOS');
      await shown('acting');
      await browser.open(`${running.url}/recovery-codes`);
      await browser.shows('Only the owner may do this.');
      await browser.open(`${running.url}/account`);
      await browser.click('Back to Grace');
      await browser.shows('Hello, Grace');
      await browser.enter({ reason: 'Ticket 4711' });
      await browser.click('Act for Ada');
      await browser.shows('The account of Ada');
      passed = 15 * MINUTE;
      await browser.open(`${running.url}/account`);
      await browser.shows('Hello, Grace');
    }, 60_000);
  });
}
