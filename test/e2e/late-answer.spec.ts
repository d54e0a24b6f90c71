import fastifyCookie from '@fastify/cookie';
import fastifyView from '@fastify/view';
import { Controller, Get, Next, Param, Query, Req, Res, UseInterceptors, type CallHandler } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  CurrentSession,
  Session,
  SessionsModule,
  SessionStorageMemory,
  sessionsOf,
  type SessionEvent,
} from 'nestjs-sessions';
import { connect as connectHttp2 } from 'node:http2';
import { map, race, take, timer } from 'rxjs';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { rawAnswer } from '../support/raw-answer.js';
import { fullTests } from '../support/full-tests.js';
import { watchUncaught } from './hold-support.js';

@Session('cart', { tracker: 'by-id' })
class CartSession {
  items = 0;
  broken?: unknown;
}

@Session('prefs')
class PrefsSession {
  note = '';
  broken?: unknown;
}

type Answer = (response: any, raw: any) => unknown;

/** Responses after the handler has returned. `raw` is Node's response. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  send: (response) => response.send('overdue'),
  json: (response) => (response.json ? response.json({ overdue: true }) : response.send({ overdue: true })),
  redirect: (response) => (response.raw ? response.redirect('/elsewhere', 302) : response.redirect('/elsewhere')),
  render: (response) => (response.render ? response.render('page', {}) : response.view('page.txt', {})),
  cookie: (response) => {
    (response.setCookie ?? response.cookie).call(response, 'a', 'b');
    response.send('overdue');
  },
  header: (response) => response.header('x-late', '1').status(201).send('overdue'),
  writeHead: (_, raw) => raw.writeHead(200, { 'x-late': '1' }).end('overdue'),
  setHeader: (_, raw) => {
    raw.setHeader('x-late', '1');
    raw.end('overdue');
  },
  'reply.raw, in pieces': (response, raw) => {
    response.hijack?.();
    raw.write('over');
    raw.end('due');
  },
  'reply.raw, flushed': (_, raw) => {
    raw.flushHeaders();
    raw.end('overdue');
  },
};

interface Failure {
  readonly name: string;
  readonly status: 500 | 503;
  /** The behaviour of the storage's `replace`. */
  readonly storage?: 'down' | 'slow';
  readonly change: (cart: CartSession, prefs: PrefsSession) => unknown;
}

const FAILURES: readonly Failure[] = [
  { name: 'the storage is down', status: 503, storage: 'down', change: (cart) => ++cart.items },
  { name: 'a slow storage fails', status: 503, storage: 'slow', change: (cart) => ++cart.items },
  {
    name: 'a session is too large for its cookie',
    status: 500,
    change: (_, prefs) => (prefs.note = 'x'.repeat(5000)),
  },
  { name: 'a value cannot be written', status: 500, change: (_, prefs) => (prefs.broken = () => {}) },
  { name: 'a value cannot be stored', status: 500, change: (cart) => (cart.broken = () => {}) },
];

/** The current case. */
let failure: Failure | undefined;
let answer: Answer;
let thrown: unknown[] = [];
let answered: Array<Promise<unknown>> = [];

/** Answers in a separate turn of the event loop, where no caller catches errors. */
function later(how: string, answerIn: () => unknown): void {
  const guarded = (): unknown => {
    try {
      return answerIn();
    } catch (error) {
      return void thrown.push(error);
    }
  };
  const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
  answered.push(
    how === 'promise' ? wait().then(guarded) : new Promise((resolve) => setTimeout(() => resolve(guarded()), 5)),
  );
}

/** The view engine of both platforms, which is asynchronous. */
function renderLater(done: (text: string) => void): void {
  answered.push(new Promise((resolve) => setTimeout(() => resolve(done('overdue')), 5)));
}

