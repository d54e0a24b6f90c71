import { ApolloDriver } from '@nestjs/apollo';
import { GraphQLModule, Mutation, Query, Resolver } from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, type WsResponse } from '@nestjs/websockets';
import {
  CurrentSession,
  Session,
  SessionInfo,
  SessionOwner,
  Sessions,
  SessionsModule,
  type RequestSessions,
} from 'nestjs-sessions';
import { WebSocket } from 'ws';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('desk', { tracker: 'by-id' })
class DeskSession {
  @SessionOwner() userId?: string;
}

@Resolver()
class DeskResolver {
  @Query(() => String) who(
    @CurrentSession() session: DeskSession,
    @SessionInfo(DeskSession) info: SessionInfo | undefined,
  ): string {
    return `${session.userId} by ${info?.actor?.owner}`;
  }
  @Mutation(() => String) async login(@Sessions() sessions: RequestSessions): Promise<string> {
    return (await sessions.login(DeskSession, 'ann')).userId!;
  }
  @Mutation(() => String) async actAs(@Sessions() sessions: RequestSessions): Promise<string> {
    return (await sessions.actAs(DeskSession, 'bob', { reason: 'ticket' })).userId!;
  }
  @Mutation(() => Boolean) stop(@Sessions() sessions: RequestSessions): Promise<boolean> {
    return sessions.stopActing(DeskSession);
  }
}

@WebSocketGateway({ path: '/desk' })
class DeskGateway {
  @SubscribeMessage('who') who(
    @CurrentSession() session: DeskSession,
    @SessionInfo(DeskSession) info: SessionInfo | undefined,
  ): WsResponse<string> {
    return { event: 'who', data: `${session.userId} by ${info?.actor?.owner}` };
  }
  @SubscribeMessage('act') async act(@Sessions() sessions: RequestSessions): Promise<void> {
    await sessions.actAs(DeskSession, 'bob', { reason: 'ticket' });
  }
  @SubscribeMessage('stop') async stop(@Sessions() sessions: RequestSessions): Promise<void> {
    await sessions.stopActing(DeskSession);
  }
}

interface Told {
  readonly data: Record<string, unknown> | null;
  readonly errors?: ReadonlyArray<{ readonly extensions?: { readonly code?: string } }>;
}

describe.each(platforms)('actAs over GraphQL and WebSockets, on $name', (platform) => {
  let running: RunningApp;
  beforeAll(async () => {
    const driver = platform.name === 'express' ? ApolloDriver : MercuriusDriver;
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({ sessions: [DeskSession] }),
        GraphQLModule.forRoot({
          driver,
          autoSchemaFile: true,
          context: (req: unknown, res: unknown) => ({ req, res }),
        }),
      ],
      providers: [DeskResolver, DeskGateway],
      prepare: (app) => void app.useWebSocketAdapter(new WsAdapter(app)),
    });
  });
  afterAll(() => running.close());

  const run = async (query: string, cookie?: string) => {
    const answer = await ask(`${running.url}/graphql`, {
      method: 'POST',
      cookie,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return { cookie: answer.cookie('desk'), ...answer.json<Told>() };
  };

  async function say(cookie: string, event: string): Promise<{ event: string; data: unknown }> {
    const socket = new WebSocket(`${running.url.replace('http', 'ws')}/desk`, { headers: { cookie } });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const answer = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
    socket.send(JSON.stringify({ event, data: {} }));
    const told = JSON.parse(await answer) as { event: string; data: unknown };
    socket.close();
    return told;
  }

  it('begins and ends over GraphQL, and refuses a nested call', async () => {
    const ann = (await run('mutation { login }')).cookie;
    const acting = await run('mutation { actAs }', ann);
    expect(acting.data).toEqual({ actAs: 'bob' });
    expect((await run('{ who }', acting.cookie)).data).toEqual({ who: 'bob by ann' });
    const nested = await run('mutation { actAs }', acting.cookie);
    expect([nested.cookie, nested.errors?.[0]?.extensions?.code]).toEqual(['', 'SESSION_WRONG_VALUE']);
    const stopped = await run('mutation { stop }', acting.cookie);
    expect(stopped.data).toEqual({ stop: true });
    expect((await run('{ who }', stopped.cookie)).data).toEqual({ who: 'ann by undefined' });
  });

  it('is visible over a WebSocket, but cannot begin or end there', async () => {
    const ann = (await run('mutation { login }')).cookie;
    const acting = (await run('mutation { actAs }', ann)).cookie;
    expect(await say(acting, 'who')).toEqual({ event: 'who', data: 'bob by ann' });
    const another = (await run('mutation { login }')).cookie;
    for (const [cookie, event] of [
      [another, 'act'],
      [acting, 'stop'],
    ] as const) {
      expect(await say(cookie, event)).toMatchObject({ event: 'exception', data: { code: 'SESSION_TOO_LATE' } });
    }
    expect((await run('{ who }', acting)).data).toEqual({ who: 'bob by ann' });
  });
});
