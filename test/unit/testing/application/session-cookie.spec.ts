import { Body, Controller, Get, Post, type INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, normalize } from 'node:path';
import {
  CurrentSession,
  RequireSession,
  Session,
  SESSIONS_MODULE_OPTIONS,
  SessionOwner,
  Sessions,
  SessionsModule,
  sessionsOf,
  type RequestSessions,
} from 'nestjs-sessions';
import {
  endedSession,
  expiredSession,
  FakeClock,
  sessionCookie,
  sessionMatchers,
  sessionOf,
  SessionsTestingModule,
  sessionsTestingOptions,
  type SessionMatchers,
} from 'nestjs-sessions/testing';
import request from 'supertest';
import ts from 'typescript';
import { WebSocket, WebSocketServer } from 'ws';

declare global {
  namespace jest {
    interface Matchers<R> extends SessionMatchers<R> {}
  }
}

@Session('account', { tracker: 'by-id' })
class AccountSession {
  @SessionOwner() userId?: string;
  roles: string[] = [];
}

@Session('settings', { idleTimeoutInSeconds: 3600 })
class SettingsSession {
  theme = 'light';
}

@Session('X-Client', { transport: 'header' })
class ClientSession {
  name = '';
}

const account = (userId: string, roles: string[] = []) => Object.assign(new AccountSession(), { userId, roles });
const settings = (theme: string) => Object.assign(new SettingsSession(), { theme });

@Controller()
class PageController {
  @Get('me')
  @RequireSession(AccountSession)
  me(@CurrentSession() session: AccountSession): object {
    return { userId: session.userId, roles: session.roles };
  }

  @Get('theme')
  theme(@CurrentSession() session: SettingsSession): object {
    return { theme: session.theme };
  }

  @Get('client')
  client(@CurrentSession({ required: true }) session: ClientSession): object {
    return { name: session.name };
  }

  @Post('login')
  login(@Body('userId') userId: string, @CurrentSession() session: AccountSession): void {
    session.userId = userId;
  }

  @Post('logout')
  logout(@Sessions() sessions: RequestSessions): void {
    sessions.clear(AccountSession);
  }
}

let app: INestApplication;
expect.extend(sessionMatchers(() => app));

