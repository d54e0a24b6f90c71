import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Post,
  Session as NestSession,
  UseGuards,
  type LoggerService,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import {
  CurrentSession,
  Principal,
  Public,
  RequireSession,
  RequireSessionGuard,
  Session,
  SessionConfigurationError,
  SessionOwner,
  Sessions,
  SessionsModule,
  type RequestSessions,
} from 'nestjs-sessions';
import 'reflect-metadata';
import { firstValueFrom } from 'rxjs';
import { ask } from '../support/client.js';
import { freePort } from '../support/free-port.js';
import { platforms, startApp, type Platform, type RunningApp, type StartOptions } from '../support/platforms.js';

@Session('staff')
class StaffSession {
  admin = false;
}

@Session('tenant')
class TenantSession {
  name = '';
}

@Session('account', { tracker: 'by-id' })
class AccountSession {
  @SessionOwner() userId?: string;
  roles: string[] = [];
  visits = 0;
}

const TYPES = [StaffSession, TenantSession, AccountSession];

@Controller('become')
class BecomeController {
  @Public()
  @Post('admin')
  admin(@CurrentSession() staff: StaffSession): void {
    staff.admin = true;
  }

  @Public()
  @Post('tenant')
  tenant(@CurrentSession() tenant: TenantSession): void {
    tenant.name = 'acme';
  }

  @Public()
  @Post('visitor')
  visitor(@CurrentSession() account: AccountSession): void {
    account.visits += 1;
  }

  @Public()
  @Post('user')
  async user(@Sessions() sessions: RequestSessions): Promise<void> {
    await sessions.login(AccountSession, 'ann');
  }
}

type Visitor = 'admin' | 'tenant' | 'visitor' | 'user';

/** An application and the cookies of its visitors. */
interface Guarded {
  status(path: string, ...who: readonly Visitor[]): Promise<number>;
  text(path: string, ...who: readonly Visitor[]): Promise<string>;
}

const running: RunningApp[] = [];

async function guarded(platform: Platform, { controllers = [], ...options }: StartOptions): Promise<Guarded> {
  const app = await startApp(platform, {
    ...options,
    imports: [SessionsModule.forRoot({ sessions: TYPES })],
    controllers: [...controllers, BecomeController],
  });
  running.push(app);
  const cookieOf = async (who: Visitor): Promise<string> => {
    const { setCookies } = await ask(`${app.url}/become/${who}`, { method: 'POST' });
    return setCookies[0]!.split(';')[0]!;
  };
  const get = async (path: string, who: readonly Visitor[]) =>
    ask(app.url + path, { cookie: (await Promise.all(who.map(cookieOf))).join('; ') });
  return {
    status: async (path, ...who) => (await get(path, who)).status,
    text: async (path, ...who) => (await get(path, who)).text,
  };
}

const isAdmin = (session: StaffSession): boolean => session.admin;

afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
});

