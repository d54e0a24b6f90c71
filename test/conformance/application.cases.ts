import { Controller, Get, Header, Post } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CurrentSession,
  Principal,
  Public,
  RequireSession,
  Session,
  Sessions,
  sessionSecuritySchemes,
  SessionsModule,
  type RequestSessions,
} from 'nestjs-sessions';
import { type SessionProvider } from 'nestjs-sessions/core';
import { int, ktor, KtorDirectoryStorage, KtorSessionStorage, list, string } from 'nestjs-sessions/ktor';
import { startApp, type Platform } from '../support/platforms.js';
import { Answer, KtorTestFile } from './conformance.js';

class MySession {
  @int() id = 0;
}
class EmptyStore extends KtorSessionStorage {}

type Ask = (path: string, headers?: Record<string, string>, method?: string) => Promise<Answer>;

async function withController(
  platform: Platform,
  session: SessionProvider,
  controller: new () => object,
  run: (ask: Ask) => Promise<void>,
): Promise<void> {
  const app = await startApp(platform, {
    imports: [SessionsModule.forRoot({ sessions: [session] })],
    controllers: [controller],
  });
  try {
    await run(async (path, headers = {}, method = 'GET') =>
      Answer.of(await fetch(app.url + path, { headers, method, redirect: 'manual' })),
    );
  } finally {
    await app.close();
  }
}

export function applicationCases(): void {
  authenticationCases();
  completeApplicationCases();
  documentationCases();
}

function authenticationCases(): void {
  const file = new KtorTestFile('SessionAuthTest');
  const session = (): SessionProvider => ktor({ type: MySession, name: 'S', version: '3.5' });
  // As the tests of Ktor send it: not encoded.
  const cookie = 'S={"id":1}';

  @RequireSession(MySession, { validate: (present) => present })
  @Controller()
  class SessionOnlyController {
    @Get() index(@Principal() principal: MySession): string {
      return `id ${principal.id}`;
    }
    @Get('logout') logout(@Sessions() sessions: RequestSessions): string {
      sessions.clear(MySession);
      return 'out';
    }
  }
  file.http('testSessionOnly', (platform) =>
    withController(platform, session(), SessionOnlyController, async (ask) => {
      expect((await ask('/')).status).toBe(401);
      expect((await ask('/', { cookie })).body).toBe('id 1');
      const logout = await ask('/logout', { cookie });
      expect(logout.line('S')).toMatch(/^S=; Max-Age=0; /);
      expect((await ask('/', { cookie: logout.pair('S') })).status).toBe(401);
    }),
  );

  @RequireSession(MySession, { challenge: () => '/login' })
  @Controller()
  class SessionAndFormController {
    @Get() index(): string {
      return 'ok';
    }
  }
  file.http('testSessionAndForm', (platform) =>
    withController(platform, session(), SessionAndFormController, async (ask) => {
      const refused = await ask('/');
      expect([refused.status, refused.headers.get('location')]).toEqual([302, '/login']);
      expect((await ask('/', { cookie })).status).toBe(200);
    }),
  );

  @RequireSession(MySession, { challenge: () => undefined })
  @Controller()
  class EmptyChallengeController {
    @Get() index(): string {
      return 'never';
    }
  }
  file.http('testSessionWithEmptyValidateRespondsWith401', (platform) =>
    withController(platform, session(), EmptyChallengeController, async (ask) => {
      const refused = await ask('/');
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, null]);
      // Ktor's body is empty.
      expect(JSON.parse(refused.body)).toMatchObject({ statusCode: 401 });
    }),
  );

  const deferred = new KtorTestFile('SessionAuthDeferredTest');
  @Controller()
  class DeferredController {
    @Post('session') set(@Sessions() sessions: RequestSessions): void {
      sessions.set(Object.assign(new MySession(), { id: 1 }));
    }
    @Get('public') open(): string {
      return 'ok';
    }
    @RequireSession(MySession)
    @Get('authenticated')
    guarded(): string {
      return 'never';
    }
  }
  deferred.http('sessionIgnoredForNonPublicEndpoints', (platform) => {
    const fail = async (): Promise<never> => {
      throw new Error('not here');
    };
    const storage = new EmptyStore({ read: fail, invalidate: fail, write: async () => undefined });
    return withController(
      platform,
      ktor({ type: MySession, name: 'S', version: '3.5', storage }),
      DeferredController,
      async (ask) => {
        expect((await ask('/session', {}, 'POST')).status).toBe(201);
        expect((await ask('/public', { cookie: 'S=x' })).status).toBe(200);
        expect((await ask('/authenticated', { cookie: 'S=x' })).status).toBe(503);
      },
    );
  });
}

