import { APP_GUARD } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway, type WsResponse } from '@nestjs/websockets';
import { Public, RequireSessionGuard, Session, SessionsModule } from 'nestjs-sessions';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { socketKinds } from '../support/sockets.js';

@Session('staff', { tracker: 'by-id' })
class StaffSession {
  name = '';
}

const said = (data: string): WsResponse<string> => ({ event: 'said', data });

class Handlers {
  @SubscribeMessage('plain') plain() {
    return said('in');
  }
  @Public() @SubscribeMessage('open') open() {
    return said('in');
  }
}

@WebSocketGateway()
class StaffGateway extends Handlers {}

const guard = () => RequireSessionGuard.everywhere(StaffSession);
const cases = platforms.flatMap((platform) => socketKinds.map((kind) => ({ platform, kind })));

describe.each(cases)('a global guard and gateways over $kind.name on $platform.name', ({ platform, kind }) => {
  const running: RunningApp[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await one.close();
  });

  async function start(bound: 'as APP_GUARD' | 'by useGlobalGuards' | 'not at all'): Promise<RunningApp> {
    const started = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [StaffSession] })],
      providers: [StaffGateway, ...(bound === 'as APP_GUARD' ? [{ provide: APP_GUARD, useFactory: guard }] : [])],
      prepare: (app) => {
        kind.prepare(app);
        if (bound === 'by useGlobalGuards') app.useGlobalGuards(guard());
      },
    });
    running.push(started);
    return started;
  }

  async function answerOf(app: RunningApp, event: string): Promise<string> {
    const socket = await kind.connect(app.url, {});
    const answer = await socket.ask(event);
    socket.close();
    return answer.event;
  }

  // Nest 11 runs no other guard of `useGlobalGuards` for gateways.
  it.each(['as APP_GUARD', 'by useGlobalGuards'] as const)(
    'refuses messages without a session, bound %s',
    async (bound) => {
      const app = await start(bound);
      expect(await answerOf(app, 'plain')).toBe('exception');
      expect(await answerOf(app, 'open')).toBe('said');
    },
  );

  it('applies only to its own application, if another one has the same gateway', async () => {
    const [guarded, open] = [await start('as APP_GUARD'), await start('not at all')];
    expect(await answerOf(guarded, 'plain')).toBe('exception');
    expect(await answerOf(open, 'plain')).toBe('said');
    expect(await answerOf(await start('as APP_GUARD'), 'plain')).toBe('exception');
  });
});
