import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import {
  CurrentSession,
  Public,
  RequireFresh,
  RequireSession,
  Session,
  SessionInfo,
  SessionOwner,
  Sessions,
  SessionsModule,
  type RequestSessions,
} from 'nestjs-sessions';
import type { OwnLifetime } from 'nestjs-sessions/core';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { ask, postJson, type Answer } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;

class Account {
  @SessionOwner() userId?: string;
  cart: string[] = [];
}

const LIFETIMES = {
  idleTimeoutInSeconds: 3600,
  absoluteTimeoutInSeconds: 8 * 3600,
  maximumIdleTimeoutInSeconds: 30 * 24 * 3600,
  maximumAbsoluteTimeoutInSeconds: 90 * 24 * 3600,
};

@Session('by_id', { tracker: 'by-id', ...LIFETIMES })
class ById extends Account {}

@Session('by_value', LIFETIMES)
class ByValue extends Account {}

function controllerFor(type: typeof ById) {
  @Controller()
  class LifeController {
    @Post('login') async login(
      @Body() { user, lifetime }: { user: string; lifetime?: OwnLifetime },
      @Sessions() sessions: RequestSessions,
    ): Promise<void> {
      await sessions.login(type, user);
      if (lifetime) await sessions.lifetime(type, lifetime);
    }

    @Post('lifetime') async lifetime(@Body() lifetime: OwnLifetime, @Sessions() sessions: RequestSessions) {
      await sessions.lifetime(type, lifetime);
    }

    @Post('cart') add(@Body('item') item: string, @CurrentSession(type) session: Account): void {
      session.cart.push(item);
    }

    @Get('me') me(@CurrentSession(type) session: Account): object {
      return { user: session.userId ?? null, cart: session.cart };
    }

    @Get('info') info(@SessionInfo(type) info: SessionInfo | undefined): object {
      return info ?? {};
    }

    @RequireSession(type, { renew: false })
    @Get('countdown')
    countdown(@CurrentSession(type, { renew: false }) session: Account, @SessionInfo(type) info: SessionInfo): object {
      return { user: session.userId, expiresAt: info.expiresAt };
    }

    @Post('confirm') async confirm(@Body('method') method: string, @Sessions() sessions: RequestSessions) {
      await sessions.authenticated(type, { method });
      return { returnTo: (await sessions.takeReturnPath(type)) ?? null };
    }

    @Get('returns') async returns(@Sessions() sessions: RequestSessions) {
      return { returnTo: (await sessions.takeReturnPath(type)) ?? null };
    }

    @RequireFresh(type, { withinSeconds: 600 })
    @Post('transfer')
    transfer(): string {
      return 'done';
    }

    @RequireFresh(type, { withinSeconds: 600, methods: ['otp', 'passkey'] })
    @Post('key')
    key(): string {
      return 'done';
    }

    @RequireFresh(type, { withinSeconds: 600, redirectTo: '/confirm-page' })
    @Get('settings')
    settings(@Query('tab') tab: string): string {
      return tab;
    }

    @Public()
    @Post('logout')
    logout(@Sessions() sessions: RequestSessions): void {
      sessions.logout(type, { siteData: ['cache', 'storage'] });
    }
  }
  return LifeController;
}