describe.each([
  { name: 'express', adapter: () => new ExpressAdapter() },
  { name: 'fastify', adapter: () => new FastifyAdapter() },
])('helpers for tests of an application on $name', ({ adapter, name }) => {
  const server = () => app.getHttpServer() as Parameters<typeof request>[0];

  beforeEach(async () => {
    const module = await Test.createTestingModule({
      imports: [SessionsTestingModule.forRoot({ sessions: [AccountSession, SettingsSession, ClientSession] })],
      controllers: [PageController],
    }).compile();
    app = module.createNestApplication(adapter(), { logger: false });
    await app.init();
    if (name === 'fastify') await (app as NestFastifyApplication).getHttpAdapter().getInstance().ready();
  });

  afterEach(() => app.close());

  it('gives a client sessions by id, by value and in a header, all at once', async () => {
    const client = Object.assign(new ClientSession(), { name: 'cli' });
    const headers = await sessionCookie(app, account('ada', ['admin']), settings('dark'), client);
    expect(Object.keys(headers)).toEqual(['cookie', 'x-client']);
    await request(server())
      .get('/me')
      .set(headers)
      .expect({ userId: 'ada', roles: ['admin'] });
    await request(server()).get('/theme').set(headers).expect({ theme: 'dark' });
    await request(server()).get('/client').set(headers).expect({ name: 'cli' });
  });

  it('serves fetch and WebSocket clients', async () => {
    await app.listen(0, '127.0.0.1');
    const headers = await sessionCookie(app, account('ada'));
    const http = app.getHttpServer() as Server;
    const address = (http.address() as AddressInfo).port;
    expect(await (await fetch(`http://127.0.0.1:${address}/me`, { headers })).json()).toMatchObject({ userId: 'ada' });

    const sockets = new WebSocketServer({ server: http });
    sockets.on('connection', (socket, upgrade) => {
      void sessionsOf(upgrade)
        .get(AccountSession)
        .then((session) => socket.send(String(session?.userId)));
    });
    const socket = new WebSocket(`ws://127.0.0.1:${address}`, { headers });
    const message = await new Promise((resolve) => socket.once('message', resolve));
    expect(String(message)).toBe('ada');
    socket.terminate();
    sockets.close();
  });

  it('refuses an ended and an expired session as the application does', async () => {
    await request(server())
      .get('/me')
      .set(await endedSession(app, account('ada')))
      .expect(401);
    await request(server())
      .get('/me')
      .set(await expiredSession(app, account('ada')))
      .expect(401);
    await request(server())
      .get('/theme')
      .set(await expiredSession(app, settings('dark')))
      .expect({ theme: 'light' });
    await expect(endedSession(app, settings('dark'))).rejects.toThrow('Use expiredSession()');
  });

  it('reads back what a response, an agent or given headers hold', async () => {
    const agent = request.agent(server());
    const response = await agent.post('/login').send({ userId: 'grace' }).expect(201);
    expect((await sessionOf(app, response, AccountSession))?.userId).toBe('grace');
    expect((await sessionOf(app, agent, AccountSession))?.userId).toBe('grace');
    expect((await sessionOf(app, agent.jar, AccountSession))?.userId).toBe('grace');
    expect((await sessionOf(app, await sessionCookie(app, settings('dark')), SettingsSession))?.theme).toBe('dark');
    expect(await sessionOf(app, response, SettingsSession)).toBeUndefined();
    const loggedOut = await agent.post('/logout').expect(201);
    expect(await sessionOf(app, loggedOut, AccountSession)).toBeUndefined();
    expect(await sessionOf(app, agent, AccountSession)).toBeUndefined();
  });

  it("reads fetch's Response and the jar of tough-cookie", async () => {
    const headers = new Headers();
    const { cookie } = await sessionCookie(app, account('ada'));
    headers.append('set-cookie', `${cookie}; Path=/; HttpOnly`);
    expect((await sessionOf(app, new Response(null, { headers }), AccountSession))?.userId).toBe('ada');
    const [key, value] = cookie!.split('=');
    const jar = { setCookie: () => undefined, toJSON: () => ({ cookies: [{ key: key!, value: value! }] }) };
    expect((await sessionOf(app, jar, AccountSession))?.userId).toBe('ada');
  });

  it('has matchers that say what they found', async () => {
    const agent = request.agent(server());
    const response = await agent.post('/login').send({ userId: 'grace' });
    await expect(response).toHaveSession(AccountSession, { userId: 'grace', roles: [] });
    await expect(response).not.toHaveSession(AccountSession, { userId: 'ada' });
    await expect(response).not.toClearSession(AccountSession);
    await expect(expect(response).toHaveSession(AccountSession, { userId: 'ada' })).rejects.toThrow(
      "Expected session AccountSession with { userId: 'ada' }, found AccountSession",
    );
    await expect(expect(response).toHaveSession(SettingsSession)).rejects.toThrow('found none');
    await expect(await agent.post('/logout')).toClearSession(AccountSession);
  });

  it('moves lifetimes and storage by the FakeClock that it provides', async () => {
    const headers = await sessionCookie(app, account('ada'), settings('dark'));
    app.get(FakeClock).advance(3600_000);
    await request(server()).get('/theme').set(headers).expect({ theme: 'light' });
    await request(server()).get('/me').set(headers).expect(200);
    app.get(FakeClock).advance(7 * 24 * 3600_000);
    await request(server()).get('/me').set(headers).expect(401);
  });

  if (name === 'fastify') {
    it('serves inject', async () => {
      const fastify = app as NestFastifyApplication;
      const answer = await fastify.inject({ url: '/me', headers: await sessionCookie(app, account('ada')) });
      expect(answer.json()).toEqual({ userId: 'ada', roles: [] });
      const login = await fastify.inject({ method: 'POST', url: '/login', payload: { userId: 'grace' } });
      expect((await sessionOf(app, login, AccountSession))?.userId).toBe('grace');
    });
  }
});

describe('toClearSession', () => {
  it('looks for the cookie by the name that it has with its prefix', async () => {
    const module = await Test.createTestingModule({
      imports: [SessionsTestingModule.forRoot({ sessions: [SettingsSession], cookie: { prefix: '__Host-' } })],
    }).compile();
    app = module.createNestApplication();
    const headers = { 'set-cookie': ['__Host-settings=; Max-Age=0; Path=/; Secure'] };
    await expect({ headers }).toClearSession(SettingsSession);
    await expect({ headers: { 'set-cookie': ['settings=; Max-Age=0'] } }).not.toClearSession(SettingsSession);
  });
});

describe('SessionsTestingModule', () => {
  it('takes the place of an application’s own options', async () => {
    const module = await Test.createTestingModule({
      imports: [SessionsModule.forRoot({ keys: [undefined], sessions: [SettingsSession] })],
    })
      .overrideProvider(SESSIONS_MODULE_OPTIONS)
      .useValue(sessionsTestingOptions({ sessions: [SettingsSession] }))
      .compile();
    const headers = await sessionCookie(module, settings('dark'));
    expect((await sessionOf(module, headers, SettingsSession))?.theme).toBe('dark');
  });

  it('does not run in production, where its key is known to everybody', async () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(SessionsTestingModule.forRoot()).rejects.toThrow('uses a public key');
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it('shares an entry with the storage contract that imports no NestJS before it is called', () => {
    const packages = new Set<string>();
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022);
      for (const statement of source.statements) {
        const isImport = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
        if (!isImport || !statement.moduleSpecifier) continue;
        const { text } = statement.moduleSpecifier as ts.StringLiteral;
        if (text.startsWith('.')) visit(normalize(join(dirname(file), text.replace(/\.js$/, '.ts'))));
        else packages.add(text);
      }
    };
    visit('src/testing/index.ts');
    expect(seen.size).toBeGreaterThan(40);
    expect([...packages].filter((one) => one.startsWith('@nestjs') || one === 'rxjs')).toEqual([]);
  });
});
