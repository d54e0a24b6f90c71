import { Controller, Get } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
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
import { io, type Socket } from 'socket.io-client';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { until } from '../support/until.js';

@Session('player', { tracker: 'by-id' })
class PlayerSession {
  name = 'nobody';
  points = 0;
  sockets = 0;
}

@Controller()
class PlayerController {
  @Get('enter') enter(@CurrentSession() session: PlayerSession) {
    session.name = 'ada';
  }
  @Get('leave') leave(@Sessions() sessions: RequestSessions) {
    sessions.clear(PlayerSession);
  }
  @Get('me') me(@CurrentSession({ optional: true }) session?: PlayerSession) {
    return session ?? {};
  }
}

class Handlers {
  async handleConnection(client: object): Promise<void> {
    const session = await sessionsOf(client).get(PlayerSession);
    if (session) session.sockets += 1;
  }
  @SubscribeMessage('who') who(@CurrentSession({ optional: true }) session?: PlayerSession) {
    return session?.name ?? 'nobody';
  }
  @RequireSession(PlayerSession) @SubscribeMessage('score') score(@CurrentSession() session: PlayerSession) {
    return (session.points += 1);
  }
}

@WebSocketGateway()
class GameGateway extends Handlers {}

@WebSocketGateway({ namespace: 'rooms' })
class RoomGateway extends Handlers {}

const ways = [
  { way: 'by polling alone', transports: ['polling'], path: '' },
  { way: 'by polling that becomes a WebSocket', transports: ['polling', 'websocket'], path: '' },
  { way: 'by a WebSocket in a namespace', transports: ['websocket'], path: '/rooms' },
  { way: 'by polling in a namespace', transports: ['polling'], path: '/rooms' },
];
const cases = platforms.flatMap((platform) => ways.map((way) => ({ platform, ...way })));

describe.each(cases)('socket.io $way on $platform.name', ({ platform, transports, path }) => {
  let running: RunningApp;
  let down = false;
  class FailingStorage extends SessionStorageMemory {
    override replace(...args: Parameters<SessionStorageMemory['replace']>) {
      return down ? Promise.reject(new Error('down')) : super.replace(...args);
    }
  }

  const sockets: Socket[] = [];
  beforeAll(async () => {
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [PlayerSession], storage: new FailingStorage() })],
      controllers: [PlayerController],
      providers: [GameGateway, RoomGateway],
      prepare: (app) => void app.useWebSocketAdapter(new IoAdapter(app)),
    });
  });
  afterEach(async () => {
    down = false;
    for (const socket of sockets.splice(0)) {
      // Polling sends this in a separate request.
      const closed = new Promise((resolve) => socket.io.engine.once('close', resolve));
      socket.close();
      await closed;
    }
  });
  afterAll(() => running.close());

  async function connect(cookie: string): Promise<Socket> {
    const socket = io(running.url + path, {
      transports,
      extraHeaders: { cookie },
      forceNew: true,
      reconnection: false,
    });
    sockets.push(socket);
    await new Promise((resolve, reject) => socket.once('connect', () => resolve(0)).once('connect_error', reject));
    return socket;
  }
  const enter = async (): Promise<string> => (await ask(`${running.url}/enter`)).cookie('player');
  const me = async (cookie: string) => (await ask(`${running.url}/me`, { cookie })).json<Partial<PlayerSession>>();
  /** The acknowledgement of an event, or the exception. */
  const send = (socket: Socket, event: string): Promise<unknown> =>
    new Promise((resolve) => {
      socket.once('exception', resolve);
      socket.emit(event, {}, resolve);
    });

  it('has the session of its handshake, and stores it before the acknowledgement', async () => {
    const cookie = await enter();
    const socket = await connect(cookie);
    // Stored after the connection is accepted.
    await until(async () => (await me(cookie)).sockets === 1);
    expect(await send(socket, 'who')).toBe('ada');
    expect(await send(socket, 'score')).toBe(1);
    expect(await me(cookie)).toMatchObject({ points: 1, sockets: 1 });
    expect(await send(socket, 'score')).toBe(2);
    expect(await me(cookie)).toMatchObject({ points: 2 });
  });

  it('loses the session when it ends', async () => {
    const cookie = await enter();
    const socket = await connect(cookie);
    expect(await send(socket, 'who')).toBe('ada');
    await ask(`${running.url}/leave`, { cookie });
    expect(await send(socket, 'who')).toBe('nobody');
    expect(await send(socket, 'score')).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('sends the error instead of the acknowledgement if the session is not stored', async () => {
    const cookie = await enter();
    const socket = await connect(cookie);
    await send(socket, 'who');
    down = true;
    expect(await send(socket, 'score')).toMatchObject({ code: 'SESSION_STORAGE_UNAVAILABLE' });
    down = false;
    expect(await me(cookie)).toMatchObject({ points: 0 });
  });
});
