import {
  Controller,
  Get,
  Inject,
  Injectable,
  Logger,
  Module,
  Post,
  Req,
  UseGuards,
  type ArgumentMetadata,
  type CanActivate,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { plainToInstance } from 'class-transformer';
import {
  CurrentSession,
  generateSessionId,
  KeyRing,
  RequireSession,
  Session,
  SessionConfigurationError,
  SessionId,
  SessionOwner,
  Sessions,
  SessionStorageMemory,
  SessionsInterceptor,
  SessionsModule,
  sessionsOf,
  SessionsService,
  type RequestSessions,
  type SessionsModuleOptions,
  type SessionsOptionsFactory,
} from 'nestjs-sessions';
import {
  SessionProvider,
  SessionSerializerReflection,
  SessionTrackerByValue,
  SessionTransportHeader,
} from 'nestjs-sessions/core';
import { jest } from '@jest/globals';
import { ask } from '../support/client.js';
import { platforms, startApp, type StartOptions } from '../support/platforms.js';

@Session('user_session')
class UserSession {
  userId?: string;
  visits = 0;
}

@Session('settings', { tracker: 'by-id' })
class SettingsSession {
  @SessionOwner() userId?: string;
  theme = 'light';
}

class PlainSession {
  count = 0;
}

@Controller()
class UserController {
  @Get() visit(@CurrentSession() session: UserSession) {
    return { visits: ++session.visits };
  }
}

@Controller('settings')
class SettingsController {
  @Get() theme(@CurrentSession() session: SettingsSession) {
    session.theme = 'dark';
    return session;
  }
}

const KEY = generateSessionId();

async function withApp<T>(
  platform: (typeof platforms)[number],
  options: StartOptions,
  use: (url: string, get: <P>(token: new (...args: never[]) => P) => P) => Promise<T>,
): Promise<T> {
  const { app, url, close } = await startApp(platform, options);
  try {
    return await use(url, (token) => app.get(token as never));
  } finally {
    await close();
  }
}

describe.each(platforms)('SessionsModule on $name', (platform) => {
  const visitTwice = async (url: string): Promise<unknown> => {
    const first = await ask(url);
    return (await ask(url, { cookie: first.cookie('user_session') })).json();
  };

  it('starts with each option of its type', async () => {
    const options: Required<Pick<SessionsModuleOptions, 'onGone' | 'onUnavailable' | 'lifetimes' | 'eventFields'>> = {
      onGone: 'reject',
      onUnavailable: 'anonymous',
      lifetimes: 'owasp-low',
      eventFields: { owner: true },
    };
    const { close } = await startApp(platform, {
      imports: [SessionsModule.forRoot({ keys: generateSessionId(), ...options })],
    });
    await close();
  });

  it('takes options from a factory', async () => {
    @Module({ providers: [{ provide: 'SECRET', useValue: KEY }], exports: ['SECRET'] })
    class ConfigModule {}
    const imports = [
      SessionsModule.forRootAsync({
        imports: [ConfigModule],
        inject: ['SECRET'],
        useFactory: async (secret: string): Promise<SessionsModuleOptions> => ({
          keys: secret,
          sessions: [UserSession],
        }),
      }),
    ];
    await withApp(platform, { imports, controllers: [UserController] }, async (url) => {
      expect(await visitTwice(url)).toEqual({ visits: 2 });
    });
  });

  it('takes options from a class, and from an existing provider', async () => {
    @Injectable()
    class Options implements SessionsOptionsFactory {
      createSessionsOptions(): SessionsModuleOptions {
        return { keys: [KEY], sessions: [UserSession] };
      }
    }
    @Module({ providers: [Options], exports: [Options] })
    class OptionsModule {}
    for (const imports of [
      [SessionsModule.forRootAsync({ useClass: Options })],
      [SessionsModule.forRootAsync({ imports: [OptionsModule], useExisting: Options })],
    ]) {
      await withApp(platform, { imports, controllers: [UserController] }, async (url) => {
        expect(await visitTwice(url)).toEqual({ visits: 2 });
      });
    }
  });

  it('takes sessions from feature modules', async () => {
    @Module({ imports: [SessionsModule.forFeature([SettingsSession])], controllers: [SettingsController] })
    class SettingsModule {}
    const imports = [SessionsModule.forRoot({ keys: KEY, sessions: [UserSession] }), SettingsModule];
    await withApp(platform, { imports, controllers: [UserController] }, async (url) => {
      expect(await visitTwice(url)).toEqual({ visits: 2 });
      expect((await ask(`${url}/settings`)).setCookie('settings')).toContain('HttpOnly');
    });
  });

  it('takes a session with overrides, which override its decorator', async () => {
    const imports = [
      SessionsModule.forRoot({
        keys: KEY,
        cookie: { sameSite: 'strict', path: '/app' },
        sessions: [{ type: UserSession, name: 'renamed', cookie: { path: '/' }, idleTimeoutInSeconds: 600 }],
      }),
    ];
    await withApp(platform, { imports, controllers: [UserController] }, async (url) => {
      const line = (await ask(url)).setCookie('renamed');
      expect(line).toMatch(/^renamed=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Strict$/);
    });
  });

  it('takes a custom provider, for a class without decorator', async () => {
    const provider = new SessionProvider(
      'x-plain',
      PlainSession,
      new SessionTransportHeader('x-plain'),
      new SessionTrackerByValue(PlainSession, new SessionSerializerReflection(PlainSession), { bare: true }),
    );
    @Controller()
    class PlainController {
      @Get() count(@CurrentSession(PlainSession) session: PlainSession) {
        return { count: ++session.count };
      }
    }
    const imports = [SessionsModule.forRoot({ sessions: [provider] })];
    await withApp(platform, { imports, controllers: [PlainController] }, async (url) => {
      const first = await ask(url);
      expect(first.headers.get('x-plain')).toBe('{"count":1}');
      expect((await ask(url, { headers: { 'x-plain': '{"count":41}' } })).json()).toEqual({ count: 42 });
    });
  });

  it('answers 401 for a required session, and gives undefined for an optional one', async () => {
    @Controller()
    class FormsController {
      @Get('required') required(@CurrentSession({ required: true }) session: UserSession) {
        return session;
      }
      @Get('optional') optional(@CurrentSession({ optional: true }) session?: UserSession) {
        return { none: session === undefined };
      }
      @Get('named') named(@CurrentSession(UserSession, { optional: true }) session: UserSession | undefined) {
        return { none: session === undefined };
      }
    }
    const imports = [SessionsModule.forRoot({ keys: KEY, sessions: [UserSession] })];
    await withApp(platform, { imports, controllers: [FormsController] }, async (url) => {
      expect((await ask(`${url}/required`)).status).toBe(401);
      expect((await ask(`${url}/optional`)).json()).toEqual({ none: true });
      expect((await ask(`${url}/named`)).json()).toEqual({ none: true });
    });
  });

  it('guards handlers and controllers, with 401, a custom check and a redirect', async () => {
    const signedIn = (session: UserSession): boolean => session.userId !== undefined;
    @Controller()
    class GuardedController {
      @Post('login') login(@CurrentSession() session: UserSession) {
        session.userId = 'ada';
      }
      @Get('any') @RequireSession(UserSession) any() {
        return 'any';
      }
      @Get('signed-in') @RequireSession(UserSession, { validate: signedIn }) signedIn() {
        return 'in';
      }
      @Get('page') @RequireSession(UserSession, { validate: signedIn, redirectTo: '/login?next=page' }) page() {
        return 'page';
      }
    }
    @Controller('area')
    @RequireSession(UserSession, { validate: signedIn })
    class AreaController {
      @Get() index(@CurrentSession() session: UserSession) {
        return session.userId;
      }
    }
    const imports = [SessionsModule.forRoot({ keys: KEY, sessions: [UserSession] })];
    await withApp(
      platform,
      { imports, controllers: [GuardedController, AreaController, UserController] },
      async (url) => {
        for (const path of ['any', 'signed-in', 'area']) expect((await ask(`${url}/${path}`)).status).toBe(401);
        const redirect = await ask(`${url}/page`);
        expect([redirect.status, redirect.headers.get('location')]).toEqual([302, '/login?next=page']);
        expect(redirect.headers.get('vary')).toBe('Cookie');

        const anonymous = (await ask(url)).cookie('user_session');
        expect((await ask(`${url}/any`, { cookie: anonymous })).text).toBe('any');
        expect((await ask(`${url}/signed-in`, { cookie: anonymous })).status).toBe(401);

        const cookie = (await ask(`${url}/login`, { method: 'POST' })).cookie('user_session');
        expect((await ask(`${url}/signed-in`, { cookie })).text).toBe('in');
        expect((await ask(`${url}/page`, { cookie })).text).toBe('page');
        expect((await ask(`${url}/area`, { cookie })).text).toBe('ada');
      },
    );
  });

  it('gives middleware and guards the same instance as the handler', async () => {
    const seen: unknown[] = [];
    class TouchingGuard implements CanActivate {
      async canActivate(context: ExecutionContext): Promise<boolean> {
        const session = await sessionsOf(context.switchToHttp().getRequest()).getOrSet(
          UserSession,
          () => new UserSession(),
        );
        seen.push(session);
        session.visits += 10;
        return true;
      }
    }
    @Controller()
    class TouchedController {
      @Get() @UseGuards(TouchingGuard) visit(@CurrentSession() session: UserSession, @Req() request: object) {
        seen.push(session);
        return {
          visits: ++session.visits,
          same: sessionsOf(request) === sessionsOf((request as { raw?: object }).raw ?? request),
        };
      }
    }
    const prepare: StartOptions['prepare'] = (app) => {
      app.use(async (request: object, _: unknown, next: (error?: unknown) => void) => {
        try {
          const session = await sessionsOf(request).getOrSet(UserSession, () => new UserSession());
          seen.push(session);
          session.visits += 100;
          next();
        } catch (error) {
          next(error);
        }
      });
    };
    const imports = [SessionsModule.forRoot({ keys: KEY, sessions: [UserSession] })];
    await withApp(platform, { imports, controllers: [TouchedController], prepare }, async (url) => {
      const answer = await ask(url);
      expect(answer.json()).toEqual({ visits: 111, same: true });
      expect(seen).toHaveLength(3);
      expect(new Set(seen).size).toBe(1);
      expect(answer.setCookies).toHaveLength(1);
    });
  });

  it('finds the sessions of the current request anywhere, with AsyncLocalStorage', async () => {
    @Injectable()
    class VisitCounter {
      constructor(@Inject(SessionsService) private readonly service: SessionsService) {}
      async count(): Promise<number> {
        const session = await this.service.current.getOrSet(UserSession, () => new UserSession());
        return ++session.visits;
      }
    }
    @Controller()
    class CountingController {
      constructor(@Inject(VisitCounter) private readonly counter: VisitCounter) {}
      @Get() async visit() {
        return { visits: await this.counter.count() };
      }
    }
    const metadata = { controllers: [CountingController], providers: [VisitCounter] };
    const options = { keys: KEY, sessions: [UserSession] };
    const on = [SessionsModule.forRoot({ ...options, asyncLocalStorage: true })];
    await withApp(platform, { ...metadata, imports: on }, async (url, get) => {
      expect(await visitTwice(url)).toEqual({ visits: 2 });
      expect(() => get(SessionsService).current).toThrow('no current request');
    });
    await withApp(platform, { ...metadata, imports: [SessionsModule.forRoot(options)] }, async (url) => {
      expect((await ask(url)).status).toBe(500);
    });
  });

  it('stores the changes of a handler even if a global pipe copies the session', async () => {
    const imports = [SessionsModule.forRoot({ keys: KEY, sessions: [UserSession] })];
    // As ValidationPipe does with { transform: true, validateCustomDecorators: true }.
    const copying: PipeTransform = {
      transform: (value: unknown, { metatype }: ArgumentMetadata) =>
        metatype && metatype !== Object ? plainToInstance(metatype, value) : value,
    };
    const prepare: StartOptions['prepare'] = (app) => void app.useGlobalPipes(copying);
    await withApp(platform, { imports, controllers: [UserController], prepare }, async (url) => {
      expect(await visitTwice(url)).toEqual({ visits: 2 });
    });
  });

  it('runs two applications with different keys in one process', async () => {
    const options = (key: string): StartOptions => ({
      imports: [SessionsModule.forRoot({ keys: key, sessions: [UserSession] })],
      controllers: [UserController],
    });
    await withApp(platform, options(KEY), (one) =>
      withApp(platform, options(generateSessionId()), async (two) => {
        const cookie = (await ask(one)).cookie('user_session');
        expect((await ask(one, { cookie })).json()).toEqual({ visits: 2 });
        expect((await ask(two, { cookie })).json()).toEqual({ visits: 1 });
      }),
    );
  });

  it('reads values of an old key, and seals them with the new one at once', async () => {
    const [old, young] = [generateSessionId(), generateSessionId()];
    @Controller()
    class ReadingController {
      @Get('read') read(@CurrentSession({ optional: true }) session?: UserSession) {
        return { visits: session?.visits };
      }
    }
    const start = (keys: KeyRing): StartOptions => ({
      imports: [SessionsModule.forRoot({ keys, sessions: [UserSession] })],
      controllers: [UserController, ReadingController],
    });
    const cookie = await withApp(platform, start(new KeyRing(old)), async (url) =>
      (await ask(url)).cookie('user_session'),
    );
    const resealed = await withApp(platform, start(new KeyRing([young, old])), async (url) => {
      const answer = await ask(`${url}/read`, { cookie });
      expect(answer.json()).toEqual({ visits: 1 });
      return answer.cookie('user_session');
    });
    await withApp(platform, start(new KeyRing(young)), async (url) => {
      expect((await ask(`${url}/read`, { cookie: resealed })).json()).toEqual({ visits: 1 });
      expect((await ask(`${url}/read`, { cookie })).json()).toEqual({});
    });
  });

  it('lets tests override the interceptor', async () => {
    const intercept = jest.fn((_: unknown, next: { handle(): unknown }) => next.handle());
    const module = await Test.createTestingModule({
      imports: [SessionsModule.forRoot({ keys: KEY, sessions: [UserSession] })],
      controllers: [UserController],
    })
      .overrideInterceptor(SessionsInterceptor)
      .useValue({ intercept })
      .compile();
    const app = module.createNestApplication(platform.adapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    await ask(await app.getUrl());
    await app.close();
    expect(intercept).toHaveBeenCalledTimes(1);
  });

  it('finds a storage among the providers of the application, by class or token', async () => {
    @Injectable()
    class AppStorage extends SessionStorageMemory {}
    @Module({
      providers: [AppStorage, { provide: 'STORAGE', useExisting: AppStorage }],
      exports: [AppStorage, 'STORAGE'],
    })
    class StorageModule {}
    for (const storage of [AppStorage, 'STORAGE']) {
      const imports = [StorageModule, SessionsModule.forRoot({ storage, sessions: [SettingsSession] })];
      await withApp(platform, { imports, controllers: [SettingsController] }, async (url, get) => {
        await ask(`${url}/settings`);
        expect(get(AppStorage).size).toBe(1);
      });
    }
  });

  it('injects all sessions and the id', async () => {
    @Controller()
    class AllController {
      @Get() async all(@Sessions() sessions: RequestSessions, @SessionId(SettingsSession) id?: string) {
        const settings = await sessions.getOrSet(SettingsSession, () => new SettingsSession());
        settings.theme = 'dark';
        const before = await sessions.id(SettingsSession);
        await sessions.save();
        return { given: id ?? null, before: before ?? null, after: await sessions.id(SettingsSession) };
      }
    }
    const imports = [SessionsModule.forRoot({ keys: KEY, sessions: [UserSession, SettingsSession] })];
    await withApp(platform, { imports, controllers: [AllController] }, async (url) => {
      const first = await ask(url);
      const id = first.cookie('settings').slice('settings='.length);
      expect(first.json()).toEqual({ given: null, before: null, after: id });
      expect((await ask(url, { cookie: `settings=${id}` })).json()).toEqual({ given: id, before: id, after: id });
    });
  });
});

describe('SessionsModule at start', () => {
  const start = async (
    options: SessionsModuleOptions,
    controllers: StartOptions['controllers'] = [],
    env?: string,
  ): Promise<{ log: string[]; warn: string[] }> => {
    const lines = { log: [] as string[], warn: [] as string[] };
    const spies = [
      jest.spyOn(Logger.prototype, 'log').mockImplementation((message) => void lines.log.push(String(message))),
      jest.spyOn(Logger.prototype, 'warn').mockImplementation((message) => void lines.warn.push(String(message))),
    ];
    const before = process.env['NODE_ENV'];
    if (env !== undefined) process.env['NODE_ENV'] = env;
    try {
      const module = await Test.createTestingModule({
        imports: [SessionsModule.forRoot(options)],
        controllers,
      }).compile();
      await module
        .createNestApplication(platforms[0]!.adapter())
        .init()
        .then((app) => app.close());
    } finally {
      process.env['NODE_ENV'] = before;
      for (const spy of spies) spy.mockRestore();
    }
    return lines;
  };

  it('lists the declared sessions', async () => {
    const { log, warn } = await start({ keys: KEY, sessions: [UserSession, SettingsSession] });
    expect(log).toContain(
      'user_session: UserSession, by value, cookie (SessionTransportTransformerSeal), idle 7 d, absolute 30 d',
    );
    expect(log.find((line) => line.startsWith('settings: SettingsSession, by id in '))).toContain(
      'SessionStorageMemory',
    );
    expect(warn).toEqual([]);
  });

  it('warns once about random keys, and says how to create a key', async () => {
    const { warn } = await start({ sessions: [UserSession, { type: PlainSession, name: 'plain' }] });
    expect(warn).toHaveLength(1);
    expect(warn[0]).toContain("require('node:crypto').randomBytes(32)");
  });

  it('treats a list with an unset variable as no keys, with the same warning', async () => {
    const { warn } = await start({ keys: [undefined], sessions: [UserSession] });
    expect(warn.join()).toContain('No keys are configured');
    await expect(start({ keys: [undefined], sessions: [UserSession] }, [], 'production')).rejects.toThrow(
      'randomBytes',
    );
  });

  it('refuses to start in production without keys', async () => {
    await expect(start({ sessions: [UserSession] }, [], 'production')).rejects.toThrow(
      "randomBytes(32).toString('base64url')",
    );
  });

  it('starts in production without keys if no session needs one, and warns about the memory storage', async () => {
    const { warn } = await start({ sessions: [SettingsSession] }, [], 'production');
    expect(warn.join()).toContain('memory of this process');
  });

  it('warns about a session in plain text', async () => {
    const { warn } = await start({ sessions: [{ type: UserSession, transformers: [] }] });
    expect(warn.join()).toContain('plain text');
  });

  it.each<[string, SessionsModuleOptions, string]>([
    ['a list of keys with a hole', { keys: [KEY, undefined], sessions: [UserSession] }, 'environment'],
    ['a short key', { keys: 'kQ3vXw9ZpL1mRt7B', sessions: [UserSession] }, 'too short'],
    ['a misspelt option', { key: KEY } as SessionsModuleOptions, 'Did you mean keys?'],
    [
      'a misspelt session option',
      { sessions: [{ type: UserSession, idleTimeout: 5 } as never] },
      'idleTimeoutInSeconds',
    ],
    [
      'two sessions of one name',
      { keys: KEY, sessions: [UserSession, { type: SettingsSession, name: 'user_session' }] },
      'name user_session',
    ],
    [
      'one class twice',
      { keys: KEY, sessions: [UserSession, { type: UserSession, name: 'again' }] },
      'class UserSession',
    ],
    ['a class that is no session', { sessions: [PlainSession] }, "@Session('name')"],
    ['an undefined class', { sessions: [undefined as never] }, 'circular import'],
    [
      'a storage for a by-value session',
      { sessions: [{ type: UserSession, tracker: 'by-value', storage: {} as never }] },
      "tracker: 'by-id'",
    ],
    [
      'a storage that is none',
      { sessions: [{ type: UserSession, storage: {} as never }] },
      'read, write and invalidate',
    ],
    [
      'a __Host- cookie with a domain',
      { keys: KEY, sessions: [{ type: UserSession, name: '__Host-u', cookie: { domain: 'example.com' } }] },
      '__Host-',
    ],
    [
      'SameSite=None without Secure',
      { keys: KEY, sessions: [{ type: UserSession, cookie: { sameSite: 'none', secure: false } }] },
      'secure: true',
    ],
    ['a bad cookie name', { keys: KEY, sessions: [{ type: UserSession, name: 'a b' }] }, 'a b'],
    [
      'a storage that nobody provides',
      { storage: 'NOWHERE', sessions: [SettingsSession] },
      'no module of the application',
    ],
    [
      'a negative timeout',
      { keys: KEY, sessions: [{ type: UserSession, idleTimeoutInSeconds: -1 }] },
      'idleTimeoutInSeconds',
    ],
    ['an unknown tracker', { sessions: [{ type: UserSession, tracker: 'by-magic' as never }] }, "'by-value', 'by-id'"],
  ])('refuses %s', async (_, options, hint) => {
    const failure = await start(options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SessionConfigurationError);
    expect((failure as Error).message).toContain(hint);
    expect((failure as Error).message).not.toContain(KEY);
  });

  it('refuses a handler that uses a session which is not registered', async () => {
    await expect(start({ keys: KEY, sessions: [UserSession] }, [SettingsController])).rejects.toThrow(
      'SettingsController.theme uses session SettingsSession, which is not registered',
    );
  });

  it('refuses a parameter whose class cannot be inferred, and says what to write', () => {
    expect(() => {
      class Unknown {
        handler(@CurrentSession() session: UserSession | null) {
          return session;
        }
      }
      return Unknown;
    }).toThrow(
      'Unknown.handler(), parameter 1: @CurrentSession() cannot infer the session class; it finds Object. Use @CurrentSession(UserSession)',
    );
  });

  it('refuses to be imported twice in one application', async () => {
    @Module({ imports: [SessionsModule.forRoot({ keys: generateSessionId(), sessions: [SettingsSession] })] })
    class OtherModule {}
    const twice = [SessionsModule.forRoot({ keys: KEY, sessions: [UserSession] }), OtherModule];
    await expect(startApp(platforms[0]!, { imports: twice })).rejects.toThrow('imported twice');
  });

  it('refuses two owners in one class', () => {
    expect(() => {
      class Twice {
        @SessionOwner() one?: string;
        @SessionOwner() two?: string;
      }
      return Twice;
    }).toThrow('two @SessionOwner()');
  });
});
