import { Controller, Get, Param, Post, Res } from '@nestjs/common';
import {
  CurrentSession,
  Session,
  Sessions,
  SessionsModule,
  SessionsService,
  SessionOwner,
  SessionStorageMemory,
  type CookieConfiguration,
  type RequestSessions,
  type SessionEvent,
} from 'nestjs-sessions';
import { FakeClock } from 'nestjs-sessions/testing';
import fastifyCookie from '@fastify/cookie';
import { ask } from '../support/client.js';
import { platforms, startApp, type Platform, type RunningApp } from '../support/platforms.js';

const KEYS = ['Zs3VQb0p6mYw1kRr9Xc8Tn5Jd2Lf7HgA4eUoQvWyBtI'];

/** The cookies of one host as a browser keeps them: one for each name, domain and path. */
class Jar {
  readonly #cookies = new Map<string, { pair: string; path: string }>();

  header(path: string): string | undefined {
    const sent = [...this.#cookies.values()].filter((cookie) => path.startsWith(cookie.path));
    return sent.length === 0 ? undefined : sent.map(({ pair }) => pair).join('; ');
  }

  keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split('; ');
      const find = (name: string): string | undefined =>
        attributes.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
      const key = [pair.split('=')[0], find('Domain') ?? '', find('Path') ?? '/'].join('|');
      const isCleared = find('Max-Age') === '0' || find('Expires')?.includes('1970') === true;
      if (isCleared) this.#cookies.delete(key);
      else this.#cookies.set(key, { pair, path: find('Path') ?? '/' });
    }
  }

  get size(): number {
    return this.#cookies.size;
  }
}

class UserSession {
  @SessionOwner() user = 'nobody';
}

@Controller('app')
class UserController {
  @Get('me') me(@CurrentSession(UserSession) session: UserSession): string {
    return session.user;
  }
  @Post('login/:user') login(@Param('user') user: string, @CurrentSession(UserSession) session: UserSession): void {
    session.user = user;
  }
  @Post('logout') logout(@Sessions() sessions: RequestSessions): void {
    sessions.clear(UserSession);
  }
}

class Browser {
  readonly jar = new Jar();
  app: RunningApp | undefined;

  async open(method: string, path: string): Promise<string> {
    const answer = await ask(this.app!.url + path, { method, cookie: this.jar.header(path) });
    this.jar.keep(answer.setCookies);
    return answer.text;
  }

  me(): Promise<string> {
    return this.open('GET', '/app/me');
  }
}

describe.each(platforms)('a cookie whose scope a deployment changes, on $name', (platform) => {
  const clock = new FakeClock();
  const storage = new SessionStorageMemory({ now: clock.now });

  async function deploy(cookie: CookieConfiguration, isById: boolean, events?: SessionEvent[]): Promise<RunningApp> {
    const session = { type: UserSession, name: 'user', cookie, ...(isById ? { storage } : {}) };
    return startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          keys: KEYS,
          sessions: [session],
          now: clock.now,
          ...(events ? { onEvent: (event) => events.push(event) } : {}),
        }),
      ],
      controllers: [UserController],
    });
  }

  const changes: Array<[string, CookieConfiguration, CookieConfiguration]> = [
    ['Domain is added', {}, { domain: 'shop.example' }],
    ['Domain is removed', { domain: 'shop.example' }, { alsoClear: [{ domain: 'shop.example' }] }],
    [
      'Domain is widened',
      { domain: 'app.shop.example' },
      { domain: 'shop.example', alsoClear: [{ domain: 'app.shop.example' }] },
    ],
    ['Path is widened', { path: '/app' }, { path: '/', alsoClear: [{ path: '/app' }] }],
    ['Path is narrowed', { path: '/' }, { path: '/app', alsoClear: [{ path: '/' }] }],
    ['both change', { path: '/app' }, { domain: 'shop.example', alsoClear: [{ path: '/app', domain: null }] }],
  ];

  it.each(changes.flatMap((change) => [false, true].map((isById) => [...change, isById] as const)))(
    'honours the next login and logout when %s (%j to %j, by id: %s)',
    async (_, before, after, isById) => {
      const browser = new Browser();
      const old = (browser.app = await deploy(before, isById));
      await browser.open('POST', '/app/login/ann');
      clock.advance(10_000);
      browser.app = await deploy(after, isById);
      expect(await browser.me()).toBe('ann');
      await browser.open('POST', '/app/login/bob');
      clock.advance(10_000);
      expect(await browser.me()).toBe('bob');
      // The request with both cookies cleared one.
      expect(browser.jar.size).toBe(1);
      expect(await browser.me()).toBe('bob');
      await browser.open('POST', '/app/logout');
      expect(await browser.me()).toBe('nobody');
      expect(browser.jar.size).toBe(0);
      await Promise.all([old.close(), browser.app.close()]);
    },
  );

  it('honours a logout before both cookies were sent together', async () => {
    const browser = new Browser();
    const old = (browser.app = await deploy({}, false));
    await browser.open('POST', '/app/login/ann');
    browser.app = await deploy({ domain: 'shop.example' }, false);
    await browser.open('POST', '/app/logout');
    expect(await browser.me()).toBe('nobody');
    await Promise.all([old.close(), browser.app.close()]);
  });

  it('uses the newest of several by-value sessions, in any order', async () => {
    const app = await deploy({}, false);
    const login = async (user: string): Promise<string> => {
      clock.advance(1000);
      return (await ask(`${app.url}/app/login/${user}`, { method: 'POST' })).cookie('user');
    };
    const [ann, bob] = [await login('ann'), await login('bob')];
    for (const cookie of [`${ann}; ${bob}`, `${bob}; ${ann}`, `user=junk; ${ann}; user=junk; ${bob}; user=junk`]) {
      expect((await ask(`${app.url}/app/me`, { cookie })).text).toBe('bob');
    }
    await app.close();
  });

  it.each<[unknown, RegExp]>([
    ['/app', /alsoClear must be a list of places/],
    [['/app'], /each place of alsoClear needs path/],
    [[{ paht: '/app' }], /each place of alsoClear/],
    [[{ path: 'app' }], /path in alsoClear must start with/],
    [[{ domain: 'a;b' }], /domain in alsoClear must be a host name/],
  ])('refuses alsoClear: %j at start', async (alsoClear, message) => {
    await expect(deploy({ alsoClear } as unknown as CookieConfiguration, false)).rejects.toThrow(message);
  });
});

