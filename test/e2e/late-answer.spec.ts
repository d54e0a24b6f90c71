import { Controller, Get, Next, Param, Query, Req, Res, UseInterceptors, type CallHandler } from '@nestjs/common';
import {
  CurrentSession,
  Session,
  SessionsModule,
  SessionStorageMemory,
  sessionsOf,
  type SessionEvent,
} from 'nestjs-sessions';
import { map, race, take, timer } from 'rxjs';
import { ask, type Answer } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('cart', { tracker: 'by-id' })
class CartSession {
  items = 0;
}

@Session('prefs')
class PrefsSession {
  note = '';
  broken?: unknown;
}

/** How a handler answers once it has returned. `raw` is Node's own response. */
const ANSWERS: Readonly<Record<string, (response: any, raw: any) => void>> = {
  send: (response) => response.send('late'),
  json: (response) => (response.json ? response.json({ late: true }) : response.send({ late: true })),
  redirect: (response) => response.redirect('/elsewhere'),
  cookie: (response) => {
    response.cookie?.('a', 'b');
    response.header('x-late', '1');
    response.send('late');
  },
  writeHead: (_, raw) => void raw.writeHead(200, { 'x-late': '1' }).end('late'),
  setHeader: (_, raw) => {
    raw.setHeader('x-late', '1');
    raw.end('late');
  },
  write: (_, raw) => {
    raw.write('la');
    raw.end('te');
  },
  render: (response) => (response.render ? response.render('page', {}) : response.send('late')),
};

const FAILURES: Readonly<Record<string, string>> = {
  down: 'cart/down',
  slow: 'cart/slow',
  large: 'prefs/large',
  unwritable: 'prefs/unwritable',
};

let thrown: unknown[] = [];
let answered: Array<Promise<void>> = [];

/** Answers in a separate turn of the event loop, where no caller catches errors. */
function later(answer: () => void, byPromise: boolean): void {
  const guarded = (): void => {
    try {
      answer();
    } catch (error) {
      thrown.push(error);
    }
  };
  answered.push(
    byPromise
      ? new Promise<void>((resolve) => setTimeout(resolve, 20)).then(guarded)
      : new Promise<void>((resolve) => setTimeout(() => resolve(guarded()), 20)),
  );
}

@Controller()
class LateController {
  @Get('cart/:state/:how') cart(
    @CurrentSession() session: CartSession,
    @Param('how') how: string,
    @Res() response: any,
  ) {
    session.items += 1;
    later(() => ANSWERS[how]!(response, response.raw ?? response), false);
  }
  @Get('prefs/:state/:how') async prefs(
    @CurrentSession() session: PrefsSession,
    @Param('state') state: string,
    @Param('how') how: string,
    @Res() response: any,
  ) {
    if (state === 'large') session.note = 'x'.repeat(5000);
    else session.broken = () => {};
    later(() => ANSWERS[how]!(response, response.raw ?? response), true);
  }
  @Get('passthrough') passthrough(@CurrentSession() session: CartSession, @Res({ passthrough: true }) response: any) {
    session.items += 1;
    later(() => ANSWERS['cookie']!(response, response.raw ?? response), false);
    return 'now';
  }
  @Get('raw') raw(@CurrentSession() session: CartSession, @Req() request: any) {
    session.items += 1;
    const raw = request.res ?? request.raw.socket['_httpMessage'];
    later(() => ANSWERS['setHeader']!(undefined, raw), false);
    return 'now';
  }
  @Get('saves') async saves(@CurrentSession() session: CartSession, @Req() request: object, @Res() response: any) {
    session.items += 1;
    later(() => ANSWERS['send']!(response, response.raw ?? response), false);
    await sessionsOf(request).save();
  }
  @Get('next') next(@CurrentSession() session: CartSession, @Next() next: () => void) {
    session.items += 1;
    later(next, false);
  }
  @Get('fine') fine(@CurrentSession() session: CartSession, @Res() response: any, @Query('n') n: string) {
    session.items = Number(n);
    later(() => response.send('late'), false);
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

describe.each(platforms)('a late answer on $name', (platform) => {
  let running: RunningApp;
  let state = 'up';
  let cookie: string;

  class FailingStorage extends SessionStorageMemory {
    async #fail(): Promise<void> {
      if (state === 'up') return;
      if (state === 'slow') await new Promise((resolve) => setTimeout(resolve, 60));
      throw new Error(state);
    }
    override async replace(...args: Parameters<SessionStorageMemory['replace']>) {
      await this.#fail();
      return super.replace(...args);
    }
  }

  beforeAll(async () => {
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({ sessions: [{ type: CartSession, storage: new FailingStorage() }, PrefsSession] }),
      ],
      controllers: [LateController],
      prepare: (app) => {
        const instance = app.getHttpAdapter().getInstance();
        if (platform.name !== 'express') return;
        instance.engine('txt', (_path: string, _options: object, done: (error: null, text: string) => void) =>
          setTimeout(() => done(null, 'late'), 10),
        );
        instance.set('views', 'test/support/views');
        instance.set('view engine', 'txt');
      },
    });
    const first = await ask(`${running.url}/fine?n=1`);
    cookie = first.cookie('cart');
  });
  beforeEach(() => {
    thrown = [];
    answered = [];
  });
  afterAll(() => running.close());

  async function get(path: string, storage: string): Promise<Answer> {
    state = storage;
    try {
      const answer = await ask(`${running.url}/${path}`, { cookie });
      await Promise.all(answered);
      // An engine of its own answers a little later still.
      await new Promise((resolve) => setTimeout(resolve, 15));
      return answer;
    } finally {
      state = 'up';
    }
  }

  const cases = Object.entries(FAILURES).flatMap(([failure, path]) =>
    Object.keys(ANSWERS).map((how) => ({ failure, path, how })),
  );

  // First: the others open the circuit breaker.
  it('stores the session before it leaves', async () => {
    const answer = await get('fine?n=7', 'up');
    expect(answer.text).toBe('late');
    expect((await ask(`${running.url}/items`, { cookie })).json()).toEqual({ items: 7 });
  });

  it.each(cases)('by $how throws nothing when the session fails ($failure)', async ({ failure, path, how }) => {
    const answer = await get(`${path}/${how}`, failure === 'down' || failure === 'slow' ? failure : 'up');
    expect(answer.status).toBe(failure === 'down' || failure === 'slow' ? 503 : 500);
    expect(answer.text).not.toBe('late');
    expect(thrown).toEqual([]);
  });

  it.each(['passthrough', 'raw', 'saves'])(
    'is swallowed behind the filter that answers the failure: %s',
    async (path) => {
      const answer = await get(path, 'down');
      expect(answer.status).toBe(503);
      expect(answer.headers.get('x-late')).toBeNull();
      expect(thrown).toEqual([]);
    },
  );

  // Fastify has no next.
  it.each(platform.name === 'express' ? ['next'] : ['send'])('after %s throws nothing', async (how) => {
    const answer = await get(how === 'next' ? how : `cart/down/${how}`, 'down');
    expect(answer.status).toBe(503);
    expect(thrown).toEqual([]);
  });
});

describe.each(platforms)('a change behind a timeout on $name', (platform) => {
  it.each(['own', 'global'])('is reported, the interceptor being %s', async (path) => {
    const events: Array<SessionEvent['type']> = [];
    const running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [CartSession],
          // With COMMIT=interceptor too: an interceptor does not see the end of a handler that was given up.
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
