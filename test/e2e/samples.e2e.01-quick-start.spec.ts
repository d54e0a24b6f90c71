import { AppModule } from '../../sample/01-quick-start/app.module.js';
import { Browser } from '../support/browser.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

describe.each(platforms)('sample 01-quick-start on $name', (platform) => {
  let running: RunningApp;

  afterEach(() => running.close());

  let browser: Browser;

  beforeEach(async () => {
    running = await startApp(platform, { imports: [AppModule] });
    browser = new Browser(running.url);
  });

  const visitsOf = (text: string): number => Number(/<strong>(\d+)<\/strong>/.exec(text)?.[1]);

  it('counts the visits of each browser', async () => {
    expect(visitsOf((await browser.open('/')).text)).toBe(1);
    expect(visitsOf((await browser.open('/')).text)).toBe(2);
    expect(visitsOf((await new Browser(running.url).open('/')).text)).toBe(1);
  });

  it('sends an HTML page that is not cached, and a style sheet that may be', async () => {
    const page = await browser.open('/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-store');

    const style = await browser.open('/style.css');
    expect(style.headers.get('cache-control')).toBe('max-age=600');
    expect(style.headers.getSetCookie()).toEqual([]);
  });

  it('signs in, greets the user, and changes both cookies', async () => {
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
    // The request's cookie; that of the response may have a later time with more digits.
    const size = 'user_session='.length + browser.cookie('user_session')!.length;
    const { text } = await browser.open('/');
    expect(text).toContain(`${size} bytes`);
    expect(text).toContain(`${'cart='.length + 43} bytes`);
    expect(text).toMatch(/<dt>Handle<\/dt>\s*<dd><code>[\w-]{12}<\/code><\/dd>/);
    expect(text).not.toContain(browser.cookie('cart')!.slice(0, 12));
  });

  it('adds items to a cart, counts them, removes them and empties it', async () => {
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

  it('signs out, clears both cookies, and reads a copied cart cookie as empty', async () => {
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

  it('escapes user names', async () => {
    const { text } = await browser.submit('/login', { name: '<script>alert("x")</script>' });
    expect(text).not.toContain('<script');
    expect(text).toContain('&#60;script&#62;alert(&#34;x&#34;)&#60;/script&#62;');
  });

  it.each([
    ['/login', {}],
    ['/login', { name: '   ' }],
    ['/cart/add', { product: '__proto__' }],
    ['/cart/remove', {}],
  ])('ignores an invalid form to %s with %j', async (path, form) => {
    const page = await browser.submit(path, form);
    expect(page.status).toBe(200);
    expect(page.text).toContain('Your name');
    expect(page.text).toContain('Empty.');
  });
});
