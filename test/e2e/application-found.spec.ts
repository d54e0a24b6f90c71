import { Controller, Get, Inject, Post, RequestMethod } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { CurrentSession, Session, SessionsModule, SessionsService, sessionsOf } from 'nestjs-sessions';
import express from 'express';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('sid', { tracker: 'by-id' })
class UserSession {
  name = 'nobody';
}

@Controller()
class UserController {
  @Get('login') login(@CurrentSession() session: UserSession) {
    session.name = 'ada';
  }
}

async function nameIn(request: object): Promise<string> {
  try {
    return (await sessionsOf(request).get(UserSession))?.name ?? 'nobody';
  } catch (error) {
    return (error as Error).message;
  }
}

function sendName(request: express.Request, response: express.Response): void {
  void nameIn(request).then((name) => response.send(name));
}

describe('the application of a request', () => {
  const panel = express().get('/', sendName);
  const outer = express().use('/inner', express().use('/panel', panel));
  let running: RunningApp;
  let own: Server;
  let url: string;
  let cookie: string;

  beforeAll(async () => {
    const server = express();
    running = await startApp(platforms[0]!, {
      imports: [SessionsModule.forRoot({ sessions: [UserSession] })],
      controllers: [UserController],
      adapter: new ExpressAdapter(server),
      prepare: (app) => {
        app.use('/panel', panel);
        app.use('/outer', outer);
      },
    });
    // As in Nest's documentation for several servers.
    own = createServer(server).listen(0, '127.0.0.1');
    own.on('upgrade', (request, socket) => {
      void nameIn(request).then((name) => socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${name}`));
    });
    await new Promise((resolve) => own.once('listening', resolve));
    url = `http://127.0.0.1:${(own.address() as AddressInfo).port}`;
    cookie = (await ask(`${url}/login`)).cookie('sid');
  });
  afterAll(async () => {
    own.closeAllConnections();
    own.close();
    await running.close();
  });

  it('is found in an Express application with another one mounted in it', async () => {
    expect((await ask(`${url}/panel`, { cookie })).text).toBe('ada');
    expect((await ask(`${url}/outer/inner/panel`, { cookie })).text).toBe('ada');
  });

  it('is found for a server that other code created, also for an upgrade', async () => {
    const name = await new Promise<string>((resolve, reject) => {
      const request = httpRequest(url, { headers: { cookie, connection: 'Upgrade', upgrade: 'x' } }, (response) => {
        response.setEncoding('utf8');
        let text = '';
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text));
      });
      request.on('error', reject);
      request.end();
    });
    expect(name).toBe('ada');
  });

  it('throws an error that lists the searched places if it is not found', async () => {
    const stranger = express().get('/', sendName);
    const server = createServer(stranger).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { text } = await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(text).toContain(
      'Looked at: its Express application and those that it is mounted in; the server of its connection and what listens there.',
    );
    server.closeAllConnections();
    server.close();
  });
});

@Controller()
class PageController {
  constructor(@Inject(SessionsService) private readonly sessions: SessionsService) {}

  async #name(): Promise<string> {
    return (await this.sessions.current.get(UserSession))?.name ?? 'nobody';
  }
  @Get() root() {
    return this.#name();
  }
  @Get('health') health() {
    return this.#name();
  }
  @Post('items') items() {
    return this.#name();
  }
}

const prefixes = [[], ['health'], [{ path: '/', method: RequestMethod.GET }]];
const currentCases = platforms.flatMap((platform) => prefixes.map((exclude) => ({ platform, exclude })));

describe.each(currentCases)('SessionsService.current on $platform.name without $exclude', ({ platform, exclude }) => {
  it('is available on every route', async () => {
    const running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [UserSession], asyncLocalStorage: true })],
      controllers: [PageController, UserController],
      prepare: (app) => void app.setGlobalPrefix('api', { exclude }),
    });
    const cookie = (await ask(`${running.url}/api/login`)).cookie('sid');
    const answers: string[] = [];
    for (const path of ['/', '/health', '/api', '/api/health']) {
      const answer = await ask(running.url + path, { cookie });
      if (answer.status !== 404) answers.push(answer.text);
    }
    const body = JSON.stringify({ text: 'x'.repeat(50_000) });
    const headers = { 'content-type': 'application/json' };
    answers.push((await ask(`${running.url}/api/items`, { method: 'POST', cookie, headers, body })).text);
    expect(answers).toEqual(['ada', 'ada', 'ada']);
    await running.close();
  });
});
