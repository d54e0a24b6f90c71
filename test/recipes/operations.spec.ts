import { Controller, Get, Module, Post } from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { ClientsModule, Transport } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import * as Sentry from '@sentry/nestjs';
import {
  CurrentSession,
  Session,
  Sessions,
  SessionsModule,
  SessionsService,
  SessionStorageMemory,
  type RequestSessions,
} from 'nestjs-sessions';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from 'redis';
import { ask } from '../support/client.js';
import { runDoc } from '../support/doc-blocks.js';
import { platforms, startApp, type Platform, type RunningApp, type StartOptions } from '../support/platforms.js';
import { startRedis, uniqueName, type RedisServer } from '../support/servers.js';

const KEY = 'Zs3VQb0p6mYw1kRr9Xc8Tn5Jd2Lf7HgA4eUoQvWyBtI';
const fastify: Platform = platforms[1]!;

class Visit {
  count = 0;
}

@Controller()
class VisitController {
  @Get() visit(@CurrentSession(Visit) session: Visit): string {
    return `visit ${++session.count}`;
  }
}

const closing: Array<() => unknown> = [];
const environment = { ...process.env };
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  process.env = { ...environment };
});

async function start(platform: Platform, options: StartOptions): Promise<RunningApp> {
  const running = await startApp(platform, options);
  closing.push(running.close);
  return running;
}

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('docs/serverless.md', () => {
  it('answers the events of a gateway, with sessions', async () => {
    const name = uniqueName();
    @Module({
      imports: [SessionsModule.forRoot({ sessions: [{ type: Visit, name }] })],
      controllers: [VisitController],
    })
    class AppModule {}
    const created: Array<{ close(): Promise<void> }> = [];
    const core = {
      NestFactory: {
        create: async (...args: [unknown, unknown]) => {
          const made = await NestFactory.create(args[0] as never, args[1] as never, { logger: false });
          created.push(made);
          return made;
        },
      },
    };
    const { handler } = await runDoc('docs/serverless.md', 0, {
      './app.module.js': { AppModule },
      '@nestjs/core': core,
    });
    closing.push(() => created[0]!.close());
    const gateway = await listen(
      createServer((request, response) => {
        const respond = async (): Promise<void> => {
          const { pathname, search } = new URL(request.url!, 'http://gateway');
          const { cookie, ...headers } = request.headers;
          const body = await bodyOf(request);
          const answer = await handler({
            rawPath: pathname,
            rawQueryString: search.slice(1),
            headers,
            ...(cookie && { cookies: cookie.split('; ') }),
            ...(body.length > 0 && { body: body.toString('base64') }),
            isBase64Encoded: true,
            requestContext: { http: { method: request.method } },
          });
          response.writeHead(answer.statusCode, { ...answer.headers, 'set-cookie': answer.cookies }).end(answer.body);
        };
        void respond();
      }),
    );
    const first = await ask(gateway);
    expect([first.status, first.text]).toEqual([200, 'visit 1']);
    expect((await ask(gateway, { cookie: first.cookie(name) })).text).toBe('visit 2');
    expect((await ask(`${gateway}/nowhere`, { method: 'POST', body: 'x' })).status).toBeGreaterThanOrEqual(400);
  });
});

