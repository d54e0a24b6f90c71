import { Controller, Get, Inject } from '@nestjs/common';
import {
  SubscribeMessage,
  WebSocketGateway,
  WsException,
  type OnGatewayConnection,
  type WsResponse,
} from '@nestjs/websockets';
import {
  CurrentSession,
  RequireSession,
  Session,
  Sessions,
  SessionsModule,
  SessionsService,
  type RequestSessions,
} from 'nestjs-sessions';
import type { IncomingMessage } from 'node:http';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { socketKinds, type Message, type Socket } from '../support/sockets.js';

@Session('room', { tracker: 'by-id' })
class RoomSession {
  name = 'nobody';
  messages = 0;
}

@Session('sealed')
class SealedSession {
  visits = 0;
}

@Controller()
class RoomController {
  @Get('enter') enter(@CurrentSession() session: RoomSession) {
    session.name = 'ada';
    return 'ok';
  }
  @Get('leave') leave(@Sessions() sessions: RequestSessions) {
    sessions.clear(RoomSession);
  }
  @Get('me') me(@CurrentSession({ optional: true }) session?: RoomSession) {
    return session ?? {};
  }
}

const ws = socketKinds.find(({ name }) => name === 'ws')!;
let entered = 0;

@WebSocketGateway({ path: '/room' })
class RoomGateway implements OnGatewayConnection {
  constructor(@Inject(SessionsService) readonly service: SessionsService) {}

  handleConnection(client: { request?: unknown }, request: IncomingMessage): void {
    client.request = request;
  }
  @SubscribeMessage('say') say(@CurrentSession() session: RoomSession): WsResponse<unknown> {
    session.messages += 1;
    return { event: 'said', data: { name: session.name, messages: session.messages } };
  }
  @SubscribeMessage('guarded') @RequireSession(RoomSession) guarded(): WsResponse<unknown> {
    entered += 1;
    return { event: 'guarded', data: 'in' };
  }
  @SubscribeMessage('set') set(@Sessions() sessions: RequestSessions): WsResponse<unknown> {
    try {
      sessions.set(new SealedSession());
      return { event: 'set', data: 'done' };
    } catch (error) {
      if (error instanceof WsException) throw error;
      return { event: 'set', data: (error as { code?: string }).code };
    }
  }
}

describe.each(platforms)('sessions of a WebSocket on $name', (platform) => {
  let running: RunningApp;
  beforeAll(async () => {
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [RoomSession, SealedSession] })],
      controllers: [RoomController],
      providers: [RoomGateway],
      prepare: ws.prepare,
    });
  });
  afterAll(() => running.close());

  const connect = (cookie: string): Promise<Socket> => ws.connect(`${running.url}/room`, { cookie });

  // Nest 11 sends no refusal to a native WebSocket, so the next reply may be that of the next message.
  async function expectRefused(socket: Socket): Promise<void> {
    const before = entered;
    void socket.ask('guarded');
    expect((await socket.ask('set')).event).not.toBe('guarded');
    expect(entered).toBe(before);
  }

  async function talk(cookie: string, ...events: string[]): Promise<Message[]> {
    const socket = await connect(cookie);
    const answers: Message[] = [];
    for (const event of events) answers.push(await socket.ask(event));
    socket.close();
    return answers;
  }

  it('are those of the upgrade request, and changes of a by-id session are stored', async () => {
    const cookie = (await ask(`${running.url}/enter`)).cookie('room');
    expect(await talk(cookie, 'say', 'say')).toEqual([
      { event: 'said', data: { name: 'ada', messages: 1 } },
      { event: 'said', data: { name: 'ada', messages: 2 } },
    ]);
    expect((await ask(`${running.url}/me`, { cookie })).json()).toEqual({ name: 'ada', messages: 2 });
  });

  it('are read again for each message, so that a session ended elsewhere is ended here', async () => {
    const cookie = (await ask(`${running.url}/enter`)).cookie('room');
    const socket = await connect(cookie);
    expect(await socket.ask('guarded')).toEqual({ event: 'guarded', data: 'in' });
    await ask(`${running.url}/leave`, { cookie });
    await expectRefused(socket);
    socket.close();
  });

  it('guard a message', async () => {
    const cookie = (await ask(`${running.url}/enter`)).cookie('room');
    expect(await talk(cookie, 'guarded')).toEqual([{ event: 'guarded', data: 'in' }]);
    const stranger = await connect('');
    await expectRefused(stranger);
    stranger.close();
  });

  it('throw if they must be sent to the client', async () => {
    expect(await talk('', 'set')).toEqual([{ event: 'set', data: 'SESSION_TOO_LATE' }]);
  });
});