function completeApplicationCases(): void {
  const file = new KtorTestFile('AuthBuildersTest, SecuritySchemeInferenceTest');
  class TestSession {
    name = '';
  }
  @Controller()
  class CompleteController {
    @Get() index(@CurrentSession(TestSession, { optional: true }) session?: TestSession): string {
      return `Public index. ${session ? `Logged in as ${session.name}.` : 'Not logged in.'}`;
    }
    @RequireSession(TestSession, { redirectTo: '/login' })
    @Get('user/profile')
    profile(@Principal() principal: TestSession): string {
      return `Profile for ${principal.name}.`;
    }
    @Post('login') login(@Sessions() sessions: RequestSessions): string {
      sessions.set(Object.assign(new TestSession(), { name: 'tester' }));
      return 'Logged in successfully as tester.';
    }
  }
  file.http('testCompleteApplication', (platform) =>
    withController(
      platform,
      ktor({ type: TestSession, name: 'S', version: '3.5' }),
      CompleteController,
      async (ask) => {
        const cookie = 'S={"name":"tester"}';
        expect((await ask('/')).body).toBe('Public index. Not logged in.');
        expect((await ask('/', { cookie })).body).toBe('Public index. Logged in as tester.');
        expect((await ask('/user/profile')).headers.get('location')).toBe('/login');
        expect((await ask('/user/profile', { cookie })).body).toBe('Profile for tester.');
        const login = await ask('/login', {}, 'POST');
        expect([login.body, login.value('S')]).toEqual(['Logged in successfully as tester.', '{"name":"tester"}']);
      },
    ),
  );
  inferenceCases(file);
}

function inferenceCases(file: KtorTestFile): void {
  @Session('user_session')
  class CookieUser {
    name = '';
  }
  @Session('X-Session-Token', { transport: 'header' })
  class HeaderUser {
    name = '';
  }
  class KtorUser {
    name = '';
  }
  @RequireSession(CookieUser)
  @Controller()
  class DescribedController {
    @Get() all(): void {}
    @RequireSession(HeaderUser) @Get('both') both(): void {}
    @RequireSession(KtorUser, { optional: true }) @Get('optional') optional(): void {}
    @Public() @Get('open') open(): void {}
  }
  const schemesOf = async (description?: string): Promise<unknown> => {
    const sessions = [CookieUser, HeaderUser, ktor({ type: KtorUser, name: 'KTOR', version: '3.5' })];
    const module = await Test.createTestingModule({ imports: [SessionsModule.forRoot({ sessions })] }).compile();
    await module.init();
    return description === undefined ? sessionSecuritySchemes(module) : sessionSecuritySchemes(module, description);
  };
  const scheme = (place: string, name: string, description: string): object => ({
    type: 'apiKey',
    in: place,
    name,
    description,
  });

  file.it('testInferSessionAuth', async () => {
    const description = 'Session-based Authentication';
    expect(await schemesOf()).toEqual({
      user_session: scheme('cookie', 'user_session', description),
      'X-Session-Token': scheme('header', 'X-Session-Token', description),
      KtorUser: scheme('cookie', 'KTOR', description),
    });
    // What @nestjs/swagger reads of a controller and of its handlers.
    const { prototype } = DescribedController;
    const needs = (holder: object): unknown => Reflect.getMetadata('swagger/apiSecurity', holder);
    expect(needs(DescribedController)).toEqual([{ user_session: [] }]);
    expect(needs(prototype.all)).toBeUndefined();
    expect(needs(prototype.both)).toEqual([{ 'X-Session-Token': [] }]);
    expect(needs(prototype.optional)).toEqual([{ KtorUser: [] }, {}]);
    expect(needs(prototype.open)).toEqual([{}]);
  });
  file.it('testInferSessionAuthWithDescription', async () => {
    expect(await schemesOf('Who you are')).toMatchObject({ user_session: { description: 'Who you are' } });
    expect(await schemesOf('')).toMatchObject({ user_session: { description: '' } });
  });
}

class UserSession {
  @string() id = '';
  @int() count = 0;
}
class CartSession {
  @string() userID = '';
  @list(int()) productIDs: number[] = [];
}