describe('docs/observability.md', () => {
  it('measures sessions with OpenTelemetry', async () => {
    process.env['SESSION_KEY'] = KEY;
    const { AppModule } = await runDoc('docs/observability.md', 0);
    const { url } = await start(fastify, {
      imports: [AppModule, SessionsModule.forFeature([{ type: Visit, name: 'visit', tracker: 'by-id' }])],
      controllers: [VisitController],
    });
    expect((await ask(url)).text).toBe('visit 1');
  });

  it('keeps cookies out of the log of pino', async () => {
    const { pinoHttpOptions } = await runDoc('docs/observability.md', 1);
    const lines: string[] = [];
    const adapter = new FastifyAdapter({
      logger: {
        level: 'info',
        redact: pinoHttpOptions.redact,
        // What pino-http logs of a request and a response.
        serializers: {
          req: ({ headers }: { headers: object }) => ({ headers }),
          res: (reply: { getHeaders?(): object }) => ({ headers: reply.getHeaders?.() }) as never,
        },
        stream: { write: (line: string) => void lines.push(line) },
      },
    });
    const { url } = await start(fastify, {
      adapter,
      imports: [SessionsModule.forRoot({ sessions: [{ type: Visit, name: 'visit' }] })],
      controllers: [VisitController],
    });
    const cookie = (await ask(url)).cookie('visit');
    await ask(url, { cookie, headers: { authorization: 'Bearer secret', 'x-session': 'secret' } });
    const log = lines.join('');
    expect(log).toContain('[redacted]');
    expect(log).not.toContain(cookie.slice('visit='.length));
    expect(log).not.toContain('secret');
  });

  it('removes cookies and session headers from what is sent to Sentry', async () => {
    const { beforeSend } = await runDoc('docs/observability.md', 2);
    const sent: string[] = [];
    const client = new Sentry.NodeClient({
      dsn: 'https://key@sentry.example/1',
      integrations: [Sentry.requestDataIntegration()],
      stackParser: Sentry.defaultStackParser,
      transport: () => ({
        send: async (envelope) => (sent.push(JSON.stringify(envelope)), {}),
        flush: async () => true,
      }),
      beforeSend,
      beforeSendTransaction: beforeSend,
    });
    client.init();
    const url = await listen(
      createServer((request, response) => {
        const scope = new Sentry.Scope();
        scope.setClient(client);
        const headers = request.headers as Record<string, string>;
        scope.setSDKProcessingMetadata({
          normalizedRequest: { url: request.url!, headers, cookies: { visit: 'secret-c' } },
        });
        scope.captureException(new Error('boom'));
        response.end();
      }),
    );
    await ask(url, {
      cookie: 'visit=secret-c',
      headers: { authorization: 'secret-a', 'x-session': 'secret-x', 'x-id': '7' },
    });
    const data = Sentry.httpHeadersToSpanAttributes({
      cookie: 'visit=secret-c',
      'set-cookie': 'visit=secret-s; HttpOnly',
      'x-session': 'secret-x',
      'x-id': '8',
    });
    const span = { span_id: 'a'.repeat(16), trace_id: 'b'.repeat(32), start_timestamp: 1 };
    client.captureEvent({
      type: 'transaction',
      contexts: { trace: { ...span, data: { ...data } } },
      spans: [{ ...span, data: { ...data } }],
    });
    await client.flush(1000);
    expect(sent.join()).toContain('"http.request.header.x_id":"8"');
    expect(sent.join()).toContain('boom');
    expect(sent.join()).toContain('"x-id":"7"');
    expect(sent.join()).not.toContain('secret');
  });
});

