import { Controller, Get } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway, type WsResponse } from '@nestjs/websockets';
import {
  CurrentSession,
  Public,
  RequireSession,
  RequireSessionGuard,
  Session,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  sessionsOf,
  type RequestSessions,
  type SessionEvent,
} from 'nestjs-sessions';
import { EventEmitter } from 'node:events';
import { of } from 'rxjs';
import { forwardExceptions, clientError } from '../../src/module/request/transport-exceptions.js';
import { ask } from '../support/client.js';
import { freePort } from '../support/free-port.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { socketKinds, type Socket } from '../support/sockets.js';

@Session('room', { tracker: 'by-id', onClash: 'reject' })
class RoomSession {
  name = 'nobody';
  messages = 0;
  sockets = 0;
}

@Session('sealed')
class SealedSession {
  visits = 0;
}

@Controller()
class RoomController {
  @Public() @Get('enter') enter(@CurrentSession() room: RoomSession, @CurrentSession() sealed: SealedSession) {
    room.name = 'ada';
    sealed.visits = 1;
  }
  @Get('leave') leave(@Sessions() sessions: RequestSessions) {
    sessions.clear(RoomSession);
  }
  @Get('bump') bump(@CurrentSession() room: RoomSession) {
    room.messages += 1;
  }
  @Public() @Get('me') me(@CurrentSession({ optional: true }) session?: RoomSession) {
    return session ?? {};
  }
}

const said = (data: unknown): WsResponse<unknown> => ({ event: 'said', data });
let during: (() => Promise<unknown>) | undefined;

class Handlers {
  async handleConnection(client: object, ...rest: object[]): Promise<void> {
    const session = await sessionsOf(rest[0] ?? client).get(RoomSession);
    if (session) session.sockets += 1;
  }
  @Public() @SubscribeMessage('say') say(@CurrentSession() session: RoomSession) {
    session.messages += 1;
    return said({ name: session.name, messages: session.messages });
  }
  @Public() @SubscribeMessage('stream') stream(@CurrentSession() session: RoomSession) {
    session.messages += 1;
    return of(said(session.messages));
  }
  @Public() @SubscribeMessage('required') required(@CurrentSession({ required: true }) session: RoomSession) {
    return said(session.name);
  }
  @Public() @RequireSession(RoomSession) @SubscribeMessage('guarded') guarded() {
    return said('in');
  }
  @SubscribeMessage('everywhere') everywhere() {
    return said('in');
  }
  @Public() @SubscribeMessage('clash') async clash(@CurrentSession() session: RoomSession) {
    await during?.();
    session.messages += 10;
    return said('done');
  }
  @Public() @SubscribeMessage('sealed') sealed(@CurrentSession() session: SealedSession) {
    session.visits += 1;
    return said('done');
  }
  @Public() @SubscribeMessage('look') look(@CurrentSession() session: SealedSession) {
    return said(session.visits);
  }
  @Public() @SubscribeMessage('throws') throws(@CurrentSession() session: RoomSession) {
    session.name = 'thrown';
    throw new Error('The application said no');
  }
  @Public() @SubscribeMessage('by-hand') async byHand(...[client]: object[]) {
    const session = await sessionsOf(client!).get(RoomSession);
    if (session) session.name = 'lost';
    return said(session?.messages ?? 'nobody');
  }
  @Public() @SubscribeMessage('saved') async saved(...[client]: object[]) {
    const sessions = sessionsOf(client!);
    const session = await sessions.get(RoomSession);
    session!.name = 'saved';
    await sessions.save();
    return said('done');
  }
}

const cases = platforms.flatMap((platform) => socketKinds.map((kind) => ({ platform, kind })));