describe.each(platforms)('the life of a session on $name', (platform) => {
  describe.each([
    ['by-id', ById],
    ['by-value', ByValue],
  ] as const)('%s', (kind, type) => {
    const name = kind.replace('-', '_');
    let clock: FakeClock;
    let app: RunningApp;

    const post = (path: string, body: object = {}, cookie?: string): Promise<Answer> =>
      postJson(`${app.url}/${path}`, body, cookie);
    const get = (path: string, cookie?: string): Promise<Answer> => ask(`${app.url}/${path}`, { cookie });
    const infoOf = async (cookie: string): Promise<SessionInfo> => (await get('info', cookie)).json<SessionInfo>();
    const login = async (lifetime?: OwnLifetime): Promise<Answer> => post('login', { user: 'ann', lifetime });
    const userOf = async (cookie: string): Promise<string | null> =>
      (await get('me', cookie)).json<{ user: string | null }>().user;

    beforeEach(async () => {
      clock = new FakeClock();
      app = await startApp(platform, {
        imports: [SessionsModule.forRoot({ sessions: [type], now: clock.now })],
        controllers: [controllerFor(type)],
      });
    });

    afterEach(() => app.close());

    it('has times, owner and handle', async () => {
      const start = clock.now();
      const cookie = (await login()).cookie(name);
      expect(await infoOf(cookie)).toEqual({
        createdAt: start,
        renewedAt: start,
        authenticatedAt: start,
        methods: {},
        expiresAt: start + HOUR,
        idleExpiresAt: start + HOUR,
        absoluteExpiresAt: start + 8 * HOUR,
        persistent: true,
        owner: 'ann',
        ...(kind === 'by-id' ? { handle: expect.stringMatching(/^[\w-]{43}$/) } : {}),
      });
      expect((await get('info')).json()).toEqual({});
    });

    it('has no time of authentication without an owner', async () => {
      const cookie = (await post('cart', { item: 'book' })).cookie(name);
      expect(await infoOf(cookie)).not.toHaveProperty('authenticatedAt');
    });

    it('is not renewed by a request that only reads when it ends', async () => {
      const cookie = (await login()).cookie(name);
      clock.advance(30 * MINUTE);
      const ends = (await infoOf(cookie)).expiresAt;
      const countdown = await get('countdown', cookie);
      expect(countdown.json()).toEqual({ user: 'ann', expiresAt: ends });
      expect(countdown.setCookies).toEqual([]);
      expect((await get('me', cookie)).setCookie(name)).toBeDefined();
      clock.advance(31 * MINUTE);
      expect(await userOf(cookie)).toBe(kind === 'by-id' ? 'ann' : null);
    });

    it('can live longer than the default of its class, up to its maximum', async () => {
      const lifetime = { idleTimeoutInSeconds: 14 * 24 * 3600, absoluteTimeoutInSeconds: 60 * 24 * 3600 };
      const answer = await login(lifetime);
      expect(answer.setCookie(name)).toContain(`; Max-Age=${14 * 24 * 3600};`);
      const cookie = answer.cookie(name);
      clock.advance(13 * 24 * HOUR);
      const visited = await get('me', cookie);
      expect(visited.json()).toEqual({ user: 'ann', cart: [] });
      const renewed = visited.cookie(name) || cookie;
      clock.advance(13 * 24 * HOUR);
      const changed = await post('cart', { item: 'book' }, renewed);
      expect(await userOf(changed.cookie(name) || renewed)).toBe('ann');
      clock.advance(15 * 24 * HOUR);
      expect(await userOf(changed.cookie(name) || renewed)).toBeNull();
    });

    it('can be shorter, and end with the browser', async () => {
      const answer = await login({ idleTimeoutInSeconds: 300, persistent: false });
      expect(answer.setCookie(name)).not.toMatch(/Max-Age|Expires/);
      const cookie = answer.cookie(name);
      expect(await infoOf(cookie)).toMatchObject({ persistent: false, expiresAt: clock.now() + 5 * MINUTE });
      const changed = await post('cart', { item: 'book' }, cookie);
      if (kind === 'by-value') expect(changed.setCookie(name)).not.toMatch(/Max-Age|Expires/);
      clock.advance(6 * MINUTE);
      expect(await userOf(changed.cookie(name) || cookie)).toBeNull();
    });

    it('gets a lifetime without a new id, and loses it at the next login', async () => {
      const cookie = (await login()).cookie(name);
      const answer = await post('lifetime', { idleTimeoutInSeconds: 600 }, cookie);
      expect(answer.status).toBe(201);
      const after = answer.cookie(name) || cookie;
      if (kind === 'by-id') expect(after).toBe(cookie);
      expect((await infoOf(after)).expiresAt).toBe(clock.now() + 10 * MINUTE);
      const again = (await post('login', { user: 'ann' }, after)).cookie(name);
      expect((await infoOf(again)).expiresAt).toBe(clock.now() + HOUR);
    });

    it('refuses a lifetime beyond the maximum, and a lifetime without a session', async () => {
      const cookie = (await login()).cookie(name);
      expect((await post('lifetime', { idleTimeoutInSeconds: 31 * 24 * 3600 }, cookie)).status).toBe(500);
      expect((await post('lifetime', { absoluteTimeoutInSeconds: null }, cookie)).status).toBe(500);
      expect((await post('lifetime', { idleTimeoutInSeconds: 600 })).status).toBe(500);
      expect((await infoOf(cookie)).expiresAt).toBe(clock.now() + HOUR);
    });

    it('must be fresh with @RequireFresh: 401 says what is missing, and a confirmation is enough', async () => {
      const cookie = (await login()).cookie(name);
      expect((await post('transfer', {}, cookie)).status).toBe(201);
      clock.advance(11 * MINUTE);
      const refused = await post('transfer', {}, cookie);
      expect([refused.status, refused.json()]).toEqual([
        401,
        {
          statusCode: 401,
          message: 'Authenticate again.',
          error: 'insufficient_user_authentication',
          maxAge: 600,
        },
      ]);
      const confirmed = await post('confirm', { method: 'password' }, cookie);
      const fresh = confirmed.cookie(name);
      expect(fresh).not.toBe(cookie);
      expect((await post('transfer', {}, fresh)).status).toBe(201);
      expect((await post('transfer', {})).status).toBe(401);
    });

    it('must have been authenticated by one of the required methods', async () => {
      const cookie = (await login()).cookie(name);
      const refused = await post('key', {}, cookie);
      expect([refused.status, refused.json<{ methods: string[] }>().methods]).toEqual([401, ['otp', 'passkey']]);
      const byPassword = (await post('confirm', { method: 'password' }, cookie)).cookie(name);
      expect((await post('key', {}, byPassword)).status).toBe(401);
      const confirmedAt = clock.now();
      const byOtp = (await post('confirm', { method: 'otp' }, byPassword)).cookie(name);
      expect((await post('key', {}, byOtp)).status).toBe(201);
      clock.advance(MINUTE);
      expect(await infoOf(byOtp)).toMatchObject({
        authenticatedAt: confirmedAt,
        methods: { password: confirmedAt, otp: confirmedAt },
      });
      clock.advance(10 * MINUTE);
      expect((await post('key', {}, byOtp)).status).toBe(401);
    });

    it('redirects a visitor who must confirm, and returns once', async () => {
      const cookie = (await login()).cookie(name);
      expect((await get('settings?tab=mail', cookie)).text).toBe('mail');
      clock.advance(11 * MINUTE);
      const refused = await get('settings?tab=mail', cookie);
      expect([refused.status, refused.headers.get('location')]).toEqual([302, '/confirm-page']);
      const away = refused.cookie(name) || cookie;
      const confirmed = await post('confirm', { method: 'password' }, away);
      expect(confirmed.json()).toEqual({ returnTo: '/settings?tab=mail' });
      const back = confirmed.cookie(name);
      expect((await get('returns', back)).json()).toEqual({ returnTo: null });
      expect((await get('settings?tab=mail', back)).text).toBe('mail');
    });

    it('stores no return path to another site', async () => {
      const cookie = (await login()).cookie(name);
      clock.advance(11 * MINUTE);
      const refused = await ask(`${app.url}//evil.example/settings`, { cookie });
      const away = refused.cookie(name) || cookie;
      expect((await get('returns', away)).json()).toEqual({ returnTo: null });
    });

    it('keeps the data of a confirmation when the absolute timeout continues', async () => {
      const start = clock.now();
      const cookie = (await login()).cookie(name);
      clock.advance(30 * MINUTE);
      const confirmed = (await post('confirm', { method: 'otp' }, cookie)).cookie(name);
      expect(await infoOf(confirmed)).toMatchObject({
        createdAt: start,
        authenticatedAt: start + 30 * MINUTE,
        absoluteExpiresAt: start + 8 * HOUR,
      });
    });

    it('does not let a visitor confirm without signing in', async () => {
      const cookie = (await post('cart', { item: 'book' })).cookie(name);
      expect((await post('confirm', { method: 'otp' }, cookie)).status).toBe(500);
      expect((await post('confirm', { method: 'otp' })).status).toBe(500);
    });

    it('sends Clear-Site-Data at logout', async () => {
      const cookie = (await login()).cookie(name);
      const answer = await post('logout', {}, cookie);
      expect(answer.headers.get('clear-site-data')).toBe('"cache", "storage"');
      expect(answer.setCookie(name)).toContain('Max-Age=0');
    });
  });

  it('has a lifetime by role, and restarts it with reauthenticationResets', async () => {
    @Session('staff', {
      tracker: 'by-id',
      idleTimeoutInSeconds: 3600,
      reauthenticationResets: true,
      lifetime: (session) => (session.userId === 'admin' ? { idleTimeoutInSeconds: 300 } : undefined),
    })
    class Staff {
      @SessionOwner() userId?: string;
      cart: string[] = [];
    }
    const clock = new FakeClock();
    const app = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [Staff], now: clock.now })],
      controllers: [controllerFor(Staff)],
    });
    try {
      const post = (path: string, body: object, cookie?: string): Promise<Answer> =>
        postJson(`${app.url}/${path}`, body, cookie);
      const info = async (cookie: string): Promise<SessionInfo> =>
        (await ask(`${app.url}/info`, { cookie })).json<SessionInfo>();
      const admin = (await post('login', { user: 'admin' })).cookie('staff');
      expect((await info(admin)).expiresAt).toBe(clock.now() + 5 * MINUTE);
      const clerk = (await post('login', { user: 'ann' }, admin)).cookie('staff');
      expect((await info(clerk)).expiresAt).toBe(clock.now() + HOUR);
      clock.advance(MINUTE);
      const confirmed = (await post('confirm', { method: 'otp' }, clerk)).cookie('staff');
      expect((await info(confirmed)).createdAt).toBe(clock.now());
    } finally {
      await app.close();
    }
  });
});