@Controller()
class LateController {
  #start(cart: CartSession, prefs: PrefsSession, how: string, response: any): void {
    failure?.change(cart, prefs);
    later(how, () => answer(response, response.raw ?? response));
  }
  @Get('res/:how') own(
    @CurrentSession() cart: CartSession,
    @CurrentSession() prefs: PrefsSession,
    @Param('how') how: string,
    @Res() response: any,
  ) {
    this.#start(cart, prefs, how, response);
  }
  @Get('res-next/:how') async ownAndNext(
    @CurrentSession() cart: CartSession,
    @CurrentSession() prefs: PrefsSession,
    @Param('how') how: string,
    @Res() response: any,
    @Next() _next: unknown,
  ) {
    this.#start(cart, prefs, how, response);
  }
  @Get('passthrough/:how') passthrough(
    @CurrentSession() cart: CartSession,
    @CurrentSession() prefs: PrefsSession,
    @Param('how') how: string,
    @Res({ passthrough: true }) response: any,
  ) {
    this.#start(cart, prefs, how, response);
    return 'now';
  }
  @Get('saves/:how') async saves(
    @CurrentSession() cart: CartSession,
    @CurrentSession() prefs: PrefsSession,
    @Param('how') how: string,
    @Req() request: object,
    @Res() response: any,
  ) {
    this.#start(cart, prefs, how, response);
    await sessionsOf(request).save();
  }
  @Get('next') next(@CurrentSession() session: CartSession, @Next() next: (error?: unknown) => void) {
    session.items += 1;
    later('timer', () => next());
  }
  @Get('next-error') nextError(@CurrentSession() session: CartSession, @Next() next: (error?: unknown) => void) {
    session.items += 1;
    later('promise', () => next(new Error('late')));
  }
  @Get('fine') fine(@CurrentSession() session: CartSession, @Res() response: any, @Query('n') n: string) {
    session.items = Number(n);
    later('timer', () => response.send('late'));
  }
  @Get('items') items(@CurrentSession() session: CartSession) {
    return { items: session.items };
  }
}

let paid: Promise<void> = Promise.resolve();

class AnswerSoon {
  intercept(_context: unknown, next: CallHandler) {
    return race(next.handle(), timer(10).pipe(map(() => 'be patient'))).pipe(take(1));
  }
}

@Controller()
class SlowController {
  #pay(session: CartSession): Promise<void> {
    paid = new Promise<void>((resolve) => setTimeout(resolve, 60)).then(() => void (session.items = 99));
    return paid;
  }
  @Get('own') @UseInterceptors(AnswerSoon) own(@CurrentSession() session: CartSession) {
    return this.#pay(session);
  }
  @Get('global') global(@CurrentSession() session: CartSession) {
    return this.#pay(session);
  }
}

describe.each(platforms)('a late response on $name', (platform) => {
  const uncaught = watchUncaught();
  let running: RunningApp;
  let port: number;
  let cookie: string;
  let written = 0;

  class FailingStorage extends SessionStorageMemory {
    override async replace(...args: Parameters<SessionStorageMemory['replace']>) {
      const { storage } = failure ?? {};
      if (storage === 'slow') await new Promise((resolve) => setTimeout(resolve, 20));
      if (storage !== undefined) throw new Error(storage);
      return super.replace(...args);
    }
  }

  beforeAll(async () => {
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({ sessions: [{ type: CartSession, storage: new FailingStorage() }, PrefsSession] }),
      ],
      controllers: [LateController],
      prepare: async (app) => {
        const instance = app.getHttpAdapter().getInstance();
        if (platform.name === 'fastify') {
          await instance.register(fastifyCookie);
          const engine = { compile: () => () => new Promise(renderLater) };
          await instance.register(fastifyView, { engine: { handlebars: engine }, root: 'test/support/views' });
          return;
        }
        instance.engine('txt', (_path: string, _options: object, done: (error: null, text: string) => void) =>
          renderLater((text) => done(null, text)),
        );
        instance.set('views', 'test/support/views');
        instance.set('view engine', 'txt');
      },
    });
    port = Number(new URL(running.url).port);
    cookie = (await ask(`${running.url}/fine?n=1`)).cookie('cart');
  });
  beforeEach(async () => {
    failure = undefined;
    thrown = [];
    answered = [];
    // A successful change keeps the circuit breaker closed.
    await ask(`${running.url}/fine?n=${(written += 1)}`, { cookie });
  });
  afterAll(() => running.close());

  /** All responses to one request, and the first body. */
  async function answersTo(path: string): Promise<{ readonly statuses: number[]; readonly body: string }> {
    const bytes = await rawAnswer(port, path, { cookie });
    for (let known = -1; known < answered.length;) {
      known = answered.length;
      await Promise.all(answered);
    }
    await new Promise((resolve) => setImmediate(resolve));
    const statuses = [...bytes.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    return { statuses, body: bytes.slice(bytes.indexOf('\r\n\r\n') + 4) };
  }

  const ways = Object.keys(ANSWERS);
  const owners = ['res', 'res-next', 'passthrough', 'saves'];

  describe.each(FAILURES)('when $name', (one) => {
    const cases = owners.flatMap((owner) => ways.map((way) => ({ owner, way })));
    const third = FAILURES.indexOf(one) % 3;
    const some = fullTests ? cases : cases.filter((_case, index) => index % 3 === third);

    it.each(some)('by $way, in a $owner handler, is ignored', async ({ owner, way }) => {
      for (const how of ['timer', 'promise']) {
        failure = one;
        answer = ANSWERS[way]!;
        const { statuses, body } = await answersTo(`/${owner}/${how}`);
        expect({ how, statuses, thrown, uncaught }).toEqual({ how, statuses: [one.status], thrown: [], uncaught: [] });
        expect(body).toContain(`"statusCode":${one.status}`);
        expect(body).not.toContain('overdue');
      }
    });
  });

  it.each(ways)('by %s is sent once, after its session is stored', async (way) => {
    for (const how of ['timer', 'promise']) {
      failure = { name: '', status: 500, change: (cart) => ++cart.items };
      answer = ANSWERS[way]!;
      written += 1;
      const { statuses, body } = await answersTo(`/res/${how}`);
      const status = way === 'redirect' ? 302 : way === 'header' ? 201 : 200;
      expect({ how, statuses, thrown, uncaught }).toEqual({ how, statuses: [status], thrown: [], uncaught: [] });
      if (way !== 'redirect') expect(body).toContain('due');
      expect((await ask(`${running.url}/items`, { cookie })).json()).toEqual({ items: written });
    }
  });

  // Fastify has no next.
  const nexts = [
    { path: 'next', status: 503 },
    // The application responds with 500, so no change is stored.
    { path: 'next-error', status: 500 },
  ];
  it.each([...(platform.name === 'express' ? nexts : []), { path: 'fine?n=0', status: 503 }])(
    'after /$path does not throw',
    async ({ path, status }) => {
      failure = FAILURES[0];
      const { statuses } = await answersTo(`/${path}`);
      expect({ statuses, thrown, uncaught }).toEqual({ statuses: [status], thrown: [], uncaught: [] });
    },
  );
});

