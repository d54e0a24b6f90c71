import { Controller, Get, Logger, Post } from '@nestjs/common';
import {
  CurrentSession,
  SessionsModule,
  type CookieConfiguration,
  type SessionEvent,
  type SessionRegistration,
} from 'nestjs-sessions';
import { ktor, kotlinFields, string } from 'nestjs-sessions/ktor';
import { ask, type Answer } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

const KEY = 'Zs3VQb0p6mYw1kRr9Xc8Tn5Jd2Lf7HgA4eUoQvWyBtI';

class UserSession {
  name = 'nobody';
}
kotlinFields(UserSession, { name: string() });

@Controller()
class UserController {
  @Get() who(@CurrentSession(UserSession) session: UserSession): string {
    return session.name;
  }
  @Post() signIn(@CurrentSession(UserSession) session: UserSession): void {
    session.name = 'ann';
  }
}

describe.each(platforms)('the prefix of a cookie’s name in production, on $name', (platform) => {
  const environment = process.env['NODE_ENV'];
  let running: RunningApp | undefined;
  let lines: string[];
  let events: SessionEvent[];

  beforeEach(() => {
    process.env['NODE_ENV'] = 'production';
    lines = [];
    events = [];
  });
  afterEach(async () => {
    process.env['NODE_ENV'] = environment;
    await running?.close();
    running = undefined;
    Logger.overrideLogger(false);
  });

  const start = async (session: SessionRegistration): Promise<void> => {
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ keys: [KEY], sessions: [session], onEvent: (event) => events.push(event) })],
      controllers: [UserController],
      prepare: (app) => {
        const note = (line: string): void => void lines.push(line);
        app.useLogger({ log: note, warn: note, error: note });
      },
    });
  };
  const startCookie = (cookie: CookieConfiguration = {}): Promise<void> =>
    start({ type: UserSession, name: 'user', cookie });
  const send = (method: string, cookie?: string): Promise<Answer> =>
    ask(running!.url, { method, cookie, headers: { 'x-forwarded-proto': 'https' } });
  const attributesOf = (line: string | undefined): string[] => (line ?? '').split('; ').slice(1);

  it.each<[string, CookieConfiguration, string, string[], string[]]>([
    ['path / and no domain', {}, '__Host-user', ['Secure', 'Path=/'], ['Domain']],
    ['a domain', { domain: 'shop.example' }, '__Secure-user', ['Secure', 'Path=/', 'Domain=shop.example'], []],
    ['another path', { path: '/app' }, '__Secure-user', ['Secure', 'Path=/app'], ['Domain']],
    ['a prefix of its own', { prefix: '__Host-Http-' }, '__Host-Http-user', ['Secure', 'HttpOnly'], ['Domain']],
    ['prefix: false', { prefix: false }, 'user', ['Secure', 'Path=/'], ['Domain']],
  ])('with %s', async (_, cookie, name, has, hasNot) => {
    await startCookie(cookie);
    const answer = await send('POST');
    expect(answer.setCookies.map((line) => line.split('=')[0])).toEqual([name]);
    const attributes = attributesOf(answer.setCookie(name));
    expect(attributes).toEqual(expect.arrayContaining(has));
    for (const attribute of hasNot) expect(attributes.join('; ')).not.toContain(attribute);
    expect((await send('GET', answer.cookie(name))).text).toBe('ann');
  });

  it('is required: the same value under the name without it is not read and not cleared', async () => {
    await startCookie();
    const [, value] = (await send('POST')).cookie('__Host-user').split('=');
    events.length = 0;
    const answer = await send('GET', `user=${value}`);
    expect([answer.text, answer.setCookies, events]).toEqual(['nobody', [], []]);
    expect((await send('GET', `user=${value}; __Host-user=${value}`)).text).toBe('ann');
  });

  it('is in the log line of the session at start', async () => {
    await startCookie();
    expect(lines).toContainEqual(expect.stringMatching(/^user: UserSession, by value, cookie __Host-user \(/));
    await running!.close();
    await startCookie({ domain: 'shop.example' });
    expect(lines).toContainEqual(expect.stringContaining('cookie __Secure-user ('));
  });

  it('is never given to a session of ktor()', async () => {
    const sign = Buffer.from(KEY, 'base64url');
    await start(ktor({ type: UserSession, name: 'user', version: '3.5', keys: { sign }, cookie: { secure: true } }));
    const answer = await send('POST');
    expect(answer.setCookies.map((line) => line.split('=')[0])).toEqual(['user']);
    expect((await send('GET', answer.cookie('user'))).text).toBe('ann');
    expect(lines.join('\n')).not.toContain('__');
  });

  it('is absent outside production', async () => {
    process.env['NODE_ENV'] = 'development';
    await startCookie();
    expect((await send('POST')).setCookies.map((line) => line.split('=')[0])).toEqual(['user']);
  });
});
