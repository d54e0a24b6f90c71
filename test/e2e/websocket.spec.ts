import { Controller, Get, Inject } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
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
import { WebSocket } from 'ws';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

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
      prepare: (app) => void app.useWebSocketAdapter(new WsAdapter(app)),
    });
  });
  afterAll(() => running.close());

  type Message = { event: string; data: unknown };

  async function connect(cookie: string): Promise<WebSocket> {
    const socket = new WebSocket(`${running.url.replace('http', 'ws')}/room`, { headers: { cookie } });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return socket;
  }

  async function say(socket: WebSocket, event: string): Promise<Message> {
    const answer = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
    socket.send(JSON.stringify({ event, data: {} }));
    return JSON.parse(await answer) as Message;
  }

  // Nest 11 sends no refusal to a native WebSocket, so the next reply may be that of the next message.
  async function expectRefused(socket: WebSocket): Promise<void> {
    const before = entered;
    socket.send(JSON.stringify({ event: 'guarded', data: {} }));
    expect((await say(socket, 'set')).event).not.toBe('guarded');
    expect(entered).toBe(before);
  }

  async function talk(cookie: string, ...events: string[]): Promise<Message[]> {
    const socket = await connect(cookie);
    const answers: Message[] = [];
    for (const event of events) answers.push(await say(socket, event));
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
    expect(await say(socket, 'guarded')).toEqual({ event: 'guarded', data: 'in' });
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
