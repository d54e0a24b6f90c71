import { jest } from '@jest/globals';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  Counter,
  CurrentSession,
  Session,
  SessionId,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionsService,
  SessionStorageMemory,
  type RequestSessions,
  type SessionEvent,
} from 'nestjs-sessions';
import { ask, type Answer } from '../support/client.js';
import { TestClock } from '../support/clock.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('user', { tracker: 'by-id', idleTimeoutInSeconds: 1800, absoluteTimeoutInSeconds: 28_800 })
class UserSession {
  @SessionOwner() userId?: string;
  @Counter() hits = 0;
  count = 0;
  notes: Record<string, string> = {};
  a?: string;
  b?: string;
}

@Session('sealed', { idleTimeoutInSeconds: 1800, absoluteTimeoutInSeconds: 28_800 })
class SealedSession {
  @SessionOwner() userId?: string;
  visits = 0;
}

/** Lets a test pause a handler. */
class Gate {
  #open: (() => void) | undefined;
  #arrive: (() => void) | undefined;
  arrived = new Promise<void>((resolve) => (this.#arrive = resolve));
  readonly #opened = new Promise<void>((resolve) => (this.#open = resolve));
  pass(): Promise<void> {
    this.#arrive!();
    return this.#opened;
  }
  open(): void {
    this.#open!();
  }
}
let gate: Gate | undefined;

@Controller()
class AppController {
  constructor(private readonly service: SessionsService) {}

  @Get('me') me(@CurrentSession({ optional: true }) session?: UserSession) {
    return session ?? {};
  }
  @Post('login/:user') @HttpCode(200) login(@CurrentSession() session: UserSession, @Param('user') user: string) {
    session.userId = user;
    return 'ok';
  }
  @Post('logout') @HttpCode(200) logout(@Sessions() sessions: RequestSessions) {
    sessions.clear(UserSession);
    return 'ok';
  }
  @Post('set') @HttpCode(200) async change(
    @CurrentSession() session: UserSession,
    @Query() fields: Record<string, string>,
  ) {
    Object.assign(session, fields);
    await gate?.pass();
    return 'ok';
  }
  @Get('slow-read') async slowRead(@CurrentSession({ optional: true }) session?: UserSession) {
    await gate?.pass();
    return session ?? {};
  }
  @Post('hit') @HttpCode(200) async hit(@CurrentSession() session: UserSession) {
    await new Promise((resolve) => setImmediate(resolve));
    session.hits += 1;
    return 'ok';
  }
  @Post('update') @HttpCode(200) async update(@Sessions() sessions: RequestSessions) {
    return sessions.update(UserSession, (present) => void (present.count += 1));
  }
  @Post('field/:name') @HttpCode(200) async field(@CurrentSession() session: UserSession, @Param('name') name: string) {
    await new Promise((resolve) => setImmediate(resolve));
    (session as unknown as Record<string, unknown>)[name] = 'set';
    return 'ok';
  }
  @Post('deep') @HttpCode(200) deep(@CurrentSession() session: UserSession) {
    session.notes['key'] = 'deep';
    return 'ok';
  }
  @Post('regenerate') @HttpCode(200) async regenerate(@Sessions() sessions: RequestSessions) {
    await sessions.regenerate(UserSession);
    return 'ok';
  }
  @Get('id') id(@SessionId(UserSession) id?: string) {
    return { id: id ?? null };
  }
  @Post('relogin') @HttpCode(200) relogin(@Sessions() sessions: RequestSessions) {
    sessions.clear(UserSession);
    const session = new UserSession();
    session.userId = 'second';
    sessions.set(session);
    return 'ok';
  }
  @Post('revoke-others') @HttpCode(200) async revokeOthers(@SessionId(UserSession) id?: string) {
    return { count: await this.service.revokeAll(UserSession, 'ada', { except: id }) };
  }
  @Post('end-by-id') @HttpCode(200) async endById(@Sessions() sessions: RequestSessions, @Body() body: { id: string }) {
    await sessions.clear(UserSession, body.id);
    return 'ok';
  }
  @Post('sealed') @HttpCode(200) sealed(@CurrentSession() session: SealedSession) {
    return { visits: ++session.visits };
  }
  @Get('sealed') readSealed(@CurrentSession({ optional: true }) session?: SealedSession) {
    return session ?? {};
  }
}

describe.each(platforms)('the life of a session, on $name', (platform) => {
  const clock = new TestClock();
  const events: SessionEvent[] = [];
  let running: RunningApp;
  let storage: SessionStorageMemory;
  let service: SessionsService;

  beforeAll(async () => {
    storage = new SessionStorageMemory({ now: clock.now });
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [UserSession, SealedSession],
          storage,
          onEvent: (event) => events.push(event),
          now: clock.now,
        }),
      ],
      controllers: [AppController],
    });
    service = running.app.get(SessionsService);
  });
  afterAll(() => running.close());
  beforeEach(() => {
    events.length = 0;
    gate = undefined;
  });

  const get = (path: string, cookie?: string): Promise<Answer> => ask(`${running.url}/${path}`, { cookie });
  const post = (path: string, cookie?: string, body?: object): Promise<Answer> =>
    ask(`${running.url}/${path}`, {
      cookie,
      method: 'POST',
      ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
    });
  const types = (): string[] => events.map((event) => event.type);
  const started = async (): Promise<string> => {
    const cookie = (await post('set?a=start')).cookie('user');
    events.length = 0;
    return cookie;
  };

  describe('rotation', () => {
    it('gives a new id at login and invalidates the old one', async () => {
      const before = await started();
      const login = await post('login/ada', before);
      const after = login.cookie('user');
      expect(after).not.toBe('');
      expect(after).not.toBe(before);
      expect(types()).toContain('rotated');
      expect((await get('me', after)).json()).toMatchObject({ userId: 'ada', a: 'start' });
      expect((await get('me', before)).json()).toEqual({});
    });

    it('does not clear the cookie of the new session when a parallel request has the old id', async () => {
      const before = await started();
      await post('login/ada', before);
      events.length = 0;
      const late = await get('me', before);
      expect(late.json()).toEqual({});
      expect(late.setCookies).toEqual([]);
      expect(events).toMatchObject([{ type: 'rejected', session: 'user', reason: 'rotated' }]);
      clock.advance(61);
      expect((await get('me', before)).setCookie('user')).toContain('Max-Age=0');
    });

    it('lets a user sign in again whose new cookie was lost', async () => {
      const before = await started();
      await post('login/ada', before);
      const again = await post('login/ada', before);
      expect((await get('me', again.cookie('user'))).json()).toMatchObject({ userId: 'ada' });
    });

    it('drops the anonymous changes of a request with the old id', async () => {
      const before = await started();
      await post('login/ada', before);
      const late = await post('set?b=late', before);
      expect(late.status).toBe(409);
      expect(late.setCookies).toEqual([]);
      expect(types()).toContain('gone');
    });

    it('gives a new id by regenerate, with the same content and age', async () => {
      const before = await started();
      const after = (await post('regenerate', before)).cookie('user');
      expect(after).not.toBe(before);
      expect((await get('me', after)).json()).toMatchObject({ a: 'start' });
      expect((await get('me', before)).json()).toEqual({});
    });

    it('keeps the change of a parallel request while the id is rotated', async () => {
      const before = await started();
      gate = new Gate();
      const slow = gate;
      const login = ask(`${running.url}/set?userId=ada`, { cookie: before, method: 'POST' });
      await slow.arrived;
      gate = undefined;
      await post('set?b=parallel', before);
      slow.open();
      const after = (await login).cookie('user');
      expect((await get('me', after)).json()).toMatchObject({ userId: 'ada', a: 'start', b: 'parallel' });
    });
  });

  describe('ending', () => {
    it('ends the session on the server and clears the cookie', async () => {
      const cookie = await started();
      const answer = await post('logout', cookie);
      expect(answer.setCookie('user')).toBe(
        'user=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax',
      );
      expect((await get('me', cookie)).json()).toEqual({});
      expect(types()).toEqual(['loaded', 'cleared', 'rejected']);
    });

    it('does not revive an ended session when a slow request changes it', async () => {
      const cookie = await started();
      gate = new Gate();
      const slow = gate;
      const change = ask(`${running.url}/set?b=late`, { cookie, method: 'POST' });
      await slow.arrived;
      gate = undefined;
      await post('logout', cookie);
      slow.open();
      const answer = await change;
      expect(answer.status).toBe(200);
      // The browser may already have the cookie of a new login.
      expect(answer.setCookies).toEqual([]);
      expect((await get('me', cookie)).json()).toEqual({});
      expect(events).toContainEqual(expect.objectContaining({ type: 'gone', reason: 'ended' }));
    });

    it('does not revive an ended session by a renewal', async () => {
      const cookie = await started();
      clock.advance(600);
      gate = new Gate();
      const slow = gate;
      const read = ask(`${running.url}/slow-read`, { cookie });
      await slow.arrived;
      gate = undefined;
      await post('logout', cookie);
      slow.open();
      await read;
      expect((await get('me', cookie)).json()).toEqual({});
    });

    it('creates another session with a new id when one is set after the end in the same request', async () => {
      const before = await started();
      const answer = await post('relogin', before);
      expect(answer.setCookies).toHaveLength(1);
      const after = answer.cookie('user');
      expect(after).not.toBe(before);
      const me = (await get('me', after)).json<Record<string, unknown>>();
      expect(me['userId']).toBe('second');
      expect(me['a']).toBeUndefined();
      expect((await get('me', before)).json()).toEqual({});
    });

    it('ends another session by its id, and keeps the session of the request', async () => {
      const [mine, other] = [await started(), await started()];
      const { id } = (await get('id', other)).json<{ id: string }>();
      await post('end-by-id', mine, { id });
      expect((await get('me', other)).json()).toEqual({});
      expect((await get('me', mine)).json()).toMatchObject({ a: 'start' });
    });
  });

  describe('parallel requests', () => {
    it('lose no field', async () => {
      const cookie = await started();
      const names = Array.from({ length: 12 }, (_, index) => `f${index}`);
      await Promise.all(names.map((name) => post(`field/${name}`, cookie)));
      const session = (await get('me', cookie)).json<Record<string, string>>();
      expect(names.filter((name) => session[name] !== 'set')).toEqual([]);
    });

    it('lose no increment of a @Counter', async () => {
      const cookie = await started();
      await Promise.all(Array.from({ length: 20 }, () => post('hit', cookie)));
      expect((await get('me', cookie)).json()).toMatchObject({ hits: 20 });
    });

    it('lose no increment through update', async () => {
      const cookie = await started();
      const answers = await Promise.all(Array.from({ length: 20 }, () => post('update', cookie)));
      expect((await get('me', cookie)).json()).toMatchObject({ count: 20 });
      expect(new Set(answers.map((answer) => answer.json<{ count: number }>().count)).size).toBe(20);
    });

    it('overwrite a field that both changed, with an event', async () => {
      const cookie = await started();
      gate = new Gate();
      const slow = gate;
      const change = ask(`${running.url}/set?a=mine&b=too`, { cookie, method: 'POST' });
      await slow.arrived;
      gate = undefined;
      await post('set?a=theirs', cookie);
      slow.open();
      await change;
      expect((await get('me', cookie)).json()).toMatchObject({ a: 'mine', b: 'too' });
      expect(events).toContainEqual(expect.objectContaining({ type: 'conflict', session: 'user', fields: ['a'] }));
    });
  });

  describe('change detection', () => {
    it('notices a change deep inside', async () => {
      const cookie = await started();
      await post('deep', cookie);
      expect((await get('me', cookie)).json()).toMatchObject({ notes: { key: 'deep' } });
    });

    it('writes and sends nothing for a session that was only read', async () => {
      const cookie = await started();
      const answer = await get('me', cookie);
      expect(answer.setCookies).toEqual([]);
      expect(types()).toEqual(['loaded']);
    });
  });

  describe('lifetimes', () => {
    it('renew a session in use, throttled, and never beyond the absolute timeout', async () => {
      const cookie = await started();
      clock.advance(170);
      expect((await get('me', cookie)).setCookies).toEqual([]);
      clock.advance(20);
      const renewed = await get('me', cookie);
      expect(renewed.cookie('user')).toBe(cookie);
      expect(types()).toEqual(['loaded', 'loaded', 'renewed']);
      for (let passed = 190; passed + 1500 < 28_800; passed += 1500) {
        clock.advance(1500);
        expect((await get('me', cookie)).json()).toMatchObject({ a: 'start' });
      }
      clock.advance(1500);
      expect((await get('me', cookie)).json()).toEqual({});
    });

    it('end an idle session', async () => {
      const cookie = await started();
      clock.advance(1801);
      expect((await get('me', cookie)).json()).toEqual({});
    });

    it('are also enforced in a sealed value', async () => {
      const first = await post('sealed');
      clock.advance(1700);
      const second = await post('sealed', first.cookie('sealed'));
      expect(second.json()).toEqual({ visits: 2 });
      clock.advance(1700);
      expect((await get('sealed', second.cookie('sealed'))).json()).toMatchObject({ visits: 2 });
      expect((await get('sealed', first.cookie('sealed'))).json()).toEqual({});
    });
  });

  describe('owners', () => {
    it('list sessions without a usable id, and sign out all others', async () => {
      const devices = [];
      for (let index = 0; index < 3; index++) {
        devices.push((await post('login/ada')).cookie('user'));
        clock.advance(1);
      }
      const other = (await post('login/eve')).cookie('user');
      const listed = (await service.list(UserSession, 'ada')).slice(0, 3);
      expect(listed).toHaveLength(3);
      expect(listed[0]!.createdAt.getTime()).toBeGreaterThan(listed[1]!.createdAt.getTime());
      const ids = devices.map((cookie) => cookie.slice('user='.length));
      expect(listed.map((session) => session.handle).sort()).toEqual(
        ids.map((id) => service.handleOf(UserSession, id)!).sort(),
      );
      expect(JSON.stringify(listed)).not.toContain(ids[0]);
      expect(listed[0]!.session).toBeInstanceOf(UserSession);

      const { count } = (await post('revoke-others', devices[0])).json<{ count: number }>();
      expect(count).toBeGreaterThanOrEqual(2);
      expect((await get('me', devices[0])).json()).toMatchObject({ userId: 'ada' });
      expect((await get('me', devices[1])).json()).toEqual({});
      expect((await get('me', other)).json()).toMatchObject({ userId: 'eve' });
    });

    it('end one session by its handle', async () => {
      const cookie = (await post('login/bob')).cookie('user');
      const [session] = await service.list(UserSession, 'bob');
      expect(await service.revoke(UserSession, session!.handle, { owner: 'eve' })).toBe(false);
      expect(await service.revoke(UserSession, session!.handle, { owner: 'bob' })).toBe(true);
      expect(await service.revoke(UserSession, session!.handle, { owner: 'bob' })).toBe(false);
      expect((await get('me', cookie)).json()).toEqual({});
    });

    it('end a session by its handle even if its id rotates at that moment', async () => {
      const cookie = (await post('login/zoe')).cookie('user');
      const [session] = await service.list(UserSession, 'zoe');
      const reading = jest.spyOn(storage, 'replace');
      let rotated = '';
      reading.mockImplementationOnce(async (...args) => {
        reading.mockRestore();
        rotated = (await post('regenerate', cookie)).cookie('user');
        return storage.replace(...args);
      });
      expect(await service.revoke(UserSession, session!.handle, { anyOwner: true })).toBe(true);
      expect(rotated).not.toBe('');
      expect((await get('me', rotated)).json()).toEqual({});
    });

    it('are not supported for by-value sessions', async () => {
      await expect(service.list(SealedSession, 'ada')).rejects.toThrow("tracker: 'by-id'");
    });
  });

  it('stores no plain id in the storage', async () => {
    const cookie = await started();
    const id = cookie.slice('user='.length);
    expect(await storage.read(id)).toBeUndefined();
    expect(await storage.read(service.handleOf(UserSession, id)!)).toBeDefined();
  });

  it('names a session in events by its handle', async () => {
    const cookie = await started();
    await get('me', cookie);
    const id = cookie.slice('user='.length);
    const handle = service.handleOf(UserSession, id);
    expect(events).toEqual([{ type: 'loaded', session: 'user', handle, ageInSeconds: 0 }]);
  });
});
