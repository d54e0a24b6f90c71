import { Body, Controller, Get, Post } from '@nestjs/common';
import {
  CurrentSession,
  RequireSession,
  Session,
  SessionInfo,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionsService,
  SessionStorageMemory,
  type RequestSessions,
  type SessionEvent,
} from 'nestjs-sessions';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { ask, postJson, type Answer } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

class Account {
  @SessionOwner() userId?: string;
  cart: string[] = [];
}

const OPTIONS = { idleTimeoutInSeconds: 2 * 3600, absoluteTimeoutInSeconds: 8 * 3600 };
let hooked = 0;
const onOwnerChange = (): void => void hooked++;

@Session('by_id', { tracker: 'by-id', maxPerOwner: 2, onOwnerChange, ...OPTIONS })
class ById extends Account {}

@Session('by_value', { onOwnerChange, ...OPTIONS })
class ByValue extends Account {}

function controllerFor(type: typeof ById) {
  @Controller()
  class ActingController {
    @Post('login') async login(@Body('user') user: string, @Sessions() sessions: RequestSessions): Promise<void> {
      await sessions.login(type, user);
    }

    @Post('act') async act(
      @Body() { owner, ...options }: { owner: string; maxSeconds?: number; reason: string; item?: string },
      @Sessions() sessions: RequestSessions,
    ): Promise<void> {
      // Part of the actor's session, which is restored.
      if (options.item) (await sessions.get(type))?.cart.push(options.item);
      const session = await sessions.actAs(type, owner, options);
      session.cart = [`of ${owner}`];
    }

    @Post('stop') async stop(@Sessions() sessions: RequestSessions): Promise<object> {
      return { acted: await sessions.stopActing(type) };
    }

    @Post('both') async both(@Sessions() sessions: RequestSessions): Promise<void> {
      await sessions.actAs(type, 'bob', { reason: 'test' });
      await sessions.stopActing(type);
    }

    @Post('cart') cart(@Body('item') item: string, @CurrentSession(type) session: Account): void {
      session.cart.push(item);
    }

    @Post('confirm') confirm(@Sessions() sessions: RequestSessions): Promise<void> {
      return sessions.authenticated(type);
    }

    @Post('lifetime') lifetime(@Sessions() sessions: RequestSessions): Promise<void> {
      return sessions.lifetime(type, { idleTimeoutInSeconds: 1800 });
    }

    @Post('rotate') rotate(@Sessions() sessions: RequestSessions): Promise<void> {
      return sessions.regenerate(type);
    }

    @Post('logout') logout(@Sessions() sessions: RequestSessions): void {
      sessions.logout(type);
    }

    @RequireSession(type)
    @Get('me')
    me(@CurrentSession(type) session: Account): object {
      return session;
    }

    @Get('info') info(@SessionInfo(type) info: SessionInfo | undefined): object {
      return info ?? {};
    }
  }
  return ActingController;
}