describe.each(cases)('sessions over $kind.name on $platform.name', ({ platform, kind }) => {
  let running: RunningApp;
  let otherUrl: string;
  let down = false;
  let events: SessionEvent[];
  let reported: ((event: SessionEvent) => void) | undefined;

  class FailingStorage extends SessionStorageMemory {
    override replace(...args: Parameters<SessionStorageMemory['replace']>) {
      return down ? Promise.reject(new Error('down')) : super.replace(...args);
    }
  }

  beforeAll(async () => {
    @WebSocketGateway()
    class RoomGateway extends Handlers {}

    const port = await freePort();
    @WebSocketGateway(port)
    class OtherGateway extends Handlers {}

    otherUrl = `http://127.0.0.1:${port}`;
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [RoomSession, SealedSession],
          storage: new FailingStorage(),
          allowedOrigins: ['https://friend.example'],
          onEvent: (event) => {
            events.push(event);
            reported?.(event);
          },
        }),
      ],
      controllers: [RoomController],
      providers: [
        RoomGateway,
        OtherGateway,
        { provide: APP_GUARD, useValue: RequireSessionGuard.everywhere(RoomSession) },
      ],
      prepare: (app) => kind.prepare(app),
    });
  });
  beforeEach(() => {
    events = [];
    down = false;
    during = undefined;
  });
  afterAll(() => running.close());

  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.close();
  });

  async function connect(cookie = '', headers: Record<string, string> = {}, url = running.url): Promise<Socket> {
    const socket = await kind.connect(url, { ...(cookie ? { cookie } : {}), ...headers });
    sockets.push(socket);
    return socket;
  }

  async function enter(): Promise<string> {
    const answer = await ask(`${running.url}/enter`);
    return `${answer.cookie('room')}; ${answer.cookie('sealed')}`;
  }

  const me = async (cookie: string) => (await ask(`${running.url}/me`, { cookie })).json<Partial<RoomSession>>();
  const nextEvent = (type: SessionEvent['type']): Promise<SessionEvent> =>
    new Promise((resolve) => {
      reported = (event) => event.type === type && resolve(event);
    });
  const exception = (code: string) => ({
    event: 'exception',
    data: { status: 'error', code, message: expect.any(String) as string },
  });

  it('are those of the upgrade request, without code in the application', async () => {
    const cookie = await enter();
    const socket = await connect(cookie);
    expect(await socket.ask('say')).toEqual({ event: 'said', data: { name: 'ada', messages: 1 } });
    expect(await socket.ask('stream')).toEqual({ event: 'said', data: 2 });
    expect(await me(cookie)).toMatchObject({ messages: 2 });
  });

  it('are found by a gateway on a separate port', async () => {
    const cookie = await enter();
    const socket = await connect(cookie, {}, otherUrl);
    expect(await socket.ask('say')).toEqual({ event: 'said', data: { name: 'ada', messages: 1 } });
    expect(await socket.ask('by-hand')).toEqual({ event: 'said', data: 1 });
  });

  it('are stored after handleConnection', async () => {
    const cookie = await enter();
    const changed = nextEvent('changed');
    await connect(cookie);
    await changed;
    expect(await me(cookie)).toMatchObject({ sockets: 1 });
  });

  it('are read again for each message, with decorators and sessionsOf', async () => {
    const cookie = await enter();
    const socket = await connect(cookie);
    expect(await socket.ask('guarded')).toEqual({ event: 'said', data: 'in' });
    expect(await socket.ask('by-hand')).toEqual({ event: 'said', data: 0 });
    await ask(`${running.url}/leave`, { cookie });
    expect(await socket.ask('guarded')).toEqual(exception('UNAUTHENTICATED'));
    expect(await socket.ask('required')).toEqual(exception('UNAUTHENTICATED'));
    expect(await socket.ask('everywhere')).toEqual(exception('UNAUTHENTICATED'));
    expect((await socket.ask('by-hand')).data).toBe('nobody');
  });

  it('give UNAUTHENTICATED to a client without a session', async () => {
    const socket = await connect();
    for (const event of ['guarded', 'required', 'everywhere']) {
      expect(await socket.ask(event)).toEqual({
        event: 'exception',
        data: { status: 'error', code: 'UNAUTHENTICATED', message: 'Unauthorized' },
      });
    }
  });

  it('give an error if they cannot be stored', async () => {
    const cookie = await enter();
    const socket = await connect(cookie);
    down = true;
    expect(await socket.ask('say')).toEqual(exception('SESSION_STORAGE_UNAVAILABLE'));
    expect(await socket.ask('stream')).toEqual(exception('SESSION_STORAGE_UNAVAILABLE'));
    down = false;
    expect(await me(cookie)).toMatchObject({ messages: 0 });
  });

  it('give the conflict of two changes', async () => {
    const cookie = await enter();
    const socket = await connect(cookie);
    during = () => ask(`${running.url}/bump`, { cookie });
    expect(await socket.ask('clash')).toEqual(exception('SESSION_CONFLICT'));
  });

  it('refuse a by-value change before the reply, with the reason', async () => {
    const socket = await connect(await enter());
    expect(await socket.ask('look')).toEqual({ event: 'said', data: 1 });
    expect(await socket.ask('sealed')).toEqual({
      event: 'exception',
      data: {
        status: 'error',
        code: 'SESSION_TOO_LATE',
        message: 'The session cannot be changed over this connection.',
      },
    });
  });

  it('store no change of a handler that throws', async () => {
    const cookie = await enter();
    const socket = await connect(cookie);
    // Nest 11 does not send application errors to a native socket.
    await Promise.race([socket.ask('throws'), socket.ask('look')]);
    expect(await me(cookie)).toMatchObject({ name: 'ada' });
  });

  it('report a change by sessionsOf that is not stored, and store one with save()', async () => {
    const cookie = await enter();
    const connected = nextEvent('changed');
    const socket = await connect(cookie);
    await connected;
    const late = nextEvent('too-late');
    await socket.ask('by-hand');
    expect(await late).toMatchObject({ type: 'too-late', session: 'room', connection: true });
    expect(await me(cookie)).toMatchObject({ name: 'ada' });
    await socket.ask('saved');
    expect(await me(cookie)).toMatchObject({ name: 'saved' });
  });

  it.each(['https://evil.example', 'null', 'http://127.0.0.1.evil.example', 'no origin'])(
    'are not available to a socket that a page of %s opened',
    async (origin) => {
      const socket = await connect(await enter(), { origin });
      expect(await socket.ask('guarded')).toEqual(exception('UNAUTHENTICATED'));
      expect(await socket.ask('guarded')).toEqual(exception('UNAUTHENTICATED'));
      const foreign = events.filter(({ type }) => type === 'foreign-origin');
      expect(foreign).toHaveLength(1);
    },
  );

  it('are available to a page of the same host and of an allowed origin', async () => {
    const cookie = await enter();
    for (const origin of [running.url, 'https://friend.example']) {
      const socket = await connect(cookie, { origin });
      expect(await socket.ask('guarded')).toEqual({ event: 'said', data: 'in' });
    }
    expect(events.map(({ type }) => type)).not.toContain('foreign-origin');
  });
});

describe('a refusal that Nest 11 only emits on the server', () => {
  it('is sent only to the client of a native WebSocket', () => {
    class FakeSocket extends EventEmitter {
      readonly readyState = 1;
      readonly sent: string[] = [];
      send(text: string): void {
        this.sent.push(text);
      }
    }
    const socket = new FakeSocket();
    forwardExceptions(socket);
    socket.emit('exception', { status: 'error', message: "the application's own" });
    socket.emit('exception', clientError('UNAUTHENTICATED', 'Unauthorized'));
    expect(socket.sent).toEqual([
      '{"event":"exception","data":{"status":"error","code":"UNAUTHENTICATED","message":"Unauthorized"}}',
    ]);
  });
});
