import { CookieJar } from './consumer.js';

/** Checks that the application of `consumers/app` keeps a session, and sends a new cookie at login. */
export async function expectSessions(address: string): Promise<void> {
  const browser = new CookieJar(address);
  expect(await browser.request('/')).toEqual({ status: 200, text: 'visit 1' });
  expect(await browser.request('/')).toEqual({ status: 200, text: 'visit 2' });

  const before = browser.cookie('user_session');
  expect(before).toMatch(/./);
  expect(await browser.request('/login', 'POST')).toEqual({ status: 201, text: 'hello u1 after 2' });
  expect(browser.cookie('user_session')).not.toBe(before);

  expect(await browser.request('/')).toEqual({ status: 200, text: 'visit 3' });
  expect(await new CookieJar(address).request('/')).toEqual({ status: 200, text: 'visit 1' });
}