describe.each(platforms)('the recipes for operations, on $name', (platform) => {
  it('docs/monorepo.md registers the listed class, and refuses another at start', async () => {
    const { CartSession, ShopModule } = await runDoc('docs/monorepo.md', 0);
    @Controller()
    class CartController {
      @Post() add(@CurrentSession(CartSession) cart: any): number {
        return cart.items.push('book');
      }
    }
    const { url } = await start(platform, { imports: [ShopModule], controllers: [CartController] });
    const cookie = (await ask(url, { method: 'POST' })).cookie('cart');
    expect((await ask(url, { method: 'POST', cookie })).text).toBe('2');
    await expect(startApp(platform, { imports: [ShopModule], controllers: [VisitController] })).rejects.toThrow(
      /Visit/,
    );
  });

  it('docs/monorepo.md registers the sessions of a lazy module when it is loaded', async () => {
    const { DraftSession, loadDrafts } = await runDoc('docs/monorepo.md', 1);
    @Session('other')
    class OtherSession {}
    @Controller()
    class DraftController {
      @Get() async draft(@Sessions() sessions: RequestSessions): Promise<string> {
        return (await sessions.getOrSet<any>(DraftSession, () => Object.assign(new DraftSession(), { text: 'hello' })))
          .text;
      }
    }
    const { app, url } = await start(platform, {
      imports: [SessionsModule.forRoot({ sessions: [OtherSession] })],
      controllers: [DraftController],
    });
    expect((await ask(url)).status).toBe(500);
    await loadDrafts(app.get(LazyModuleLoader));
    expect((await ask(url)).text).toBe('hello');
  });

  it('docs/hot-reload.md closes the old application', async () => {
    const { app, url } = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [{ type: Visit, name: 'visit' }] })],
      controllers: [VisitController],
    });
    let dispose: () => Promise<void> = async () => {};
    const hot = { accept: () => {}, dispose: (callback: typeof dispose) => void (dispose = callback) };
    await runDoc('docs/hot-reload.md', 0, {}, { app, hot });
    expect((await ask(url, { headers: { connection: 'close' } })).text).toBe('visit 1');
    await dispose();
    await expect(ask(url)).rejects.toThrow();
  });

  it('docs/microservices.md puts the owner into the message, and a worker ends sessions', async () => {
    const { OrderController, OrderMessages, UserSession } = await runDoc('docs/microservices.md');
    const probe = createServer();
    const port = Number(new URL(await listen(probe)).port);
    await new Promise((resolve) => probe.close(resolve));
    const tcp = { transport: Transport.TCP, options: { host: '127.0.0.1', port } } as const;
    const storage = new SessionStorageMemory();
    const sessions = SessionsModule.forRoot({ keys: KEY, storage, sessions: [UserSession] });
    @Controller()
    class LoginController {
      @Post('login') login(@Sessions() of: RequestSessions): Promise<unknown> {
        return of.login<any>(UserSession, 'ann');
      }
    }
    const { url } = await start(platform, {
      imports: [sessions, ClientsModule.register([{ name: 'ORDERS', ...tcp }])],
      controllers: [OrderController, OrderMessages, LoginController],
      prepare: async (app) => {
        app.connectMicroservice(tcp);
        await app.startAllMicroservices();
      },
    });
    const order = (cookie?: string) => ask(`${url}/orders`, { method: 'POST', cookie });
    expect((await order()).status).toBe(401);
    const cookie = (await ask(`${url}/login`, { method: 'POST' })).cookie('user');
    expect((await order(cookie)).text).toBe('ordered for ann');

    @Module({ imports: [SessionsModule.forRoot({ keys: KEY, storage, sessions: [UserSession] })] })
    class WorkerModule {}
    const worker = await NestFactory.createApplicationContext(WorkerModule, { logger: false });
    closing.push(() => worker.close());
    await worker.get(SessionsService).revokeAll(UserSession, 'ann');
    expect((await order(cookie)).status).toBe(401);
  });

  describe('docs/shutdown.md', () => {
    const name = uniqueName();
    let redis: RedisServer;
    let reached: () => void;
    let goOn: () => void;
    let isReached: Promise<void>;
    let mayGoOn: Promise<void>;
    beforeAll(async () => void (redis = await startRedis()));
    afterAll(() => redis.close(name));
    beforeEach(() => {
      isReached = new Promise((resolve) => (reached = resolve));
      mayGoOn = new Promise((resolve) => (goOn = resolve));
    });

    @Controller()
    class SlowController {
      @Get() async slow(@CurrentSession(Visit) session: Visit): Promise<string> {
        reached();
        await mayGoOn;
        return `visit ${++session.count}`;
      }
    }
    const visit = { type: Visit, name, tracker: 'by-id' as const };

    /** Closes the application while a request is under way. */
    async function closeDuringRequest({ app, url }: RunningApp, isOpen: () => boolean): Promise<string> {
      const answer = ask(url, { headers: { connection: 'close' } });
      await isReached;
      const closed = app.close();
      expect(isOpen()).toBe(true);
      goOn();
      const { text } = await answer;
      await closed;
      expect(isOpen()).toBe(false);
      return text;
    }

    it('closes a client of the storage after the last request', async () => {
      process.env['SESSION_KEY'] = KEY;
      const client = createClient({ url: redis.url });
      const { AppModule } = await runDoc('docs/shutdown.md', 0, { redis: { createClient: () => client } });
      const running = await startApp(platform, {
        imports: [AppModule, SessionsModule.forFeature([visit])],
        controllers: [SlowController],
      });
      expect(await closeDuringRequest(running, () => client.isOpen)).toBe('visit 1');
    });

    it('closes a shared client after the last request', async () => {
      const { RedisLifecycle } = await runDoc('docs/shutdown.md', 1);
      const client = await createClient({ url: redis.url }).connect();
      const running = await startApp(platform, {
        imports: [SessionsModule.forRoot({ keys: KEY, storage: redisSessionStorage({ client }), sessions: [visit] })],
        controllers: [SlowController],
        providers: [RedisLifecycle, { provide: 'REDIS', useValue: client }],
      });
      expect(await closeDuringRequest(running, () => client.isOpen)).toBe('visit 1');
    });
  });
});
