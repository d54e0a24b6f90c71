import { AppModule as Authentication } from '../../sample/02-authentication/app.module.js';
import { AppModule as HeaderApi } from '../../sample/03-header-api/app.module.js';
import { AppModule as QuickStart } from '../../sample/01-quick-start/app.module.js';
import { Browser } from '../support/browser.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

describe.each(platforms)('the samples on $name', (platform) => {
  let running: RunningApp;

  afterEach(() => running.close());

  describe('01-quick-start', () => {
    let browser: Browser;

    beforeEach(async () => {
      running = await startApp(platform, { imports: [QuickStart] });
      browser = new Browser(running.url);
    });

    const visitsOf = (text: string): number => Number(/<strong>(\d+)<\/strong>/.exec(text)?.[1]);

    it('counts the visits of each browser', async () => {
      expect(visitsOf((await browser.open('/')).text)).toBe(1);
      expect(visitsOf((await browser.open('/')).text)).toBe(2);
      expect(visitsOf((await new Browser(running.url).open('/')).text)).toBe(1);
    });

    it('answers an HTML page that no cache keeps, with a style that caches may', async () => {
      const page = await browser.open('/');
      expect(page.status).toBe(200);
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(page.headers.get('cache-control')).toBe('no-store');

      const style = await browser.open('/style.css');
      expect(style.headers.get('cache-control')).toBe('max-age=600');
      expect(style.headers.getSetCookie()).toEqual([]);
    });

    it('signs in: greets, and both cookies change', async () => {
      await browser.open('/');
      await browser.submit('/cart/add', { product: 'tea' });
      const [user, cart] = [browser.cookie('user_session'), browser.cookie('cart')];
      expect(cart).toMatch(/^[\w-]{43}$/);

      const page = await browser.submit('/login', { name: '  Ada ' });
      expect(page.text).toContain('Signed in as <b>Ada</b>');
      expect(page.text).toContain('1 × Green tea');
      expect(browser.cookie('user_session')).not.toBe(user);
      expect(browser.cookie('cart')).toMatch(/^[\w-]{43}$/);
      expect(browser.cookie('cart')).not.toBe(cart);
    });

    it('shows the facts of its cookies, and a handle instead of the id', async () => {
      await browser.submit('/cart/add', { product: 'tea' });
      const { text } = await browser.open('/');
      const size = 'user_session='.length + browser.cookie('user_session')!.length;
      expect(text).toContain(`${size} bytes`);
      expect(text).toContain(`${'cart='.length + 43} bytes`);
      expect(text).toMatch(/<dt>Handle<\/dt>\s*<dd><code>[\w-]{12}<\/code><\/dd>/);
      expect(text).not.toContain(browser.cookie('cart')!.slice(0, 12));
    });

    it('keeps a cart: adds, adds up, removes, empties', async () => {
      await browser.submit('/cart/add', { product: 'tea' });
      await browser.submit('/cart/add', { product: 'pot' });
      const full = await browser.submit('/cart/add', { product: 'tea' });
      expect(full.text).toContain('2 × Green tea');
      expect(full.text).toContain('Total <b>€ 72.80</b>');

      const less = await browser.submit('/cart/remove', { product: 'tea' });
      expect(less.text).toContain('Total <b>€ 59.00</b>');

      expect((await browser.submit('/cart/empty')).text).toContain('Empty.');
      expect(browser.cookie('cart')).toBeUndefined();
    });

    it('signs out: both cookies are cleared, and a copy of the cart is empty', async () => {
      await browser.submit('/login', { name: 'Ada' });
      await browser.submit('/cart/add', { product: 'tea' });
      const thief = browser.copy();

      const page = await browser.submit('/logout');
      expect(page.text).not.toContain('Ada');
      expect(page.text).toContain('Empty.');
      expect(visitsOf(page.text)).toBe(1);
      expect(browser.cookie('cart')).toBeUndefined();

      expect((await thief.open('/')).text).toContain('Empty.');
      expect(thief.cookie('cart')).toBeUndefined();
    });

    it('escapes what people call themselves', async () => {
      const { text } = await browser.submit('/login', { name: '<script>alert("x")</script>' });
      expect(text).not.toContain('<script');
      expect(text).toContain('&#60;script&#62;alert(&#34;x&#34;)&#60;/script&#62;');
    });

    it.each([
      ['/login', {}],
      ['/login', { name: '   ' }],
      ['/cart/add', { product: '__proto__' }],
      ['/cart/remove', {}],
    ])('takes a senseless form to %s with %j for nothing', async (path, form) => {
      const page = await browser.submit(path, form);
      expect(page.status).toBe(200);
      expect(page.text).toContain('Your name');
      expect(page.text).toContain('Empty.');
    });
  });

  describe('02-authentication', () => {
    const PHONE =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1';
    let laptop: Browser;
    let phone: Browser;

    const signIn = (browser: Browser, login = 'ada', password = 'analytical-engine') =>
      browser.submit('/login', { login, password });
    const handleOf = (text: string): string => /name="handle" value="([\w-]{43})"/.exec(text)?.[1] ?? '';

    beforeEach(async () => {
      running = await startApp(platform, { imports: [Authentication] });
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
      expect(text).not.toContain('<script');
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

  describe('03-header-api', () => {
    beforeEach(async () => {
      running = await startApp(platform, { imports: [HeaderApi] });
    });

    const call = (path: string, session?: string, body?: object, method = body ? 'POST' : 'GET') =>
      fetch(running.url + path, {
        method,
        headers: {
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(session === undefined ? {} : { 'x-session': session }),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });

    const openSession = async (name = 'Ada'): Promise<string> => {
      const response = await call('/session', undefined, { name });
      expect(response.status).toBe(201);
      expect(await response.json()).toEqual({ name });
      return response.headers.get('x-session')!;
    };

    it('opens a session whose id is in a header, and sets no cookie', async () => {
      const response = await call('/session', undefined, { name: 'Ada' });
      expect(response.headers.get('x-session')).toMatch(/^[\w-]{43}$/);
      expect(response.headers.get('access-control-expose-headers')).toBe('X-Session');
      expect(response.headers.get('vary')).toContain('X-Session');
      expect(response.headers.getSetCookie()).toEqual([]);
    });

    it('knows the session again', async () => {
      const session = await openSession();
      const response = await call('/session', session);
      expect(await response.json()).toEqual({ name: 'Ada', notes: 0, requests: 1 });
    });

    it.each(['/session', '/notes'])('answers %s without a session, or with one it never gave, by 401', async (path) => {
      expect((await call(path)).status).toBe(401);
      expect((await call(path, 'A'.repeat(43))).status).toBe(401);
    });

    it('keeps notes with the moment they were written', async () => {
      const session = await openSession();
      expect(await (await call('/notes', session, { text: 'Buy tea' })).json()).toEqual({ notes: 1 });
      const notes = (await (await call('/notes', session)).json()) as Array<{ text: string; writtenAt: string }>;
      expect(notes.map(({ text }) => text)).toEqual(['Buy tea']);
      expect(Date.parse(notes[0]!.writtenAt)).toBeGreaterThan(0);
    });

    it('loses none of many notes that are sent at once', async () => {
      const session = await openSession();
      const texts = Array.from({ length: 12 }, (_, index) => `note ${index}`);
      await Promise.all(texts.map((text) => call('/notes', session, { text })));
      const notes = (await (await call('/notes', session)).json()) as Array<{ text: string }>;
      expect(notes.map(({ text }) => text).sort()).toEqual(texts.sort());
      expect(await (await call('/session', session)).json()).toMatchObject({ notes: 12, requests: 13 });
    });

    it('refuses bad input with 400', async () => {
      const session = await openSession();
      expect((await call('/session', undefined, { name: ' ' })).status).toBe(400);
      expect((await call('/notes', session, { text: 5 })).status).toBe(400);
    });

    it('closes a session for good', async () => {
      const session = await openSession();
      expect((await call('/session', session, undefined, 'DELETE')).status).toBe(204);
      expect((await call('/session', session)).status).toBe(401);
    });
  });
});
