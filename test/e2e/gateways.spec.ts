import { Controller, Get, type INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { Ack, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  CurrentSession,
  RequireSession,
  Session,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  sessionsOf,
  type RequestSessions,
} from 'nestjs-sessions';
import { Observable, Subject } from 'rxjs';
import { io } from 'socket.io-client';
import { ask } from '../support/client.js';
import { freePort } from '../support/free-port.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { socketKinds, type Message, type SocketKind } from '../support/sockets.js';
import { until } from '../support/until.js';

@Session('guest', { tracker: 'by-id' })
class GuestSession {
  name = '';
  sent = 0;
  first = 0;
  second = 0;
}

@Session('leaf')
class LeafSession {
  turned = 0;
}

@Controller()
class GuestController {
  @Get('enter') enter(@CurrentSession() session: GuestSession) {
    session.name = 'ada';
  }
  @Get('leave') leave(@Sessions() sessions: RequestSessions) {
    sessions.clear(GuestSession);
  }
  @Get('me') me(@CurrentSession({ optional: true }) session?: GuestSession) {
    return session ?? {};
  }
}

const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const pauses = { first: 0, second: 0 };

async function countConnection(client: object, field: 'first' | 'second'): Promise<void> {
  await after(pauses[field]);
  const session = await sessionsOf(client).get(GuestSession);
  if (session) session[field] += 1;
  await after(5);
}

@WebSocketGateway()
class FirstGateway {
  handleConnection(client: object): Promise<void> {
    return countConnection(client, 'first');
  }
}

@WebSocketGateway()
class SecondGateway {
  handleConnection(client: object): Promise<void> {
    return countConnection(client, 'second');
  }
  @SubscribeMessage('say') @RequireSession(GuestSession) say(@CurrentSession() session: GuestSession) {
    return { event: 'said', data: `${session.name} ${++session.sent}` };
  }
}

@WebSocketGateway()
class SilentGateway {}

let feed = new Subject<number>();
let unsubscribed: Promise<unknown> | undefined;

@WebSocketGateway()
class FeedGateway {
  @SubscribeMessage('guarded') @RequireSession(GuestSession) guarded() {
    return this.#replies();
  }
  @SubscribeMessage('read') read(@CurrentSession({ optional: true }) _session?: GuestSession) {
    return this.#replies();
  }
  @SubscribeMessage('open') open() {
    return this.#replies();
  }
  #replies(): Observable<Message> {
    return new Observable((subscriber) => {
      const subscription = feed.subscribe((data) => subscriber.next({ event: 'news', data }));
      unsubscribed = new Promise((resolve) => subscription.add(() => resolve('unsubscribed')));
      return subscription;
    });
  }
}

const enter = async ({ url }: RunningApp): Promise<string> => (await ask(`${url}/enter`)).cookie('guest');
const me = async ({ url }: RunningApp, cookie: string) => (await ask(`${url}/me`, { cookie })).json<GuestSession>();
const unauthenticated = { event: 'exception', data: expect.objectContaining({ code: 'UNAUTHENTICATED' }) };

const cases = platforms.flatMap((platform) => socketKinds.map((kind) => ({ platform, kind })));

describe.each(cases)('gateways of $kind.name on $platform.name', ({ platform, kind }) => {
  const start = (providers: Array<new () => object>, storage = new SessionStorageMemory()): Promise<RunningApp> =>
    startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [GuestSession], storage })],
      controllers: [GuestController],
      providers,
      prepare: (app) => kind.prepare(app),
    });

  it.each([
    [0, 30],
    [30, 0],
  ])('of one port store what each handleConnection changes, after %i and %i ms', async (first, second) => {
    Object.assign(pauses, { first, second });
    for (const gateways of [
      [FirstGateway, SecondGateway],
      [SecondGateway, FirstGateway],
    ]) {
      const running = await start(gateways);
      const cookie = await enter(running);
      const socket = await kind.connect(running.url, { cookie });
      let stored = await me(running, cookie);
      while (!stored.first || !stored.second) stored = await me(running, cookie);
      expect(stored).toMatchObject({ first: 1, second: 1 });
      socket.close();
      await running.close();
    }
  });

  it('store it beside a gateway without handleConnection', async () => {
    Object.assign(pauses, { first: 10 });
    const running = await start([SilentGateway, FirstGateway, SilentGateway]);
    const cookie = await enter(running);
    const socket = await kind.connect(running.url, { cookie });
    let stored = await me(running, cookie);
    while (!stored.first) stored = await me(running, cookie);
    expect(stored).toMatchObject({ first: 1 });
    socket.close();
    await running.close();
  });

  it('of two applications with the same classes use the sessions of their own', async () => {
    const applications = [await start([SecondGateway]), await start([SecondGateway])];
    for (const running of applications) {
      const socket = await kind.connect(running.url, { cookie: await enter(running) });
      expect(await socket.ask('say')).toEqual({ event: 'said', data: 'ada 1' });
      socket.close();
    }
    for (const { close } of applications) await close();
  });

  it.each(['guarded', 'read'])('end a handler with several replies when its session has ended: %s', async (event) => {
    feed = new Subject();
    const running = await start([FeedGateway]);
    const cookie = await enter(running);
    const socket = await kind.connect(running.url, { cookie });
    const reply = async (act: () => unknown): Promise<Message> => {
      const next = socket.next();
      await act();
      return next;
    };
    const first = socket.ask(event);
    await until(() => feed.observed);
    feed.next(1);
    expect(await first).toEqual({ event: 'news', data: 1 });
    expect(await reply(() => feed.next(2))).toEqual({ event: 'news', data: 2 });
    await ask(`${running.url}/leave`, { cookie });
    expect(await reply(() => feed.next(3))).toEqual(unauthenticated);
    expect(await unsubscribed).toBe('unsubscribed');
    socket.close();
    await running.close();
  });

  it('do not end a handler with several replies that uses no session', async () => {
    feed = new Subject();
    const running = await start([FeedGateway]);
    const socket = await kind.connect(running.url, {});
    const first = socket.ask('open');
    await until(() => feed.observed);
    feed.next(1);
    expect(await first).toEqual({ event: 'news', data: 1 });
    const second = socket.next();
    feed.next(2);
    expect(await second).toEqual({ event: 'news', data: 2 });
    socket.close();
    await running.close();
  });
});

