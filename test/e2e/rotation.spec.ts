import { Body, Controller, Get, Post } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, type WsResponse } from '@nestjs/websockets';
import {
  CurrentSession,
  RequireSession,
  Session,
  SessionOwner,
  Sessions,
  SessionsModule,
  type RequestSessions,
  type SessionEvent,
} from 'nestjs-sessions';
import type { SessionOptions } from '../../src/config/session-options.js';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { ask, postJson, type Answer } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('user', { tracker: 'by-id' })
class User {
  @SessionOwner() userId?: string;
  cart: string[] = [];
}

@Controller()
class AppController {
  @Post('login') async login(@Body('user') user: string, @Sessions() sessions: RequestSessions) {
    await sessions.login(User, user);
  }
  @RequireSession(User)
  @Get('me')
  me(@CurrentSession() user: User): object {
    return { user: user.userId };
  }
  @RequireSession(User)
  @Post('cart')
  add(@Body('item') item: string, @CurrentSession() user: User): number {
    return user.cart.push(item);
  }
  @RequireSession(User)
  @Post('rotate')
  async rotate(@Sessions() sessions: RequestSessions) {
    await sessions.regenerate(User);
  }
  @Post('logout') logout(@Sessions() sessions: RequestSessions) {
    sessions.logout(User);
  }
}

@WebSocketGateway({ path: '/ws' })
class AppGateway {
  @SubscribeMessage('who') who(@CurrentSession({ optional: true }) user?: User): WsResponse<string> {
    return { event: 'who', data: user?.userId ?? 'nobody' };
  }
}