// Express does not support HTTP/2.
describe('a late response on fastify over HTTP/2', () => {
  const uncaught = watchUncaught();
  let running: RunningApp;
  beforeAll(async () => {
    running = await startApp(platforms[1]!, {
      adapter: new FastifyAdapter({ http2: true } as never),
      imports: [SessionsModule.forRoot({ sessions: [CartSession, PrefsSession] })],
      controllers: [LateController],
    });
  });
  afterAll(() => running.close());

  async function answersTo(path: string): Promise<{ readonly statuses: number[]; readonly body: string }> {
    thrown = [];
    answered = [];
    const session = connectHttp2(running.url);
    const stream = session.request({ ':path': path });
    const statuses: number[] = [];
    stream.on('response', (head) => statuses.push(Number(head[':status'])));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    await Promise.all(answered);
    await new Promise((resolve) => setImmediate(resolve));
    session.close();
    return { statuses, body: Buffer.concat(chunks).toString() };
  }

  const ways = ['send', 'redirect', 'header', 'writeHead', 'setHeader', 'reply.raw, in pieces', 'reply.raw, flushed'];
  const owners = ['res', 'passthrough', 'saves'];
  const cases = owners.flatMap((owner) => ways.map((way) => ({ owner, way })));

  it.each(cases)('by $way, in a $owner handler, is ignored', async ({ owner, way }) => {
    answer = ANSWERS[way]!;
    for (const one of FAILURES.filter(({ storage }) => storage === undefined)) {
      failure = one;
      const { statuses, body } = await answersTo(`/${owner}/promise`);
      expect({ one, statuses, thrown, uncaught }).toEqual({ one, statuses: [500], thrown: [], uncaught: [] });
      expect(body).toContain('"statusCode":500');
    }
  });

  it.each(ways)('by %s is sent once', async (way) => {
    answer = ANSWERS[way]!;
    failure = { name: '', status: 500, change: (cart) => ++cart.items };
    const { statuses } = await answersTo('/res/timer');
    const status = way === 'redirect' ? 302 : way === 'header' ? 201 : 200;
    expect({ statuses, thrown, uncaught }).toEqual({ statuses: [status], thrown: [], uncaught: [] });
  });
});

describe.each(platforms)('a change behind a timeout on $name', (platform) => {
  it.each(['own', 'global'])('is reported, with this timeout interceptor: %s', async (path) => {
    const events: Array<SessionEvent['type']> = [];
    const running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [CartSession],
          // The interceptor does not know when such a handler ends.
          commit: 'handler',
          onEvent: ({ type }) => void events.push(type),
        }),
      ],
      controllers: [SlowController],
      prepare: (app) => void (path === 'global' && app.useGlobalInterceptors(new AnswerSoon())),
    });
    expect((await ask(`${running.url}/${path}`)).text).toBe('be patient');
    await paid;
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(['too-late']);
    await running.close();
  });
});