@Controller()
class ClientController {
  @Get('login') login(@Sessions() sessions: RequestSessions): string {
    sessions.set(Object.assign(new UserSession(), { id: '123abc' }));
    return 'in';
  }
  @Get('user') user(@CurrentSession(UserSession, { optional: true }) session?: UserSession): string {
    if (!session) return "Session doesn't exist or is expired.";
    return `Session ID is ${session.id}. Reload count is ${session.count++}.`;
  }
  @Get('logout') logout(@Sessions() sessions: RequestSessions): string {
    sessions.clear(UserSession);
    return 'out';
  }
}

@Controller()
class CartController {
  @Get('login') login(@Sessions() sessions: RequestSessions): string {
    sessions.set(Object.assign(new CartSession(), { userID: '123', productIDs: [1, 3, 7] }));
    return 'in';
  }
  @Header('Content-Type', 'text/plain')
  @Get('cart')
  cart(@CurrentSession(CartSession, { optional: true }) cart?: CartSession): string {
    return cart ? `Product IDs: [${cart.productIDs.join(', ')}]` : 'Your basket is empty.';
  }
  @Get('logout') logout(@Sessions() sessions: RequestSessions): string {
    sessions.clear(CartSession);
    return 'Successful logout';
  }
}

function documentationCases(): void {
  const file = new KtorTestFile('Documentation samples');
  const sign = '6819b57a326945c1968f45236589';

  file.http('session-cookie-client', (platform) =>
    withController(
      platform,
      ktor({
        type: UserSession,
        name: 'user_session',
        version: '3.5',
        cookie: { maxAgeInSeconds: 10 },
        keys: { encrypt: '00112233445566778899aabbccddeeff', sign, weak: true },
      }),
      ClientController,
      async (ask) => {
        let answer = await ask('/login');
        expect(answer.line('user_session')).toMatch(
          /^user_session=[0-9a-f]{32}%2F[0-9a-f]+%3A[0-9a-f]{64}; Max-Age=10; /,
        );
        for (const count of [0, 1, 2, 3]) {
          answer = await ask('/user', { cookie: answer.pair('user_session') });
          expect(answer.body).toBe(`Session ID is 123abc. Reload count is ${count}.`);
        }
        const logout = await ask('/logout', { cookie: answer.pair('user_session') });
        expect((await ask('/user', { cookie: logout.pair('user_session') })).body).toBe(
          "Session doesn't exist or is expired.",
        );
      },
    ),
  );

  file.http('session-cookie-server', (platform) => {
    const texts = new Map<string, string>();
    const storage = new KtorSessionStorage({
      read: async (id) => texts.get(id),
      write: async (id, value) => void texts.set(id, value),
      invalidate: async (id) => texts.delete(id),
    });
    return withController(
      platform,
      ktor({ type: CartSession, name: 'cart_session', version: '3.5', storage, keys: { sign, weak: true } }),
      CartController,
      async (ask) => {
        const cookie = (await ask('/login')).pair('cart_session');
        expect(cookie).toMatch(/^cart_session=[0-9a-f]{64}%2F[0-9a-f]{64}$/);
        expect([...texts.values()]).toEqual(['{"userID":"123","productIDs":[1,3,7]}']);
        expect((await ask('/cart', { cookie })).body).toBe('Product IDs: [1, 3, 7]');
        await ask('/logout', { cookie });
        expect((await ask('/cart', { cookie })).body).toBe('Your basket is empty.');
        expect(texts.size).toBe(0);
      },
    );
  });

  file.http('session-header-server', async (platform) => {
    const directory = mkdtempSync(join(tmpdir(), 'ktor-'));
    try {
      await withController(
        platform,
        ktor({
          type: CartSession,
          name: 'cart_session',
          version: '3.5',
          transport: 'header',
          storage: new KtorDirectoryStorage({ directory }),
          keys: { sign, weak: true },
        }),
        CartController,
        async (ask) => {
          const header = { cart_session: (await ask('/login')).headers.get('cart_session')! };
          const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
            name.endsWith('.dat'),
          );
          expect(files.map((name) => readFileSync(join(directory, name), 'utf8'))).toEqual([
            '{"userID":"123","productIDs":[1,3,7]}',
          ]);
          expect((await ask('/cart', header)).body).toBe('Product IDs: [1, 3, 7]');
          expect((await ask('/logout', header)).body).toBe('Successful logout');
          expect((await ask('/cart', header)).body).toBe('Your basket is empty.');
        },
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}