describe.each(platforms)('requirements on $name', (platform) => {
  @RequireSession(StaffSession, { validate: isAdmin })
  class StaffBase {
    @Get('inherited') inherited(): string {
      return 'secret';
    }

    @Public() @Get('health') health(): string {
      return 'fine';
    }
  }

  it('of a base class, a class and a handler all apply', async () => {
    @RequireSession(TenantSession)
    @Controller('billing')
    class BillingController extends StaffBase {
      @Get('own') own(): string {
        return 'secret';
      }

      @RequireSession(AccountSession) @Get('three') three(): string {
        return 'secret';
      }
    }
    @Controller('plain')
    class PlainController extends StaffBase {}
    const app = await guarded(platform, { controllers: [BillingController, PlainController] });
    for (const path of ['/billing/inherited', '/billing/own']) {
      expect(await app.status(path, 'tenant')).toBe(401);
      expect(await app.status(path, 'admin')).toBe(401);
      expect(await app.status(path, 'admin', 'tenant')).toBe(200);
    }
    expect(await app.status('/billing/three', 'admin', 'tenant')).toBe(401);
    expect(await app.status('/billing/three', 'admin', 'tenant', 'user')).toBe(200);
    expect(await app.status('/plain/inherited', 'tenant')).toBe(401);
    expect(await app.status('/plain/inherited', 'admin')).toBe(200);
    expect(await app.status('/plain/health')).toBe(200);
  });

  it('of an overridden handler also apply to the overriding one', async () => {
    class Base {
      @RequireSession(StaffSession) @Get('page') page(): string {
        return 'secret';
      }
    }
    @Controller('closed')
    class ClosedController extends Base {
      @Get('page') override page(): string {
        return 'secret too';
      }
    }
    @Controller('open')
    class OpenController extends Base {
      @Public() @Get('page') override page(): string {
        return 'open';
      }
    }
    const app = await guarded(platform, { controllers: [ClosedController, OpenController] });
    expect(await app.status('/closed/page')).toBe(401);
    expect(await app.status('/closed/page', 'admin')).toBe(200);
    expect(await app.status('/open/page')).toBe(200);
  });

  it('are not removed by @Public() on a base class', async () => {
    @Public()
    @Controller('base')
    class PublicBase {
      @Get('x') x(): string {
        return 'open';
      }
    }
    @Controller('derived')
    class DerivedController extends PublicBase {}
    @RequireSession(TenantSession)
    @Controller('stated')
    class StatedController extends PublicBase {}
    const app = await guarded(platform, {
      controllers: [PublicBase, DerivedController, StatedController],
      providers: [{ provide: APP_GUARD, useValue: RequireSessionGuard.everywhere(StaffSession) }],
    });
    expect(await app.status('/base/x')).toBe(200);
    expect(await app.status('/derived/x')).toBe(401);
    expect(await app.status('/derived/x', 'admin')).toBe(200);
    expect(await app.status('/stated/x')).toBe(401);
    expect(await app.status('/stated/x', 'tenant')).toBe(401);
    expect(await app.status('/stated/x', 'tenant', 'admin')).toBe(200);
  });

  it('refuse a request if the guard finds none', async () => {
    @UseGuards(RequireSessionGuard)
    @Controller('by-hand')
    class ByHandController {
      @Get() secret(): string {
        return 'secret';
      }

      @Public() @Get('open') open(): string {
        return 'open';
      }
    }
    const app = await guarded(platform, { controllers: [ByHandController] });
    expect(await app.status('/by-hand', 'admin')).toBe(401);
    expect(await app.status('/by-hand/open')).toBe(200);
  });

  describe('by validate', () => {
    const answers: ReadonlyArray<readonly [name: string, give: unknown, status: number]> = [
      ['an empty text', '', 401],
      ['a text', 'admin', 401],
      ['zero', 0, 401],
      ['a number', 7, 401],
      ['NaN', Number.NaN, 401],
      ['a bigint', 1n, 401],
      ['a symbol', Symbol('x'), 401],
      ['a function', () => true, 401],
      ['false', false, 401],
      ['null', null, 401],
      ['undefined', undefined, 401],
      ['an error', new ForbiddenException(), 403],
      ['true', true, 200],
      ['an object', { role: 'admin' }, 200],
      ['a list', [], 200],
    ];

    it.each(answers)('with %s', async (_, give, status) => {
      const warnings: string[] = [];
      for (const answer of [give, Promise.resolve(give)]) {
        @Controller('page')
        class PageController {
          @RequireSession(TenantSession, { validate: () => answer as never })
          @Get()
          page(): string {
            return 'secret';
          }
        }
        const app = await guarded(platform, {
          controllers: [PageController],
          prepare: (nest) => nest.useLogger({ ...silent, warn: (sentence: string) => void warnings.push(sentence) }),
        });
        expect(await app.status('/page', 'tenant')).toBe(status);
        expect(await app.status('/page', 'tenant')).toBe(status);
      }
      const isNoAnswer = typeof give !== 'boolean' && typeof give !== 'object' && give !== undefined;
      const named = warnings.filter((sentence) =>
        sentence.includes('@RequireSession(TenantSession) of PageController.page'),
      );
      expect(named).toHaveLength(isNoAnswer ? 2 : 0);
    });
  });

  describe('of a class with an owner', () => {
    it('need an owner, except with anonymous: true', async () => {
      @Controller('page')
      class PageController {
        @RequireSession(AccountSession) @Get('guard') guard(): string {
          return 'secret';
        }

        @RequireSession(AccountSession, { validate: () => true }) @Get('validate') validate(): string {
          return 'secret';
        }

        @RequireSession(AccountSession, { anonymous: true }) @Get('anonymous-guard') anonymousGuard(): string {
          return 'for visitors';
        }

        @Get('required') required(@CurrentSession({ required: true }) session: AccountSession): string {
          return `secret of ${session.userId}`;
        }

        @Get('anonymous-required')
        anonymousRequired(@CurrentSession({ required: true, anonymous: true }) session: AccountSession): number {
          return session.visits;
        }

        @RequireSession(AccountSession, { optional: true })
        @Get('optional')
        optional(@Principal() principal?: AccountSession): string {
          return principal?.userId ?? 'nobody';
        }
      }
      const app = await guarded(platform, { controllers: [PageController] });
      for (const path of ['guard', 'validate', 'required']) {
        expect(await app.status(`/page/${path}`)).toBe(401);
        expect(await app.status(`/page/${path}`, 'visitor')).toBe(401);
        expect(await app.status(`/page/${path}`, 'user')).toBe(200);
      }
      for (const path of ['anonymous-guard', 'anonymous-required']) {
        expect(await app.status(`/page/${path}`)).toBe(401);
        expect(await app.status(`/page/${path}`, 'visitor')).toBe(200);
      }
      expect(await app.text('/page/optional', 'visitor')).toBe('nobody');
      expect(await app.text('/page/optional', 'user')).toBe('ann');
    });
  });

  it('of everywhere ignore messages, except with rpc: true', async () => {
    @Controller()
    class MessageController {
      @MessagePattern('sum') sum(numbers: number[]): number {
        return numbers.reduce((left, right) => left + right, 0);
      }
    }
    const answerWith = async (options: { rpc?: boolean }): Promise<unknown> => {
      const port = await freePort();
      await guarded(platform, {
        controllers: [MessageController],
        providers: [{ provide: APP_GUARD, useValue: RequireSessionGuard.everywhere(AccountSession, options) }],
        prepare: async (app) => {
          app.connectMicroservice(
            { transport: Transport.TCP, options: { port, host: '127.0.0.1' } },
            { inheritAppConfig: true },
          );
          await app.startAllMicroservices();
        },
      });
      const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { port, host: '127.0.0.1' } });
      try {
        return await firstValueFrom(client.send('sum', [1, 2])).catch(() => 'refused');
      } finally {
        await client.close();
      }
    };
    expect(await answerWith({})).toBe(3);
    expect(await answerWith({ rpc: true })).toBe('refused');
  });
});

