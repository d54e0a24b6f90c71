import { ApolloDriver } from '@nestjs/apollo';
import { Controller, Get } from '@nestjs/common';
import { GraphQLModule, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
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

/** What applications write; graphql-ws calls it with a context of its own. */
const contexts: Readonly<Record<string, ((given: any) => object) | undefined>> = {
  'none of its own': undefined,
  'what it is given': (given) => given,
  'the context of graphql-ws as req': ({ req }) => ({ req }),
  'nothing but extra': ({ req, extra }) => ({ extra: extra ?? { request: req } }),
  'the request of the socket as req': ({ req, extra }) => ({ req: extra?.request ?? req?.extra?.request ?? req }),
};

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
    class SocketWithCookie extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol, { headers: { cookie } });
      }
    }
    const url = `${running.url.replace('http', 'ws')}/graphql`;
    client = createClient({ url, webSocketImpl: SocketWithCookie, retryAttempts: 0, lazyCloseTimeout: 5000 });
  });
  afterAll(async () => {
    await client.dispose();
    await running.close();
  });

  function run(query: string): Promise<unknown[]> {
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

  it('finds sessions over HTTP', async () => {
    const answer = await ask(`${running.url}/graphql`, {
      method: 'POST',
      cookie,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ who }' }),
    });
    expect(answer.json()).toEqual({ data: { who: 'ada' } });
  });

  it('finds them for queries, mutations and subscriptions of a socket, until they end', async () => {
    expect(await run('{ who }')).toEqual([{ data: { who: 'ada' } }]);
    expect(await run('mutation { turn }')).toEqual([{ data: { turn: '1' } }]);
    expect(await run('mutation { turn }')).toEqual([{ data: { turn: '2' } }]);
    leave = undefined;
    expect(await run('subscription { pages }')).toEqual([{ data: { pages: 'one' } }, { data: { pages: 'two' } }]);
    leave = () => ask(`${running.url}/leave`, { cookie });
    const ended = await run('subscription { pages }');
    const code = 'UNAUTHENTICATED';
    expect(ended).toEqual([
      { data: { pages: 'one' } },
      expect.objectContaining({ errors: [expect.objectContaining({ extensions: expect.objectContaining({ code }) })] }),
    ]);
  });
});