describe.each(platforms)('a rotation of the id on $name', (platform) => {
  let app: RunningApp;
  let clock: FakeClock;
  let events: SessionEvent[];
  const start = async (options: SessionOptions = {}): Promise<void> => {
    clock = new FakeClock();
    events = [];
    app = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [{ type: User, ...options }],
          now: clock.now,
          onEvent: (event) => events.push(event),
        }),
      ],
      controllers: [AppController],
      providers: [AppGateway],
      prepare: (application) => void application.useWebSocketAdapter(new WsAdapter(application)),
    });
  };
  afterEach(() => app.close());

  const post = (path: string, body: object, cookie?: string): Promise<Answer> =>
    postJson(`${app.url}/${path}`, body, cookie);
  const me = (cookie: string): Promise<Answer> => ask(`${app.url}/me`, { cookie });
  const login = async (): Promise<string> => (await post('login', { user: 'ann' })).cookie('user');
  const rotate = async (cookie: string): Promise<string> => (await post('rotate', {}, cookie)).cookie('user');
  const typesOf = (): string[] => events.map(({ type }) => type).filter((type) => type !== 'loaded');

  it('accepts ten parallel requests with the old id, and sends them no cookie', async () => {
    await start();
    const before = await login();
    const after = await rotate(before);
    const answers = await Promise.all(Array.from({ length: 10 }, () => me(before)));
    expect(answers.map(({ status, text, setCookies }) => [status, text, setCookies])).toEqual(
      Array.from({ length: 10 }, () => [200, '{"user":"ann"}', []]),
    );
    expect((await me(after)).status).toBe(200);
  });

  it('accepts all changes of parallel requests when one of them rotates the id', async () => {
    await start();
    const before = await login();
    const added = Array.from({ length: 5 }, () => post('cart', { item: 'tea' }, before));
    const [rotated, ...answers] = await Promise.all([post('rotate', {}, before), ...added]);
    expect([rotated, ...answers].map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 201]);
    const last = await post('cart', { item: 'milk' }, rotated.cookie('user'));
    expect(last.status).toBe(201);
  });

  it('stores a change of a request with the old id', async () => {
    await start();
    const before = await login();
    const after = await rotate(before);
    expect((await post('cart', { item: 'tea' }, before)).text).toBe('1');
    expect((await post('cart', { item: 'milk' }, after)).text).toBe('2');
  });

  it('lets a request with the old id end the session', async () => {
    await start();
    const before = await login();
    const after = await rotate(before);
    expect((await post('logout', {}, before)).setCookie('user')).toContain('Max-Age=0');
    expect([(await me(before)).status, (await me(after)).status]).toEqual([401, 401]);
  });

  it('rejects the old id after ten seconds, with an event each time', async () => {
    await start();
    const before = await login();
    const after = await rotate(before);
    clock.advance(10_000);
    events.length = 0;
    const late = await me(before);
    expect([late.status, late.setCookies]).toEqual([401, []]);
    expect(events).toMatchObject([
      { type: 'rejected', session: 'user', reason: 'rotated' },
      { type: 'replayed', session: 'user', handle: expect.any(String), revoked: false },
    ]);
    expect((await me(after)).status).toBe(200);
  });

  it("ends the session when an old id is replayed, with onReplay: 'revoke'", async () => {
    await start({ onReplay: 'revoke', graceInSeconds: 5 });
    const before = await login();
    const after = await rotate(before);
    clock.advance(3_600_000);
    expect((await me(after)).status).toBe(200);
    expect((await me(before)).status).toBe(401);
    expect(events.at(-1)).toMatchObject({ type: 'replayed', revoked: true });
    expect((await me(after)).status).toBe(401);
  });

  it('rejects the old id at once, with graceInSeconds: 0', async () => {
    await start({ graceInSeconds: 0 });
    const before = await login();
    await rotate(before);
    expect((await me(before)).status).toBe(401);
    expect(typesOf()).not.toContain('replayed');
  });

  it('never accepts the id from before the login', async () => {
    await start();
    const visitor = (await post('login', { user: 'eve' })).cookie('user');
    const answer = await post('login', { user: 'ann' }, visitor);
    expect(answer.status).toBe(201);
    expect((await me(visitor)).status).toBe(401);
  });

  it('never sends the old id, even if a renewal is due', async () => {
    await start({ idleTimeoutInSeconds: 60, graceInSeconds: 59 });
    const before = await login();
    const after = await rotate(before);
    clock.advance(40_000);
    const late = await me(before);
    expect([late.status, late.setCookies]).toEqual([200, []]);
    expect(typesOf().at(-1)).toBe('renewed');
    clock.advance(40_000);
    expect((await me(after)).status).toBe(200);
  });

  it('keeps the session of an open socket for the grace period, without a replay', async () => {
    await start({ rotateEveryInSeconds: 900, onReplay: 'revoke' });
    const before = await login();
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/ws`, { headers: { cookie: before } });
    await once(socket, 'open');
    const say = async (): Promise<string> => {
      const answer = once(socket, 'message');
      socket.send('{"event":"who","data":{}}');
      const [data] = (await answer) as [Buffer];
      return (JSON.parse(data.toString()) as { data: string }).data;
    };
    clock.advance(900_000);
    const after = (await me(before)).cookie('user');
    expect(await say()).toBe('ann');
    clock.advance(10_000);
    expect(await say()).toBe('nobody');
    expect((await me(after)).status).toBe(200);
    socket.close();
    await once(socket, 'close');
  });

  it('rotates the id of a session in use, with rotateEveryInSeconds', async () => {
    await start({ rotateEveryInSeconds: 900 });
    const first = await login();
    clock.advance(899_000);
    expect((await me(first)).setCookies).toEqual([]);
    clock.advance(1000);
    const parallel = await Promise.all([me(first), me(first), me(first)]);
    expect(parallel.map(({ status }) => status)).toEqual([200, 200, 200]);
    const sent = parallel.map((answer) => answer.cookie('user')).filter(Boolean);
    expect(sent).toHaveLength(1);
    expect(typesOf().filter((type) => type === 'rotated')).toHaveLength(1);
    expect((await me(sent[0]!)).setCookies).toEqual([]);
    clock.advance(900_000);
    expect((await me(first)).status).toBe(401);
    expect((await me(sent[0]!)).setCookies).toHaveLength(1);
  });
});

describe('the options of rotations', () => {
  const startWith = (options: object) =>
    startApp(platforms[0]!, { imports: [SessionsModule.forRoot({ sessions: [{ type: User, ...options }] })] });

  it.each([
    [{ graceInSeconds: -1 }, 'graceInSeconds must be a number of seconds, or 0.'],
    [{ rotateEveryInSeconds: Number.NaN }, 'rotateEveryInSeconds must be a number of seconds, or 0.'],
    [{ rotateEveryInSeconds: 5 }, 'rotateEveryInSeconds must be greater than graceInSeconds, which is 10.'],
    [{ onReplay: 'revoke', graceInSeconds: 0 }, "onReplay: 'revoke' needs graceInSeconds"],
    [{ onReplay: undefined }, 'onReplay is undefined.'],
    [{ rotateEveryInSeconds: undefined }, 'rotateEveryInSeconds is undefined.'],
    [{ onReplay: 'end' }, "onReplay must be one of 'ignore', 'revoke'."],
    [{ tracker: 'by-value', graceInSeconds: 10 }, "graceInSeconds is for sessions by id. Add tracker: 'by-id'."],
  ])('refuses %j at start', async (options, message) => {
    await expect(startWith(options)).rejects.toThrow(message);
  });
});