describe.each(platforms)('acting for another user on $name', (platform) => {
  describe.each([
    ['by_id', ById],
    ['by_value', ByValue],
  ] as const)('%s', (name, type) => {
    const events: SessionEvent[] = [];
    let clock: FakeClock;
    let app: RunningApp;

    const post = (path: string, body: object = {}, cookie?: string): Promise<Answer> =>
      postJson(`${app.url}/${path}`, body, cookie);
    const meOf = async (cookie: string): Promise<object> => (await ask(`${app.url}/me`, { cookie })).json<object>();
    const infoOf = async (cookie: string): Promise<SessionInfo> =>
      (await ask(`${app.url}/info`, { cookie })).json<SessionInfo>();
    const login = async (user = 'ann'): Promise<string> => (await post('login', { user })).cookie(name);
    const act = async (cookie: string, options: object = {}): Promise<string> =>
      (await post('act', { owner: 'bob', reason: 'ticket 7', ...options }, cookie)).cookie(name);
    const service = (): SessionsService => app.app.get(SessionsService);

    beforeEach(async () => {
      events.length = 0;
      hooked = 0;
      clock = new FakeClock();
      app = await startApp(platform, {
        imports: [
          SessionsModule.forRoot({
            sessions: [type],
            now: clock.now,
            storage: new SessionStorageMemory({ now: clock.now }),
            onEvent: (event) => events.push(event),
          }),
        ],
        controllers: [controllerFor(type)],
      });
    });

    afterEach(() => app.close());

    it('gives a session of the other owner that names the actor', async () => {
      const ann = await login();
      const start = clock.now();
      clock.advance(MINUTE);
      const acting = await act(ann, { maxSeconds: 900 });
      expect(await meOf(acting)).toEqual({ userId: 'bob', cart: ['of bob'] });
      const actor = { owner: 'ann', since: start + MINUTE, until: start + 16 * MINUTE, reason: 'ticket 7' };
      expect(await infoOf(acting)).toMatchObject({ owner: 'bob', createdAt: start, authenticatedAt: start, actor });
      expect((await infoOf(ann)).actor).toBeUndefined();
      expect(hooked).toBe(1);
    });

    it('restores the session of the actor exactly', async () => {
      const cat = await login('cat');
      const lived = (await post('lifetime', {}, cat)).cookie(name) || cat;
      const before = (await post('cart', { item: 'pear' }, lived)).cookie(name) || lived;
      const info = await infoOf(before);
      clock.advance(MINUTE);
      const acting = await act(before, { item: 'fig' });
      const changed = (await post('cart', { item: 'of the other' }, acting)).cookie(name) || acting;
      clock.advance(MINUTE);
      const stopped = await post('stop', {}, changed);
      expect(stopped.json()).toEqual({ acted: true });
      const after = stopped.cookie(name);
      expect(await meOf(after)).toEqual({ userId: 'cat', cart: ['pear', 'fig'] });
      const { renewedAt, expiresAt: _, idleExpiresAt: _idle, handle, ...rest } = await infoOf(after);
      expect(rest).toEqual(
        Object.fromEntries(
          Object.entries(info).filter(([key]) => !['renewedAt', 'expiresAt', 'idleExpiresAt', 'handle'].includes(key)),
        ),
      );
      expect([renewedAt, handle === info.handle]).toEqual([clock.now(), name === 'by_value']);
      expect((await post('stop', {}, after)).json()).toEqual({ acted: false });
      expect((await post('stop')).json()).toEqual({ acted: false });
    });

    it('ends after maxSeconds, by default an hour, and restores the session of the actor', async () => {
      const ann = await login();
      const acting = await act(ann);
      clock.advance(HOUR - 1);
      expect(await meOf(acting)).toMatchObject({ userId: 'bob' });
      clock.advance(1);
      expect(await meOf(acting)).toEqual({ userId: 'ann', cart: [] });
      expect((await infoOf(acting)).actor).toBeUndefined();
      const changed = (await post('cart', { item: 'pear' }, acting)).cookie(name) || acting;
      expect(await meOf(changed)).toEqual({ userId: 'ann', cart: ['pear'] });
      expect((await post('stop', {}, changed)).json()).toEqual({ acted: false });
    });

    it('ends with the absolute timeout of the actor, even before maxSeconds', async () => {
      let ann = await login();
      for (let hour = 0; hour < 7; hour++) {
        clock.advance(HOUR);
        ann = (await post('rotate', {}, ann)).cookie(name);
      }
      const acting = await act(ann, { maxSeconds: 7 * 24 * 3600 });
      expect(await meOf(acting)).toMatchObject({ userId: 'bob' });
      clock.advance(HOUR);
      expect(await meOf(acting)).toMatchObject({ statusCode: 401 });
    });

    it.each([
      ['a nested one', { reason: 'again' }, 409, true],
      ['nobody', { owner: '', reason: 'x' }, 500, false],
      ['oneself', { owner: 'ann', reason: 'x' }, 500, false],
      ['no reason', { reason: ' ' }, 500, false],
      ['no time', { reason: 'x', maxSeconds: 0 }, 500, false],
      ['a time that is none', { reason: 'x', maxSeconds: 'ever' }, 500, false],
    ])('refuses %s', async (_, body, status, isActing) => {
      const ann = await login();
      const cookie = isActing ? await act(ann) : ann;
      const refused = await post('act', { owner: 'cat', ...body }, cookie);
      expect([refused.status, refused.setCookies]).toEqual([status, []]);
      expect(await meOf(cookie)).toMatchObject({ userId: isActing ? 'bob' : 'ann' });
    });

    it('refuses a visitor', async () => {
      const visitor = (await post('cart', { item: 'pear' })).cookie(name);
      const refused = await post('act', { owner: 'bob', reason: 'x' }, visitor);
      expect([refused.status, refused.setCookies]).toEqual([500, []]);
      expect((await post('act', { owner: 'bob', reason: 'x' })).status).toBe(500);
    });

    it.each(['confirm', 'lifetime'])('refuses %s while acting', async (path) => {
      const acting = await act(await login());
      expect((await post(path, {}, acting)).status).toBe(409);
      expect(await meOf(acting)).toMatchObject({ userId: 'bob' });
    });

    it('survives a rotation, and changes nothing if it begins and ends in one request', async () => {
      const ann = await login();
      const acting = await act(ann);
      const rotated = (await post('rotate', {}, acting)).cookie(name);
      expect(await infoOf(rotated)).toMatchObject({ owner: 'bob', actor: { owner: 'ann' } });
      const again = await login();
      const answer = await post('both', {}, again);
      expect(await meOf(answer.cookie(name) || again)).toEqual({ userId: 'ann', cart: [] });
    });

    it.each(['login', 'logout'])('ends with a %s, which also ends the session of the actor', async (path) => {
      const acting = await act(await login());
      const answer = await post(path, { user: 'bob' }, acting);
      const { actor, owner } = await infoOf(answer.cookie(name));
      expect([actor, owner]).toEqual([undefined, path === 'login' ? 'bob' : undefined]);
      expect((await post('stop', {}, answer.cookie(name))).json()).toEqual({ acted: false });
      if (name === 'by_id') expect(await meOf(acting)).toMatchObject({ statusCode: 401 });
    });

    it('is reported by events with the handles of both sessions', async () => {
      const ann = await login();
      const [start, handle] = [clock.now(), (await infoOf(ann)).handle];
      const acting = await act(ann, { maxSeconds: 60 });
      const actingHandle = (await infoOf(acting)).handle;
      const own = (await post('stop', {}, acting)).cookie(name);
      const restored = (await infoOf(own)).handle;
      const named = (actor?: string) => (name === 'by_id' ? { actor, handle: actingHandle } : {});
      expect(events.filter((event) => event.type === 'acting' || event.type === 'owner-switched')).toEqual([
        { type: 'acting', session: name, step: 'began', until: start + MINUTE, ageInSeconds: 0, ...named(handle) },
        { type: 'acting', session: name, step: 'ended', ageInSeconds: 0, ...named(restored) },
      ]);
    });

    if (name === 'by_id') {
      it('invalidates the previous id at its begin and its end', async () => {
        const ann = await login();
        const acting = await act(ann);
        expect(await meOf(ann)).toMatchObject({ statusCode: 401 });
        await post('stop', {}, acting);
        expect(await meOf(acting)).toMatchObject({ statusCode: 401 });
      });

      it("counts among the actor's sessions, and ends with them", async () => {
        const ann = await login();
        const [first, second] = [await login('bob'), await login('bob')];
        const acting = await act(ann);
        const listed = await service().list(ById, 'ann');
        expect(listed.map(({ session }) => Object.assign({}, session))).toEqual([{ userId: 'ann', cart: [] }]);
        expect(await service().list(ById, 'bob')).toHaveLength(2);
        expect(await service().revoke(ById, listed[0]!.handle, { owner: 'bob' })).toBe(false);
        expect(await service().revokeAll(ById, 'bob')).toBe(2);
        for (const cookie of [first, second]) expect(await meOf(cookie)).toMatchObject({ statusCode: 401 });
        expect(await meOf(acting)).toMatchObject({ userId: 'bob' });
        expect(await service().revokeAll(ById, 'ann')).toBe(1);
        expect(await meOf(acting)).toMatchObject({ statusCode: 401 });
      });

      it("ends by its handle in the actor's list and by a login of the actor beyond the limit", async () => {
        const acting = await act(await login());
        const [{ handle } = { handle: '' }] = await service().list(ById, 'ann');
        expect(await service().revoke(ById, handle, { owner: 'ann' })).toBe(true);
        expect(await meOf(acting)).toMatchObject({ statusCode: 401 });
        const another = await act(await login());
        for (let logins = 0; logins < 2; logins++) {
          clock.advance(1000);
          await login();
        }
        expect(await meOf(another)).toMatchObject({ statusCode: 401 });
      });

      it('is begun by only one of two parallel requests', async () => {
        const ann = await login();
        const answers = await Promise.all(['bob', 'cat'].map((owner) => post('act', { owner, reason: 'x' }, ann)));
        const landed = answers.filter(({ status }) => status === 201);
        expect(landed.length).toBeGreaterThanOrEqual(1);
        expect(answers.filter(({ status }) => status !== 201).every(({ status }) => [409, 500].includes(status))).toBe(
          true,
        );
        expect(await service().list(ById, 'ann')).toHaveLength(1);
      });
    }
  });
});