const silent: LoggerService = { log: () => {}, error: () => {}, warn: () => {}, debug: () => {}, verbose: () => {} };

describe('an application does not start', () => {
  const lose = (): MethodDecorator => (_target, _property, descriptor) => {
    const { value } = descriptor as PropertyDescriptor;
    const inner = value as (...args: unknown[]) => unknown;
    (descriptor as PropertyDescriptor).value = function (this: unknown, ...args: unknown[]) {
      return inner.apply(this, args);
    };
  };
  const start = (metadata: StartOptions): Promise<Guarded> => guarded(platforms[0]!, metadata);

  it('with a requirement on a method whose route a wrapper has removed', async () => {
    @Controller()
    class LostController {
      @Get('other') other(): string {
        return 'x';
      }

      @lose() @Get('secret') @RequireSession(StaffSession) secret(): string {
        return 'secret';
      }
    }
    await expect(start({ controllers: [LostController] })).rejects.toThrow(
      '@RequireSession() on LostController.secret has no effect',
    );
  });

  it('with a requirement on a method that is not a handler', async () => {
    @Injectable()
    class SecretService {
      @RequireSession(StaffSession) secret(): string {
        return 'secret';
      }
    }
    await expect(start({ providers: [SecretService] })).rejects.toThrow('SecretService.secret has no effect');
  });

  it('with a requirement on a class without handlers', async () => {
    @RequireSession(StaffSession)
    @Injectable()
    class SecretService {
      secret(): string {
        return 'secret';
      }
    }
    await expect(start({ providers: [SecretService] })).rejects.toThrow(
      '@RequireSession() on SecretService has no effect',
    );
  });

  it('with @Principal() and no guard', async () => {
    @Controller()
    class PageController {
      @Get() page(@Principal() principal: StaffSession): string {
        return String(principal);
      }
    }
    const starting = start({ controllers: [PageController] });
    await expect(starting).rejects.toThrow(SessionConfigurationError);
    await expect(starting).rejects.toThrow('PageController.page has a @Principal() but no guard that provides it');
  });

  it.each([
    ['APP_GUARD', { providers: [{ provide: APP_GUARD, useValue: RequireSessionGuard.everywhere(StaffSession) }] }],
    [
      'useGlobalGuards',
      { prepare: (app) => void app.useGlobalGuards(RequireSessionGuard.everywhere(StaffSession)) },
    ] as const,
  ] as ReadonlyArray<readonly [string, StartOptions]>)('but does with @Principal() and %s', async (_, options) => {
    @Controller('page')
    class PageController {
      @Get() page(@Principal() principal: StaffSession): string {
        return `admin: ${principal.admin}`;
      }
    }
    const app = await start({ controllers: [PageController], ...options });
    expect(await app.text('/page', 'admin')).toBe('admin: true');
  });

  it('with @Session() of Nest for a session class', async () => {
    @Controller()
    class PageController {
      @Get() page(@NestSession() session: StaffSession): string {
        return String(session);
      }
    }
    await expect(start({ controllers: [PageController] })).rejects.toThrow(
      "PageController.page: @Session() of @nestjs/common does not inject a StaffSession. Use @CurrentSession(): import { CurrentSession } from 'nestjs-sessions'.",
    );
  });

  it('but does with @Session() of Nest for the session of another package', async () => {
    @Controller('page')
    class PageController {
      @Get() page(@NestSession() session: unknown): string {
        return String(session);
      }
    }
    const app = await start({ controllers: [PageController] });
    expect(await app.text('/page')).toBe('undefined');
  });
});

