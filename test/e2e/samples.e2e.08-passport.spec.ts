import { AppModule } from '../../sample/08-passport/app.module.js';
import { usePassport } from '../../sample/08-passport/use-passport.js';
import { Browser } from '../support/browser.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

describe.each(platforms)('sample 08-passport on $name', (platform) => {
  let running: RunningApp;
  let browser: Browser;

  beforeEach(async () => {
    running = await startApp(platform, { imports: [AppModule], prepare: usePassport });
    browser = new Browser(running.url);
  });

  afterEach(() => running.close());

  it('signs in with a new id, and signs out', async () => {
    expect((await browser.open('/')).text).toContain('Sign in');
    const before = browser.copy();
    const page = await browser.submit('/login', { username: 'ada', password: 'first-compiler' });
    expect(page.text).toContain('Hello, Ada');
    expect(browser.cookie('auth')).not.toBe(before.cookie('auth'));
    expect((await before.open('/')).text).toContain('Sign in');
    const signedIn = browser.copy();
    expect((await browser.submit('/logout')).text).toContain('Sign in');
    expect((await signedIn.open('/')).text).not.toContain('Hello, Ada');
  });

  it('does not sign in a visitor with a wrong password', async () => {
    const page = await browser.submit('/login', { username: 'ada', password: 'a guess' });
    expect(page.text).toContain('Sign in');
    expect((await browser.open('/')).text).toContain('Visit 2');
  });
});
