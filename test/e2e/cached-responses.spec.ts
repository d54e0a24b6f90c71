import { CacheInterceptor, CacheKey, CacheModule } from '@nestjs/cache-manager';
import {
  Controller,
  Get,
  Header,
  Injectable,
  Post,
  Req,
  Res,
  UseInterceptors,
  type ExecutionContext,
  type ModuleMetadata,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import {
  CurrentSession,
  Principal,
  RequireSession,
  Session,
  SessionOwner,
  Sessions,
  sessionsOf,
  SessionsModule,
  type RequestSessions,
} from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp, type ControllerClass, type RunningApp } from '../support/platforms.js';

@Session('user')
class UserSession {
  @SessionOwner() userId?: string;
}

@Session('shop', { keepCacheControl: true })
class ShopSession {
  currency = 'EUR';
}

interface AnyResponse {
  header(name: string, value: string): AnyResponse;
  send(body: string): unknown;
  raw?: AnyResponse;
  writeHead(status: number, headers: Record<string, string>): { end(body: string): unknown };
}

@Controller()
class PageController {
  @Get('read') @Header('Cache-Control', 'public, max-age=60') read(@CurrentSession() user: UserSession): string {
    return `for ${user.userId}`;
  }
  @Get('kept') @Header('Cache-Control', 'public, max-age=60') kept(@CurrentSession() shop: ShopSession): string {
    return shop.currency;
  }
  @Get('both') @Header('Cache-Control', 'public') both(
    @CurrentSession() shop: ShopSession,
    @CurrentSession() user: UserSession,
  ): string {
    return `${shop.currency} ${user.userId}`;
  }
  @Get('shared') @Header('Cache-Control', 'S-MaxAge=600, max-age=60, Public') shared(
    @CurrentSession() user: UserSession,
  ): string {
    return `for ${user.userId}`;
  }
  @Get('before') async before(@Req() request: object, @Res() response: AnyResponse): Promise<void> {
    response.header('Cache-Control', 'public');
    await sessionsOf(request).get(UserSession);
    response.send('before');
  }
  @Get('after') async after(@Req() request: object, @Res() response: AnyResponse): Promise<void> {
    await sessionsOf(request).get(UserSession);
    response.header('Cache-Control', 'public, s-maxage=1').send('after');
  }
  @Get('head') async head(@Req() request: object, @Res() response: AnyResponse): Promise<void> {
    await sessionsOf(request).get(UserSession);
    (response.raw ?? response).writeHead(200, { 'Cache-Control': 'public, immutable' }).end('head');
  }
  @Get('silent') silent(@CurrentSession() user: UserSession): string {
    return `for ${user.userId}`;
  }
  @Get('private') @Header('Cache-Control', 'private, max-age=5') own(@CurrentSession() user: UserSession): string {
    return `for ${user.userId}`;
  }
  @Get('unread') @Header('Cache-Control', 'public') unread(): string {
    return 'for everybody';
  }
  @Post('login') @Header('Cache-Control', 'public') login(@Sessions() sessions: RequestSessions): Promise<UserSession> {
    return sessions.login(UserSession, 'ann');
  }
}

describe.each(platforms)('Cache-Control of a response that read a session, on $name', (platform) => {
  let running: RunningApp;

  beforeAll(async () => {
    running = await startApp(platform, { imports: [SessionsModule.forRoot()], controllers: [PageController] });
  });
  afterAll(() => running.close());

  const cacheControl = async (path: string, method = 'GET'): Promise<string | null> =>
    (await ask(`${running.url}/${path}`, { method })).headers.get('cache-control');

  it.each([
    ['read', 'private, max-age=60'],
    ['before', 'private'],
    ['after', 'private'],
    ['head', 'private, immutable'],
    ['private', 'private, max-age=5'],
  ])('of /%s is %s', async (path, expected) => {
    expect(await cacheControl(path)).toBe(expected);
  });

  it('loses s-maxage, and public in any letter case', async () => {
    expect(await cacheControl('shared')).toBe('private, max-age=60');
  });

  it('stays public with keepCacheControl, unless another session was also read', async () => {
    expect(await cacheControl('kept')).toBe('public, max-age=60');
    expect(await cacheControl('both')).toBe('private');
  });

  it('is not added, and is unchanged if no session was read', async () => {
    expect(await cacheControl('silent')).toBeNull();
    expect(await cacheControl('unread')).toBe('public');
  });

  it('is no-store if the session is sent', async () => {
    expect(await cacheControl('login', 'POST')).toBe('no-store');
  });
});

