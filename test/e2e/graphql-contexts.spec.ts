import { ApolloDriver } from '@nestjs/apollo';
import { Controller, Get } from '@nestjs/common';
import { GraphQLModule, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import { createClient, type Client } from 'graphql-ws';
import {
  CurrentSession,
  RequireSession,
  Session,
  Sessions,
  SessionsModule,
  type RequestSessions,
} from 'nestjs-sessions';
import { WebSocket } from 'ws';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('reader', { tracker: 'by-id' })
class ReaderSession {
  name = '';
  pages = 0;
}

@Resolver()
class ReaderResolver {
  @Query(() => String) who(@CurrentSession({ optional: true }) session?: ReaderSession) {
    return session?.name ?? 'nobody';
  }
  @Mutation(() => String) turn(@CurrentSession() session: ReaderSession) {
    return String((session.pages += 1));
  }
  @RequireSession(ReaderSession) @Subscription(() => String) async *pages() {
    yield { pages: 'one' };
    await leave?.();
    yield { pages: 'two' };
  }
}
let leave: (() => Promise<unknown>) | undefined;

@Controller()
class ReaderController {
  @Get('enter') enter(@CurrentSession() session: ReaderSession) {
    session.name = 'ada';
  }
  @Get('leave') leave(@Sessions() sessions: RequestSessions) {
    sessions.clear(ReaderSession);
  }
}

/** Typical contexts of applications; graphql-ws passes its own argument. */
const contexts: Readonly<Record<string, ((given: any) => object) | undefined>> = {
  'none of its own': undefined,
  'what it is given': (given) => given,
  'the context of graphql-ws as req': ({ req }) => ({ req }),
  'nothing but extra': ({ req, extra }) => ({ extra: extra ?? { request: req } }),
  'the request of the socket as req': ({ req, extra }) => ({ req: extra?.request ?? req?.extra?.request ?? req }),
};

/** Opens a client with a cookie at the GraphQL endpoint of an application. */
function open(url: string, cookie: string): Client {
  class SocketWithCookie extends WebSocket {
    constructor(address: string, protocol: string) {
      super(address, protocol, { headers: { cookie } });
    }
  }
  return createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: SocketWithCookie,
    retryAttempts: 0,
    lazyCloseTimeout: 5000,
  });
}

/** All results of one operation over a socket. */
function run(client: Client, query: string): Promise<unknown[]> {
  return new Promise((resolve) => {
    const given: unknown[] = [];
    client.subscribe(
      { query },
      {
        next: (value) => void given.push(value),
        error: (error) => resolve([...given, { errors: error }]),
        complete: () => resolve(given),
      },
    );
  });
}

const unauthenticated = expect.objectContaining({
  errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'UNAUTHENTICATED' }) })],
});

/** Checks that a subscription completes, and that it ends with the session. */
async function expectLive(client: Client, url: string, cookie: string): Promise<void> {
  leave = undefined;
  expect(await run(client, 'subscription { pages }')).toEqual([{ data: { pages: 'one' } }, { data: { pages: 'two' } }]);
  leave = () => ask(`${url}/leave`, { cookie });
  expect(await run(client, 'subscription { pages }')).toEqual([{ data: { pages: 'one' } }, unauthenticated]);
  expect(await run(client, 'subscription { pages }')).toEqual([unauthenticated]);
}

const cases = platforms.flatMap((platform) => Object.keys(contexts).map((name) => ({ platform, name })));

describe.each(cases)('Apollo on $platform.name with a context of $name', ({ platform, name }) => {
  let running: RunningApp;
  let client: Client;
  let cookie: string;
  beforeAll(async () => {
    const context = contexts[name];
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({ sessions: [ReaderSession] }),
        GraphQLModule.forRoot<any>({
          driver: ApolloDriver,
          subscriptions: { 'graphql-ws': true },
          playground: false,
          autoSchemaFile: true,
          ...(context ? { context } : {}),
        }),
      ],
      controllers: [ReaderController],
      providers: [ReaderResolver],
    });
    cookie = (await ask(`${running.url}/enter`)).cookie('reader');
    client = open(running.url, cookie);
  });
  afterAll(async () => {
    await client.dispose();
    await running.close();
  });

  it('finds sessions over HTTP', async () => {
    const answer = await ask(`${running.url}/graphql`, {
      method: 'POST',
      cookie,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ who }' }),
    });
    expect(answer.json()).toEqual({ data: { who: 'ada' } });
  });

  it('finds sessions for queries, mutations and subscriptions of a socket, until they end', async () => {
    expect(await run(client, '{ who }')).toEqual([{ data: { who: 'ada' } }]);
    expect(await run(client, 'mutation { turn }')).toEqual([{ data: { turn: '1' } }]);
    expect(await run(client, 'mutation { turn }')).toEqual([{ data: { turn: '2' } }]);
    await expectLive(client, running.url, cookie);
  });
});

describe('Mercurius with its default context', () => {
  it('finds the session for subscriptions, until it ends', async () => {
    const running = await startApp(platforms[1]!, {
      imports: [
        SessionsModule.forRoot({ sessions: [ReaderSession] }),
        GraphQLModule.forRoot<any>({
          driver: MercuriusDriver,
          subscription: true,
          graphiql: false,
          autoSchemaFile: true,
        }),
      ],
      controllers: [ReaderController],
      providers: [ReaderResolver],
    });
    const cookie = (await ask(`${running.url}/enter`)).cookie('reader');
    const client = open(running.url, cookie);
    await expectLive(client, running.url, cookie);
    await client.dispose();
    await running.close();
  });
});