@Session('sid')
class ValueSession {
  user = 'nobody';
}

@Session('oid', { tracker: 'by-id' })
class IdSession {
  @SessionOwner() user = 'nobody';
}

interface CookieResponse {
  clearCookie(name: string, options?: object): unknown;
  cookie?(name: string, value: string): unknown;
  setCookie?(name: string, value: string): unknown;
}

@Controller()
class LogoutController {
  @Post('login') login(
    @CurrentSession(ValueSession) value: ValueSession,
    @CurrentSession(IdSession) id: IdSession,
  ): void {
    value.user = id.user = 'ann';
  }
  @Get('me') me(@CurrentSession(ValueSession) value: ValueSession, @CurrentSession(IdSession) id: IdSession): string {
    return `${value.user} ${id.user}`;
  }
  @Post('logout') logout(
    @CurrentSession(ValueSession) value: ValueSession,
    @CurrentSession(IdSession) id: IdSession,
    @Res({ passthrough: true }) response: CookieResponse,
  ): string {
    response.clearCookie('sid');
    response.clearCookie('oid');
    return `bye ${value.user} ${id.user}`;
  }
  @Post('unused') unused(@Res({ passthrough: true }) response: CookieResponse): void {
    response.clearCookie('oid', { path: '/' });
    response.clearCookie('sid', { path: '/' });
    response.clearCookie('other');
  }
  @Post('changed') changed(
    @CurrentSession(ValueSession) value: ValueSession,
    @CurrentSession(IdSession) id: IdSession,
    @Res({ passthrough: true }) response: CookieResponse,
  ): void {
    value.user = 'changed';
    response.clearCookie('sid', { path: '/' });
    response.clearCookie('oid', { path: '/' });
    void id;
  }
  @Post('replaced') replaced(
    @CurrentSession(ValueSession) value: ValueSession,
    @Res({ passthrough: true }) response: CookieResponse,
  ): void {
    value.user = 'changed';
    (response.cookie ?? response.setCookie)!.call(response, 'sid', 'mine');
  }
}

async function startLogout(platform: Platform, clock: FakeClock): Promise<RunningApp> {
  return startApp(platform, {
    imports: [
      SessionsModule.forRoot({
        keys: KEYS,
        sessions: [ValueSession, IdSession],
        storage: new SessionStorageMemory({ now: clock.now }),
        now: clock.now,
      }),
    ],
    controllers: [LogoutController],
    prepare: async (app) => {
      if (platform.name !== 'fastify') return;
      await (app as unknown as { register(plugin: unknown): Promise<void> }).register(fastifyCookie);
    },
  });
}

describe.each(platforms)('a Set-Cookie header of the application for a session cookie, on $name', (platform) => {
  it.each([
    ['logout', 0],
    ['logout', 86_400_000],
    ['unused', 0],
    ['unused', 86_400_000],
    ['changed', 0],
    ['changed', 86_400_000],
  ])('ends the session: %s after %d ms', async (path, wait) => {
    const clock = new FakeClock();
    const { app, url, close } = await startLogout(platform, clock);
    const login = await ask(`${url}/login`, { method: 'POST' });
    const cookie = `${login.cookie('sid')}; ${login.cookie('oid')}`;
    clock.advance(wait);
    const answer = await ask(`${url}/${path}`, { method: 'POST', cookie });
    const jar = new Jar();
    jar.keep(login.setCookies);
    jar.keep(answer.setCookies);
    expect(jar.size).toBe(0);
    expect(await app.get(SessionsService).list(IdSession, 'ann')).toEqual([]);
    expect((await ask(`${url}/me`, { cookie: login.cookie('oid') })).text).toBe('nobody nobody');
    await close();
  });

  it('is sent alone if it sets another value', async () => {
    const { url, close } = await startLogout(platform, new FakeClock());
    const cookie = (await ask(`${url}/login`, { method: 'POST' })).cookie('sid');
    const lines = (await ask(`${url}/replaced`, { method: 'POST', cookie })).setCookies;
    expect(lines.filter((line) => line.startsWith('sid=')).map((line) => line.split(';')[0])).toEqual(['sid=mine']);
    await close();
  });
});