describe.each(platforms)('CacheInterceptor of @nestjs/cache-manager, on $name', (platform) => {
  @Injectable()
  class PerUser extends CacheInterceptor {
    protected override async trackBy(context: ExecutionContext): Promise<string | undefined> {
      const url = await super.trackBy(context);
      const session = await sessionsOf(context.switchToHttp().getRequest()).get(UserSession);
      return url && session?.userId ? `${session.userId} ${url}` : undefined;
    }
  }
  @Injectable()
  class PerUserProperty extends CacheInterceptor {
    protected override trackBy = (): undefined => undefined;
  }
  @Injectable()
  class Renamed extends CacheInterceptor {}

  const start = (controller: ControllerClass, metadata: ModuleMetadata = {}): Promise<RunningApp> =>
    startApp(platform, {
      imports: [CacheModule.register(), SessionsModule.forRoot()],
      controllers: [controller],
      ...metadata,
    });
  const globally = (type: ControllerClass): ModuleMetadata => ({
    providers: [{ provide: APP_INTERCEPTOR, useClass: type }],
  });

  @Controller()
  class ReadingController {
    @Get() page(@CurrentSession() user: UserSession): string {
      return `for ${user.userId}`;
    }
  }

  it.each<[string, ControllerClass, ModuleMetadata]>([
    [
      'the handler',
      (() => {
        @Controller()
        class OfHandler {
          @Get() @UseInterceptors(CacheInterceptor) page(@Sessions() sessions: RequestSessions): Promise<unknown> {
            return sessions.get(UserSession);
          }
        }
        return OfHandler;
      })(),
      {},
    ],
    [
      'the controller, in a class of another name',
      (() => {
        @Controller()
        @UseInterceptors(Renamed)
        class OfController extends ReadingController {}
        return OfController;
      })(),
      {},
    ],
    [
      'the controller whose sessions only a guard asks for',
      (() => {
        @Controller()
        @UseInterceptors(CacheInterceptor)
        @RequireSession(UserSession)
        class Guarded {
          @Get() page(@Principal() principal: object): object {
            return principal;
          }
        }
        return Guarded;
      })(),
      {},
    ],
    [
      'a POST handler with a key of its own',
      (() => {
        @Controller()
        @UseInterceptors(CacheInterceptor)
        class Keyed {
          @Post() @CacheKey('one') page(@CurrentSession() user: UserSession): string {
            return `for ${user.userId}`;
          }
        }
        return Keyed;
      })(),
      {},
    ],
    ['the whole application', ReadingController, globally(CacheInterceptor)],
  ])('is refused on %s', async (_, controller, metadata) => {
    await expect(start(controller, metadata)).rejects.toThrow(
      /reads a session, but CacheInterceptor caches its response by URL only.*extends CacheInterceptor \{ async trackBy/,
    );
  });

  it('is accepted on handlers without a session, and on handlers whose responses it never caches', async () => {
    @Controller()
    class Mixed {
      @Get() page(): string {
        return 'for everybody';
      }
      @Post() change(@CurrentSession() user: UserSession): string {
        return `for ${user.userId}`;
      }
    }
    await (await start(Mixed, globally(CacheInterceptor))).close();
  });

  it('is accepted with a trackBy that is a property', async () => {
    @Controller()
    @UseInterceptors(PerUserProperty)
    class OfProperty extends ReadingController {}
    await (await start(OfProperty)).close();
  });

  it('caches a page for each user with a custom trackBy', async () => {
    let made = 0;
    @Controller()
    class Pages {
      @Get() @UseInterceptors(PerUser) page(@CurrentSession() user: UserSession): string {
        return `${++made} for ${user.userId}`;
      }
      @Post('ann') ann(@Sessions() sessions: RequestSessions): Promise<unknown> {
        return sessions.login(UserSession, 'ann');
      }
      @Post('bob') bob(@Sessions() sessions: RequestSessions): Promise<unknown> {
        return sessions.login(UserSession, 'bob');
      }
    }
    const running = await start(Pages);
    const signIn = async (name: string): Promise<string> =>
      (await ask(`${running.url}/${name}`, { method: 'POST' })).cookie('user');
    const [ann, bob] = [await signIn('ann'), await signIn('bob')];
    const page = async (cookie?: string): Promise<string> => (await ask(running.url, { cookie })).text;
    expect([await page(ann), await page(bob), await page(ann), await page()]).toEqual([
      '1 for ann',
      '2 for bob',
      '1 for ann',
      '3 for undefined',
    ]);
    await running.close();
  });
});