/** A gateway on a separate port whose server reads sessions before it accepts a connection. */
function earlyGateway(kind: SocketKind, port: number): new () => object {
  const readerOf = (request: object) => sessionsOf(request).get(GuestSession);
  const verifyClient = ({ req }: { req: object }, accept: (isAccepted: boolean) => void): void =>
    void readerOf(req).then(
      (session) => accept(session !== undefined),
      () => accept(false),
    );
  const options = kind.name === 'ws' ? { verifyClient } : {};
  @WebSocketGateway(port, options)
  class EarlyGateway {
    afterInit(server: {
      use?(middleware: (socket: { request: object }, proceed: (error?: Error) => void) => void): void;
    }) {
      server.use?.((socket, proceed) => {
        const refuse = (): void => proceed(new Error('no'));
        void readerOf(socket.request).then((session) => (session ? proceed() : refuse()), refuse);
      });
    }
    @SubscribeMessage('who') who(@CurrentSession({ optional: true }) session?: GuestSession) {
      return { event: 'is', data: session?.name ?? 'nobody' };
    }
  }
  return EarlyGateway;
}

describe.each(cases)('a gateway of $kind.name on a separate port, on $platform.name', ({ platform, kind }) => {
  it('finds sessions before it accepts the first connection', async () => {
    const port = await freePort();
    const running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [GuestSession] })],
      controllers: [GuestController],
      providers: [earlyGateway(kind, port)],
      prepare: (app) => kind.prepare(app),
    });
    const url = `http://127.0.0.1:${port}`;
    await expect(kind.connect(url, {})).rejects.toThrow();
    const socket = await kind.connect(url, { cookie: await enter(running) });
    expect(await socket.ask('who')).toEqual({ event: 'is', data: 'ada' });
    socket.close();
    await running.close();
  });
});

@WebSocketGateway()
class AckGateway {
  @SubscribeMessage('count') @RequireSession(GuestSession) async count(
    @CurrentSession() session: GuestSession,
    @Ack() acknowledge: (data: unknown) => void,
  ) {
    session.sent += 1;
    acknowledge(session.sent);
    await after(1);
  }
  @SubscribeMessage('late') late(@CurrentSession() session: GuestSession, @Ack() acknowledge: (data: unknown) => void) {
    setTimeout(() => {
      session.sent += 1;
      acknowledge(session.sent);
    }, 5);
  }
  @SubscribeMessage('look') look(@CurrentSession() session: GuestSession, @Ack() acknowledge: (data: unknown) => void) {
    acknowledge(session.sent);
  }
  @SubscribeMessage('leaf') leaf(@CurrentSession() leaf: LeafSession, @Ack() acknowledge: (data: unknown) => void) {
    leaf.turned += 1;
    acknowledge(leaf.turned);
  }
}

describe.each(platforms)('an acknowledgement by @Ack() on $name', (platform) => {
  it('is sent after the session is stored, or replaced by the error', async () => {
    let stored = 0;
    let down = false;
    class WatchedStorage extends SessionStorageMemory {
      override async replace(...args: Parameters<SessionStorageMemory['replace']>) {
        if (down) throw new Error('down');
        await after(5);
        const result = await super.replace(...args);
        stored += 1;
        return result;
      }
    }
    const running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [GuestSession, LeafSession], storage: new WatchedStorage() })],
      controllers: [GuestController],
      providers: [AckGateway],
      prepare: (app: INestApplication) => void app.useWebSocketAdapter(new IoAdapter(app)),
    });
    const cookie = await enter(running);
    const socket = io(running.url, { transports: ['websocket'], extraHeaders: { cookie }, forceNew: true });
    await new Promise((resolve) => socket.once('connect', () => resolve(0)));
    const send = (event: string): Promise<unknown> =>
      new Promise((resolve) => {
        socket.once('exception', resolve);
        socket.emit(event, {}, (data: unknown) => resolve([data, stored]));
      });
    expect(await send('look')).toEqual([0, 0]);
    expect(await send('count')).toEqual([1, 1]);
    expect(await send('late')).toEqual([2, 2]);
    expect(await send('leaf')).toMatchObject({ code: 'SESSION_TOO_LATE' });
    down = true;
    expect(await send('count')).toMatchObject({ code: 'SESSION_STORAGE_UNAVAILABLE' });
    down = false;
    expect(await me(running, cookie)).toMatchObject({ sent: 2 });
    socket.close();
    await running.close();
  });
});