describe('@RequireSession()', () => {
  it('is refused where Nest does not read it', () => {
    expect(() => {
      class FieldController {
        @RequireSession(StaffSession) static secret(): string {
          return 'secret';
        }
      }
      return FieldController;
    }).toThrow('FieldController.secret, which is not an instance method');
    const onField = RequireSession(StaffSession) as PropertyDecorator;
    expect(() => onField(class FieldController {}.prototype, 'secret')).toThrow(SessionConfigurationError);
  });

  it('is refused for an undefined class and with unknown options', () => {
    expect(() => RequireSession(undefined as never)(class Guarded {})).toThrow('A circular import');
    expect(() => RequireSession(StaffSession, { redirect: '/' } as never)(class Guarded {})).toThrow('redirectTo');
    expect(() => RequireSessionGuard.everywhere(undefined as never)).toThrow('A circular import');
  });

  it('does not accept a validate that returns a string or a number', () => {
    // @ts-expect-error returns an empty string
    RequireSession(AccountSession, { validate: (session) => session.userId && session.roles.includes('admin') });
    // @ts-expect-error returns a string
    RequireSession(AccountSession, { validate: (session) => session.userId });
    // @ts-expect-error returns a number
    RequireSession(AccountSession, { validate: (session) => session.roles.length });
    // @ts-expect-error returns a promise of a string
    RequireSession(AccountSession, { validate: async (session) => session.userId ?? '' });
    const answers: ReadonlyArray<Parameters<typeof RequireSession<AccountSession>>[1]> = [
      { validate: (session) => session.roles.includes('admin') },
      { validate: async (session) => (session.userId === undefined ? null : { id: session.userId }) },
      { validate: (session) => (session.visits > 3 ? new ForbiddenException() : session) },
    ];
    expect(answers.map((options) => RequireSession(AccountSession, options))).toHaveLength(3);
  });
});
