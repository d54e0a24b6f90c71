import { Controller, Get, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import {
  CurrentSession,
  Public,
  RequireSession,
  RequireSessionGuard,
  Session,
  SessionConfigurationError,
  SessionId,
  Sessions,
  SessionsModule,
  type RequestSessions,
} from 'nestjs-sessions';
import { firstValueFrom } from 'rxjs';
import { ask } from '../support/client.js';
import { freePort } from '../support/free-port.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('caller', { tracker: 'by-id' })
class CallerSession {
  name = 'nobody';
}

@Controller()
class SumController {
  @MessagePattern('sum') sum(@Payload() numbers: number[]) {
    return numbers.reduce((all, one) => all + one, 0);
  }
  @Public() @MessagePattern('open') open() {
    return 'open';
  }
  @Get('me') me(@CurrentSession() session: CallerSession) {
    return session.name;
  }
}

@Controller()
@RequireSession(CallerSession)
class GuardedController {
  @MessagePattern('guarded') guarded() {
    return 'in';
  }
}

describe.each(platforms)('message handlers of a hybrid application on $name', (platform) => {
  const running: RunningApp[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await one.close();
  });

  /** Starts the application and returns the reply to a message. */
  async function start(options: { rpc?: boolean }): Promise<{ url: string; send(pattern: string): Promise<unknown> }> {
    const port = await freePort();
    const app = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [CallerSession] })],
      controllers: [SumController, GuardedController],
      providers: [{ provide: APP_GUARD, useValue: RequireSessionGuard.everywhere(CallerSession, options) }],
      prepare: async (app) => {
        const microservice = { transport: Transport.TCP, options: { port, host: '127.0.0.1' } } as const;
        app.connectMicroservice(microservice, { inheritAppConfig: true });
        await app.startAllMicroservices();
      },
    });
    running.push(app);
    const send = async (pattern: string): Promise<unknown> => {
      const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { port, host: '127.0.0.1' } });
      try {
        return await firstValueFrom(client.send(pattern, [1, 2]));
      } catch (error) {
        return error;
      } finally {
        await client.close();
      }
    };
    return { url: app.url, send };
  }

  it('are ignored by RequireSessionGuard.everywhere', async () => {
    const { url, send } = await start({});
    expect(await send('sum')).toBe(3);
    expect(await send('open')).toBe('open');
    expect((await ask(`${url}/me`)).status).toBe(401);
  });

  it('are refused with an RPC error with { rpc: true } and by a guard of their controller', async () => {
    const { send } = await start({ rpc: true });
    const refused = { status: 'error', code: 'UNAUTHENTICATED', message: 'Unauthorized' };
    expect(await send('sum')).toEqual(refused);
    expect(await send('open')).toBe('open');
    expect(await send('guarded')).toEqual(refused);
  });
});

describe('a message handler that uses a session', () => {
  @Controller()
  class WithCurrentSession {
    @MessagePattern('m') handle(@CurrentSession() session: CallerSession) {
      return session.name;
    }
  }
  @Controller()
  class WithSessions {
    @MessagePattern('m') handle(@Sessions() sessions: RequestSessions) {
      return sessions.get(CallerSession);
    }
  }
  @Controller()
  class WithSessionId {
    @MessagePattern('m') handle(@SessionId(CallerSession) id: string) {
      return id;
    }
  }
  @Controller()
  class WithRequirement {
    @RequireSession(CallerSession) @MessagePattern('m') handle() {}
  }

  it.each<[string, Type<unknown>]>([
    ['@CurrentSession()', WithCurrentSession],
    ['@Sessions()', WithSessions],
    ['@SessionId()', WithSessionId],
    ['@RequireSession()', WithRequirement],
  ])('by %s is refused at start', async (_, controller) => {
    const started = startApp(platforms[0]!, {
      imports: [SessionsModule.forRoot({ sessions: [CallerSession] })],
      controllers: [controller],
    });
    await expect(started).rejects.toThrow(SessionConfigurationError);
    await expect(started).rejects.toThrow(`${controller.name}.handle handles messages of a microservice`);
  });
});
