import { ApolloDriver } from '@nestjs/apollo';
import { Controller, Get } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Context, GraphQLModule, Int, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import { createClient, type Client } from 'graphql-ws';
import {
  CurrentSession,
  Public,
  RequireSession,
  RequireSessionGuard,
  Session,
  Sessions,
  SessionOwner,
  SessionsModule,
  SessionStorageMemory,
  sessionsOf,
  type RequestSessions,
} from 'nestjs-sessions';
import { WebSocket } from 'ws';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { until } from '../support/until.js';

@Session('shopper', { tracker: 'by-id', onClash: 'reject' })
class ShopperSession {
  name = '';
  items = 0;
  paid = false;
}

@Session('theme')
class ThemeSession {
  visits = 0;
}

@Session('member', { tracker: 'by-id', maxPerOwner: { limit: 1, beyond: 'refuse' } })
class MemberSession {
  @SessionOwner() user = '';
}

interface Failed {
  readonly data: unknown;
  readonly errors: ReadonlyArray<{ readonly message: string; readonly extensions?: { readonly code?: string } }>;
}

type Waiting = (event: IteratorResult<unknown>) => void;

/** Events that a test sends to every running subscription. */
class Events {
  readonly #waiting = new Set<Waiting>();
  ended = 0;

  get listeners(): number {
    return this.#waiting.size;
  }
  send(value: unknown): void {
    for (const next of [...this.#waiting]) {
      this.#waiting.delete(next);
      next({ done: false, value });
    }
  }
  iterator(): AsyncIterableIterator<unknown> {
    const waiting = this.#waiting;
    const mine = new Set<Waiting>();
    return {
      next: () =>
        new Promise((resolve) => {
          mine.add(resolve);
          waiting.add(resolve);
        }),
      return: () => {
        this.ended += 1;
        for (const next of mine) {
          waiting.delete(next);
          next({ done: true, value: undefined });
        }
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

const events = new Events();
let during: (() => Promise<unknown>) | undefined;

@Resolver()
class ShopResolver {
  @Public() @Query(() => String) async who(@CurrentSession({ optional: true }) session?: ShopperSession) {
    return session?.name ?? 'nobody';
  }
  @Public() @Query(() => Int) count(@CurrentSession() session: ShopperSession) {
    return ++session.items;
  }
  @Public() @Query(() => Int) async slowCount(@CurrentSession() session: ShopperSession) {
    await new Promise((resolve) => setImmediate(resolve));
    return ++session.items;
  }
  @Public() @Query(() => Int) async guardedCount(@CurrentSession({ required: true }) session: ShopperSession) {
    return ++session.items;
  }
  @Public() @RequireSession(ShopperSession) @Query(() => String) secret() {
    return 'secret';
  }
  @Query(() => String) everywhere() {
    return 'secret';
  }
  @Public() @Mutation(() => Int) add(@CurrentSession() session: ShopperSession) {
    return ++session.items;
  }
  @Public() @Mutation(() => Int) async clash(@CurrentSession() session: ShopperSession) {
    await during?.();
    return (session.items += 10);
  }
  @Public() @Mutation(() => Int, { nullable: true }) pay(@CurrentSession() session: ShopperSession) {
    session.paid = true;
    throw new Error('The bank said no');
  }
  @Public() @Mutation(() => String) async join(@Sessions() sessions: RequestSessions) {
    return (await sessions.login(MemberSession, 'ada')).user;
  }
  @Public() @Query(() => String) async byHand(@Context() context: object) {
    return (await sessionsOf(context).get(ShopperSession))?.name ?? 'nobody';
  }
  @Public() @Mutation(() => Int) async addByHand(@Context() context: object) {
    const sessions = sessionsOf(context);
    const session = await sessions.get(ShopperSession);
    session!.items += 1;
    await sessions.save();
    return session!.items;
  }
  @Public() @Mutation(() => Int) visit(@CurrentSession() theme: ThemeSession) {
    return ++theme.visits;
  }
  @Public() @Mutation(() => Int, { nullable: true }) failVisit(@CurrentSession() theme: ThemeSession) {
    theme.visits += 100;
    throw new Error('no');
  }
  @Public()
  @RequireSession(ShopperSession, { validate: ({ name }) => name !== '' })
  @Subscription(() => String)
  guardedNews() {
    return events.iterator();
  }
  @Subscription(() => String) everywhereNews() {
    return events.iterator();
  }
  @Public() @Subscription(() => String) ownNews(@CurrentSession({ optional: true }) session?: ShopperSession) {
    return session ? events.iterator() : events.iterator();
  }
  @Public() @Subscription(() => String) openNews() {
    return events.iterator();
  }
}

@Controller()
class ShopController {
  @Public() @Get('enter') enter(@CurrentSession() session: ShopperSession) {
    session.name = 'ada';
  }
  @Public() @Get('leave') leave(@Sessions() sessions: RequestSessions) {
    sessions.clear(ShopperSession);
  }
  @Public() @Get('bump') bump(@CurrentSession() session: ShopperSession) {
    session.items += 1;
  }
  @Public() @Get('anonymize') anonymize(@CurrentSession() session: ShopperSession) {
    session.name = '';
  }
  @Public() @Get('me') me(@CurrentSession({ optional: true }) session?: ShopperSession) {
    return session ?? {};
  }
}

const [express, fastify] = platforms as [(typeof platforms)[number], (typeof platforms)[number]];
const cases = [
  { driver: 'apollo', platform: express },
  { driver: 'apollo', platform: fastify },
  { driver: 'mercurius', platform: fastify },
] as const;

describe.each(cases)('sessions of $driver on $platform.name', ({ driver, platform }) => {
  let running: RunningApp;
  let reads = 0;
  let writes = 0;
  let down = false;

  class CountingStorage extends SessionStorageMemory {
    override read(id: string) {
      reads += 1;
      return super.read(id);
    }
    override replace(...args: Parameters<SessionStorageMemory['replace']>) {
      writes += 1;
      return down ? Promise.reject(new Error('down')) : super.replace(...args);
    }
  }

  beforeAll(async () => {
    const options =
      driver === 'apollo'
        ? { driver: ApolloDriver, subscriptions: { 'graphql-ws': true }, playground: false }
        : { driver: MercuriusDriver, subscription: { fullWsTransport: true }, graphiql: false };
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [ShopperSession, ThemeSession, MemberSession],
          storage: new CountingStorage(),
        }),
        GraphQLModule.forRoot<any>({ ...options, autoSchemaFile: true }),
      ],
      controllers: [ShopController],
      providers: [ShopResolver, { provide: APP_GUARD, useValue: RequireSessionGuard.everywhere(ShopperSession) }],
    });
  });
  const clients: Client[] = [];
  afterEach(async () => {
    down = false;
    during = undefined;
    for (const client of clients.splice(0)) await client.dispose();
  });
  afterAll(() => running.close());

  const enter = async (): Promise<string> => (await ask(`${running.url}/enter`)).cookie('shopper');
  const me = async (cookie: string) => (await ask(`${running.url}/me`, { cookie })).json<Partial<ShopperSession>>();
  const post = (query: string, cookie = '') =>
    ask(`${running.url}/graphql`, {
      method: 'POST',
      cookie,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });

  function open(cookie: string, headers: Record<string, string> = {}): Client {
    class SocketWithHeaders extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol, { headers: { cookie, ...headers } });
      }
    }
    const url = `${running.url.replace('http', 'ws')}/graphql`;
    const client = createClient({ url, webSocketImpl: SocketWithHeaders, retryAttempts: 0, lazyCloseTimeout: 5000 });
    clients.push(client);
    return client;
  }

  /** All results of one operation over a socket, including errors. */
  function run(client: Client, query: string, onEvent: () => void = () => {}): Promise<unknown[]> {
    return new Promise((resolve) => {
      const given: unknown[] = [];
      client.subscribe(
        { query },
        {
          next: (value) => {
            given.push(value);
            onEvent();
          },
          error: (error) => resolve([...given, { errors: error }]),
          complete: () => resolve(given),
        },
      );
    });
  }

  const code = (answers: unknown[]): string | undefined => (answers.at(-1) as Failed).errors?.[0]?.extensions?.code;
  const listening = async (count: number): Promise<void> => {
    await until(() => events.listeners >= count);
  };

  it('are read and stored by operations over HTTP', async () => {
    const cookie = await enter();
    expect((await post('mutation { add }', cookie)).json()).toEqual({ data: { add: 1 } });
    expect(await me(cookie)).toMatchObject({ items: 1 });
  });

  it('are loaded and stored once for fields that run at the same time', async () => {
    const cookie = await enter();
    reads = writes = 0;
    const answer = await post('{ a: count b: slowCount c: guardedCount d: count }', cookie);
    expect(answer.json<{ data: object }>().data).toEqual({ a: 1, b: 4, c: 3, d: 2 });
    expect({ reads, writes }).toEqual({ reads: 1, writes: 1 });
    expect(await me(cookie)).toMatchObject({ items: 4 });
  });

  it('store no change of a mutation that throws, and all changes of the other mutations', async () => {
    const cookie = await enter();
    const answer = await post('mutation { a: add pay b: add }', cookie);
    expect(answer.json<Failed>().data).toEqual({ a: 1, pay: null, b: 2 });
    expect(await me(cookie)).toMatchObject({ items: 2, paid: false });
  });

  it('store no by-value change of a mutation that throws', async () => {
    const answer = await post('mutation { a: visit failVisit b: visit }');
    expect(answer.json<Failed>().data).toEqual({ a: 1, failVisit: null, b: 2 });
    expect((await post('mutation { visit }', answer.cookie('theme'))).json()).toEqual({ data: { visit: 3 } });
  });

  it('give UNAUTHENTICATED for a refused request', async () => {
    for (const query of ['{ secret }', '{ guardedCount }', '{ everywhere }']) {
      expect(code([(await post(query)).json()])).toBe('UNAUTHENTICATED');
    }
  });

  it('give the codes of a conflict and of an outage', async () => {
    const cookie = await enter();
    during = () => ask(`${running.url}/bump`, { cookie });
    expect(code([(await post('mutation { clash }', cookie)).json()])).toBe('SESSION_CONFLICT');
    down = true;
    const answer = (await post('mutation { add }', cookie)).json<Failed>();
    expect(code([answer])).toBe('SESSION_STORAGE_UNAVAILABLE');
    expect(answer.data ?? null).toBeNull();
  });

  it('give the code of a limit', async () => {
    expect((await post('mutation { join }')).json()).toEqual({ data: { join: 'ada' } });
    expect(code([(await post('mutation { join }')).json()])).toBe('SESSION_LIMIT');
  });

  it('give the code of an outage to a resolver that uses sessionsOf()', async () => {
    const cookie = await enter();
    expect((await post('{ byHand }', cookie)).json()).toEqual({ data: { byHand: 'ada' } });
    expect((await post('mutation { addByHand }', cookie)).json()).toEqual({ data: { addByHand: 1 } });
    down = true;
    expect(code([(await post('mutation { addByHand }', cookie)).json()])).toBe('SESSION_STORAGE_UNAVAILABLE');
    expect(code(await run(open(cookie), 'mutation { addByHand }'))).toBe('SESSION_STORAGE_UNAVAILABLE');
  });

  it('are found and read again by every operation over one socket', async () => {
    const cookie = await enter();
    const client = open(cookie);
    expect(await run(client, '{ who }')).toEqual([{ data: { who: 'ada' } }]);
    expect(await run(client, 'mutation { add }')).toEqual([{ data: { add: 1 } }]);
    expect(await run(client, 'mutation { add }')).toEqual([{ data: { add: 2 } }]);
    expect(await run(client, '{ secret }')).toEqual([{ data: { secret: 'secret' } }]);
    expect(await me(cookie)).toMatchObject({ items: 2 });
    await ask(`${running.url}/leave`, { cookie });
    expect(await run(client, '{ who }')).toEqual([{ data: { who: 'nobody' } }]);
    for (const query of [
      '{ secret }',
      '{ everywhere }',
      'subscription { guardedNews }',
      'subscription { everywhereNews }',
    ]) {
      expect(code(await run(client, query))).toBe('UNAUTHENTICATED');
    }
  });

  it('are loaded and stored once for the fields of one operation over a socket', async () => {
    const cookie = await enter();
    const client = open(cookie);
    await run(client, '{ who }');
    reads = writes = 0;
    const answer = await run(client, '{ a: count b: slowCount c: guardedCount d: count }');
    expect(answer).toEqual([{ data: { a: 1, b: 4, c: 3, d: 2 } }]);
    expect({ reads, writes }).toEqual({ reads: 1, writes: 1 });
    expect(await me(cookie)).toMatchObject({ items: 4 });
  });

  it('store no change of a mutation over a socket that throws, and all changes of the other mutations', async () => {
    const cookie = await enter();
    const [answer] = (await run(open(cookie), 'mutation { a: add pay b: add }')) as [Failed];
    expect(answer.data).toEqual({ a: 1, pay: null, b: 2 });
    expect(await me(cookie)).toMatchObject({ items: 2, paid: false });
  });

  it('give the code of a conflict over a socket', async () => {
    const cookie = await enter();
    during = () => ask(`${running.url}/bump`, { cookie });
    expect(code(await run(open(cookie), 'mutation { clash }'))).toBe('SESSION_CONFLICT');
  });

  it('refuse a by-value change over a socket', async () => {
    const client = open(await enter());
    expect(code(await run(client, 'mutation { visit }'))).toBe('SESSION_TOO_LATE');
  });

  it('are not available to a page of another site', async () => {
    const client = open(await enter(), { origin: 'https://evil.example' });
    expect(await run(client, '{ who }')).toEqual([{ data: { who: 'nobody' } }]);
  });

  it.each(['guardedNews', 'everywhereNews', 'ownNews'])(
    'end a running subscription %s after they have ended',
    async (name) => {
      const cookie = await enter();
      const ended = events.ended;
      const client = open(cookie);
      const leave = async (): Promise<void> => {
        await ask(`${running.url}/leave`, { cookie });
        await listening(1);
        events.send({ [name]: 'after' });
      };
      const answers = run(client, `subscription { ${name} }`, () => void leave());
      await listening(1);
      events.send({ [name]: 'before' });
      const given = await answers;
      expect(given[0]).toEqual({ data: { [name]: 'before' } });
      expect(given).toHaveLength(2);
      expect(code(given)).toBe('UNAUTHENTICATED');
      expect(events.ended).toBeGreaterThan(ended);
    },
  );

  it('end a running subscription when its guard would refuse it', async () => {
    const cookie = await enter();
    const client = open(cookie);
    const answers = run(client, 'subscription { guardedNews }');
    await listening(1);
    await ask(`${running.url}/anonymize`, { cookie });
    events.send({ guardedNews: 'after' });
    expect(code(await answers)).toBe('UNAUTHENTICATED');
  });

  it('do not affect a subscription without a session', async () => {
    const client = open('');
    const answers: unknown[] = [];
    const first = new Promise<void>((resolve) => {
      client.subscribe(
        { query: 'subscription { openNews }' },
        { next: (value) => resolve(void answers.push(value)), error: () => {}, complete: () => {} },
      );
    });
    await listening(1);
    events.send({ openNews: 'hello' });
    await first;
    expect(answers).toEqual([{ data: { openNews: 'hello' } }]);
  });
});
