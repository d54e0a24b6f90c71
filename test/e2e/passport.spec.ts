import fastifyCsrf from '@fastify/csrf-protection';
import { Authenticator, Strategy as FastifyStrategy } from '@fastify/passport';
import {
  Body,
  Controller,
  Get,
  Injectable,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
  type INestApplication,
} from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import flash from 'connect-flash';
import { doubleCsrf } from 'csrf-csrf';
import type { Request, Response } from 'express';
import { SessionsModule, SessionsService } from 'nestjs-sessions';
import { requestSession, type RequestSession } from 'nestjs-sessions/passport';
import { FakeClock } from 'nestjs-sessions/testing';
import passport from 'passport';
import OAuth2Strategy from 'passport-oauth2';
import { platforms, startApp, type Platform, type RunningApp } from '../support/platforms.js';
import { remember, RememberedSession } from './passport-doc/remember-me.js';
import {
  AuthSession,
  Client,
  LocalStrategy,
  LoginGuard,
  startProvider,
  UserSerializer,
  type User,
} from './passport-support.js';

type WithSession = Omit<Request, 'session'> & { session: RequestSession<AuthSession> };
const KEYS = 'kjkg28cCOHIHPjphbGZhe4LHFn_3mtHWg1kzOn7HCyM';
const [express, fastify] = platforms as readonly [Platform, Platform];

let running: RunningApp | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

function sessionsModule(): ReturnType<typeof SessionsModule.forRoot> {
  return SessionsModule.forRoot({ keys: KEYS, sessions: [AuthSession], requestSession: AuthSession });
}

/** Reads the user of each request from its session. */
function usePassport(app: INestApplication): void {
  const { name } = platformOf(app);
  if (name === 'express') {
    app.use(passport.initialize());
    app.use(passport.session());
    return;
  }
  const instance = app.getHttpAdapter().getInstance() as { addHook(name: string, hook: unknown): void };
  for (const middleware of [passport.initialize(), passport.session()]) instance.addHook('onRequest', middleware);
}

function platformOf(app: INestApplication): Platform {
  return app.getHttpAdapter().getType() === 'fastify' ? fastify : express;
}

@Controller()
class AccountController {
  @Post('login')
  @UseGuards(LoginGuard)
  login(@Req() request: { user: User }): User {
    return request.user;
  }

  @Get('me')
  me(@Req() request: Request): object {
    return { signedIn: request.isAuthenticated(), user: request.user };
  }

  @Get('session')
  session(@Req() { session }: WithSession): object {
    const { id, cookie } = session;
    return { id, maxAge: cookie.maxAge, fields: session, isOurs: session instanceof AuthSession };
  }

  @Post('theme')
  theme(@Req() { session }: WithSession): object {
    session.theme = 'dark';
    return {};
  }

  @Post('logout')
  logout(@Req() request: Request, @Query('keep') keep?: string): Promise<object> {
    return new Promise((resolve, reject) => {
      request.logout({ keepSessionInfo: keep !== undefined }, (error) =>
        error ? reject(error as Error) : resolve({}),
      );
    });
  }
}

describe.each(platforms)('passport-local with @nestjs/passport on $name', (platform) => {
  async function start(keepSessionInfo = false): Promise<Client> {
    running = await startApp(platform, {
      imports: [
        PassportModule.register({ session: true, ...(keepSessionInfo ? { keepSessionInfo } : {}) }),
        sessionsModule(),
      ],
      controllers: [AccountController],
      providers: [LocalStrategy, UserSerializer],
      prepare: usePassport,
    });
    return new Client(running.url);
  }

  it('keeps the user in the session, and signs out', async () => {
    const client = await start();
    expect((await client.get('/me')).json()).toEqual({ signedIn: false });
    expect((await client.post('/login', { username: 'ada', password: 'wrong' })).status).toBe(401);
    expect(client.cookies.size).toBe(0);
    expect((await client.post('/login', { username: 'ada', password: 'secret' })).json()).toMatchObject({
      name: 'ada',
    });
    const me = { signedIn: true, user: { id: 'id-of-ada', name: 'read by its id' } };
    expect((await client.get('/me')).json()).toEqual(me);
    await client.post('/logout');
    expect((await client.get('/me')).json()).toEqual({ signedIn: false });
  });

  it('gives the session a new id at login and logout, and ends the old one', async () => {
    const client = await start();
    await client.post('/theme');
    const ids = new Set<string>();
    const earlier: string[] = [];
    for (const step of [
      () => client.post('/login', { username: 'ada', password: 'secret' }),
      () => client.post('/login', { username: 'bob', password: 'secret' }),
      () => client.post('/logout'),
    ]) {
      earlier.push(client.cookies.get('auth')!);
      ids.add(earlier.at(-1)!);
      await step();
    }
    expect(ids.size).toBe(3);
    for (const cookie of earlier) {
      const thief = new Client(running!.url);
      thief.cookies.set('auth', cookie);
      expect((await thief.get('/me')).json()).toEqual({ signedIn: false });
    }
  });

  it('keeps the content of the visitor only with keepSessionInfo', async () => {
    for (const keep of [true, false]) {
      const client = await start(keep);
      await client.post('/theme');
      await client.post('/login', { username: 'ada', password: 'secret' });
      const { fields } = (await client.get('/session')).json<{ fields: object }>();
      expect(fields).toEqual({ passport: { user: 'id-of-ada' }, ...(keep ? { theme: 'dark' } : {}) });
      await client.post(keep ? '/logout?keep' : '/logout');
      const after = (await client.get('/session')).json<{ fields: { theme?: string; passport?: { user?: string } } }>();
      expect(after.fields.theme).toBe(keep ? 'dark' : undefined);
      expect(after.fields.passport?.user).toBeUndefined();
      await running?.close();
    }
    running = undefined;
  });

  it('knows the owner of the sessions', async () => {
    const client = await start();
    await client.post('/login', { username: 'ada', password: 'secret' });
    const service = running!.app.get(SessionsService);
    expect(await service.list(AuthSession, 'id-of-ada')).toHaveLength(1);
    expect(await service.revokeAll(AuthSession, 'id-of-ada')).toBe(1);
    expect((await client.get('/me')).json()).toEqual({ signedIn: false });
  });

  it('sets request.session to the typed session, with cookie and id', async () => {
    const client = await start();
    const fresh = await client.get('/session');
    expect(fresh.json()).toEqual({ id: '', maxAge: 604_800_000, fields: {}, isOurs: true });
    expect(fresh.setCookies).toEqual([]);
    await client.post('/theme');
    const { id } = (await client.get('/session')).json<{ id: string }>();
    expect(id).toBe(client.cookies.get('auth'));
  });
});

describe.each(platforms)('OAuth 2 with passport-oauth2 on $name', (platform) => {
  it.each([
    ['with state', {}],
    ['with state and PKCE', { pkce: true }],
  ])('signs in %s, once for each state', async (_how, options) => {
    const provider = await startProvider();

    @Injectable()
    class ProviderStrategy extends PassportStrategy(OAuth2Strategy, 'provider') {
      constructor() {
        super({
          authorizationURL: `${provider.url}/authorize`,
          tokenURL: `${provider.url}/token`,
          clientID: 'this application',
          clientSecret: 'the secret of this application',
          // For a relative path, passport-oauth2 needs the connection of an Express request.
          callbackURL: 'https://app.example/callback',
          state: true,
          ...options,
        });
      }

      validate(accessToken: string): object {
        return { accessToken };
      }
    }

    @Controller()
    class SignInController {
      @Get('sign-in')
      @UseGuards(AuthGuard('provider'))
      signIn(): void {}

      @Get('callback')
      @UseGuards(AuthGuard('provider'))
      callback(@Req() request: { user: object }): object {
        return request.user;
      }
    }

    try {
      running = await startApp(platform, {
        imports: [PassportModule, sessionsModule()],
        controllers: [SignInController],
        providers: [ProviderStrategy],
        // passport uses methods of Node's response that Fastify's reply lacks.
        prepare: (app) => {
          if (platform.name === 'fastify') useNodeResponse(app);
        },
      });
      const client = new Client(running.url);
      const redirect = await client.get('/sign-in');
      expect([redirect.status, redirect.text]).toEqual([302, '']);
      const agreed = provider.agree(redirect.headers.get('location')!);
      const stranger = new Client(running.url);
      expect((await stranger.get(`/callback${agreed}`)).status).toBe(401);
      expect((await client.get(`/callback${agreed}`)).json()).toEqual({ accessToken: 'a token' });
      expect((await client.get(`/callback${agreed}`)).status).toBe(401);
    } finally {
      await provider.close();
    }
  });
});

/** Adds the response methods that passport calls to Fastify's reply. */
function useNodeResponse(app: INestApplication): void {
  const instance = app.getHttpAdapter().getInstance() as {
    decorateReply(name: string, value: unknown): void;
  };
  type Reply = { header(name: string, value: string): Reply; code(status: number): Reply; send(body?: unknown): Reply };
  instance.decorateReply('setHeader', function (this: Reply, name: string, value: string) {
    this.header(name, value);
  });
  instance.decorateReply('end', function (this: Reply) {
    this.send();
  });
}

describe('connect-flash on express', () => {
  it('shows a message once, on the next page', async () => {
    @Controller()
    class MessageController {
      @Post('send')
      send(@Req() request: Request): object {
        request.flash('info', 'sent');
        return {};
      }

      @Get('messages')
      messages(@Req() request: Request): object {
        return request.flash();
      }
    }
    running = await startApp(express, {
      imports: [sessionsModule()],
      controllers: [MessageController],
      prepare: (app) => void app.use(flash()),
    });
    const client = new Client(running.url);
    await client.post('/send');
    expect((await client.get('/messages')).json()).toEqual({ info: ['sent'] });
    expect((await client.get('/messages')).json()).toEqual({});
  });
});

describe('csrf-csrf on express', () => {
  it('accepts a token of this session, and refuses one of another', async () => {
    const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
      getSecret: () => 'the secret of the tokens',
      getSessionIdentifier: (request) => (request as unknown as WithSession).session.id,
      cookieName: 'csrf',
      cookieOptions: { secure: false, sameSite: 'lax' },
    });

    @Controller()
    class FormController {
      @Get('form')
      async form(@Req() request: WithSession, @Res({ passthrough: true }) response: Response): Promise<object> {
        request.session.theme ??= 'light';
        // A new session has its id when it is stored.
        await request.session.save();
        return { token: generateCsrfToken(request as unknown as Request, response) };
      }

      @Post('order')
      order(): object {
        return { ordered: true };
      }
    }
    running = await startApp(express, {
      imports: [sessionsModule()],
      controllers: [FormController],
      prepare: async (app) => {
        const { default: cookieParser } = await import('cookie-parser');
        app.use(cookieParser());
        app.use(doubleCsrfProtection);
      },
    });
    const [ada, eve] = [new Client(running.url), new Client(running.url)];
    const { token } = (await ada.get('/form')).json<{ token: string }>();
    const other = (await eve.get('/form')).json<{ token: string }>().token;
    expect((await ada.post('/order', {}, { 'x-csrf-token': token })).json()).toEqual({ ordered: true });
    expect((await ada.post('/order', {}, { 'x-csrf-token': other })).status).toBe(403);
    eve.cookies.set('csrf', ada.cookies.get('csrf')!);
    expect((await eve.post('/order', {}, { 'x-csrf-token': token })).status).toBe(403);
    expect((await ada.post('/order')).status).toBe(403);
  });
});

describe('@fastify/csrf-protection', () => {
  it.each(['@fastify/session', '@fastify/secure-session'] as const)(
    'keeps its secret in request.session, with sessionPlugin %s',
    async (sessionPlugin) => {
      @Controller()
      class FormController {
        @Get('form')
        form(@Res({ passthrough: true }) reply: { generateCsrf(): string }): object {
          return { token: reply.generateCsrf() };
        }

        @Post('order')
        order(): object {
          return { ordered: true };
        }
      }
      running = await startApp(fastify, {
        imports: [sessionsModule()],
        controllers: [FormController],
        prepare: async (app) => {
          const instance = app.getHttpAdapter().getInstance() as {
            register(plugin: unknown, options: object): Promise<void>;
            addHook(name: string, hook: (...args: never[]) => void): void;
            csrfProtection(...args: never[]): void;
          };
          await instance.register(fastifyCsrf, { sessionPlugin });
          instance.addHook('preHandler', (request: { method: string }, reply: never, done: () => void) => {
            if (request.method === 'POST') instance.csrfProtection(request as never, reply, done as never);
            else done();
          });
        },
      });
      const [ada, eve] = [new Client(running.url), new Client(running.url)];
      const { token } = (await ada.get('/form')).json<{ token: string }>();
      await eve.get('/form');
      expect((await ada.post('/order', {}, { 'csrf-token': token })).json()).toEqual({ ordered: true });
      expect((await eve.post('/order', {}, { 'csrf-token': token })).status).toBe(403);
      expect((await ada.post('/order')).status).toBe(403);
    },
  );
});

describe('@fastify/passport', () => {
  it('keeps the user in request.session, with a new id, and signs out', async () => {
    class PasswordStrategy extends FastifyStrategy {
      override authenticate(request: { body: unknown }): void {
        const { user, password } = request.body as { user: string; password: string };
        if (password === 'secret') this.success({ id: user });
        else this.fail('wrong password', 401);
      }
    }

    @Controller()
    class SignInController {
      @Get('me')
      me(@Req() request: { user?: object | null }): object {
        return { user: request.user ?? null };
      }

      @Post('logout')
      async logout(@Req() request: { logOut(): Promise<void> }): Promise<object> {
        await request.logOut();
        return {};
      }
    }
    const authenticator = new Authenticator();
    authenticator.use('password', new PasswordStrategy('password') as never);
    authenticator.registerUserSerializer((user: { id: string }) => Promise.resolve(user.id));
    authenticator.registerUserDeserializer((id: string) => Promise.resolve({ id }));
    running = await startApp(fastify, {
      imports: [sessionsModule()],
      controllers: [SignInController],
      prepare: async (app) => {
        const instance = app.getHttpAdapter().getInstance() as {
          register(plugin: unknown): Promise<void>;
          post(path: string, options: object, handler: () => Promise<object>): void;
        };
        await instance.register(authenticator.initialize());
        await instance.register(authenticator.secureSession());
        instance.post('/login', { preValidation: authenticator.authenticate('password', { authInfo: false }) }, () =>
          Promise.resolve({}),
        );
      },
    });
    const client = new Client(running.url);
    expect((await client.post('/login', { user: 'ada', password: 'wrong' })).status).toBe(401);
    await client.post('/login', { user: 'ada', password: 'secret' });
    expect((await client.get('/me')).json()).toEqual({ user: { id: 'ada' } });
    const before = client.cookies.get('auth');
    await client.post('/login', { user: 'bob', password: 'secret' });
    expect(client.cookies.get('auth')).not.toBe(before);
    expect((await client.get('/me')).json()).toEqual({ user: { id: 'bob' } });
    await client.post('/logout');
    expect((await client.get('/me')).json()).toEqual({ user: null });
  });
});

describe.each(platforms)('the methods of request.session on $name', (platform) => {
  @Controller()
  class MethodController {
    @Post('set')
    set(@Req() { session }: WithSession): object {
      session.set('theme', 'dark');
      return { theme: session.get('theme'), data: session.data() };
    }

    @Post('reload')
    async reload(@Req() request: WithSession): Promise<object> {
      request.session.theme = 'changed';
      await request.session.reload();
      return { theme: request.session.theme };
    }

    @Post('reload-new')
    reloadNew(@Req() request: WithSession): Promise<object> {
      return new Promise((resolve) => {
        request.session.reload((error) => resolve({ error: (error as Error | undefined)?.name }));
      });
    }

    @Post('regenerate')
    regenerate(@Req() request: WithSession): Promise<object> {
      const before = request.session;
      return new Promise((resolve, reject) => {
        const chained = before.regenerate(['theme'], (error) => {
          if (error) return reject(error);
          const { session } = request;
          resolve({ isAnother: session !== before, theme: session.theme, id: session.id, chained: chained === before });
        });
      });
    }

    @Post('destroy')
    async destroy(@Req() request: { session?: RequestSession<AuthSession> }): Promise<object> {
      await request.session?.destroy();
      return { isGone: request.session === undefined };
    }

    @Post('null')
    setNull(@Req() request: { session: unknown }): object {
      request.session = null;
      return {};
    }

    @Post('cookie')
    cookie(@Req() { session }: WithSession): object {
      const cookie = session.cookie as { maxAge: number | null; partitioned?: boolean };
      // As for express-session.
      const { maxAge } = cookie;
      cookie.maxAge = maxAge;
      const assignments: Record<string, () => void> = {
        maxAge: () => (cookie.maxAge = 30 * 24 * 3_600_000),
        partitioned: () => (cookie.partitioned = true),
        cookie: () => ((session as { cookie: object }).cookie = { maxAge: 1000 }),
      };
      const errors = Object.entries(assignments).map(([name, assign]) => {
        try {
          assign();
          return [name, 'assigned'];
        } catch (error) {
          return [name, (error as Error).message];
        }
      });
      return { unchanged: session.cookie.maxAge === maxAge, ...(Object.fromEntries(errors) as object) };
    }

    @Post('max-age')
    maxAge(@Req() { session }: WithSession, @Body() { maxAge }: { maxAge: number | null | false }): object {
      session.theme = `for ${maxAge}`;
      // As in code for express-session.
      if (maxAge === false) (session.cookie as { expires: unknown }).expires = false;
      else session.cookie.maxAge = maxAge;
      return { maxAge: session.cookie.maxAge };
    }

    @Post('touch')
    touch(@Req() { session }: WithSession): object {
      return { chained: session.touch() === session };
    }

    @Get('theme')
    theme(@Req() { session }: WithSession): object {
      return { theme: session.theme };
    }
  }

  async function start(): Promise<Client> {
    running = await startApp(platform, { imports: [sessionsModule()], controllers: [MethodController] });
    return new Client(running.url);
  }

  it('sets, reloads and regenerates', async () => {
    const client = await start();
    expect((await client.post('/reload-new')).json()).toEqual({ error: 'SessionError' });
    expect((await client.post('/set')).json()).toEqual({ theme: 'dark', data: { theme: 'dark' } });
    expect((await client.post('/reload')).json()).toEqual({ theme: 'dark' });
    const before = client.cookies.get('auth');
    const regenerated = { isAnother: true, theme: 'dark', id: '', chained: true };
    expect((await client.post('/regenerate')).json()).toEqual(regenerated);
    expect(client.cookies.get('auth')).not.toBe(before);
    expect((await client.get('/theme')).json()).toEqual({ theme: 'dark' });
    client.cookies.set('auth', before!);
    expect((await client.get('/theme')).json()).toEqual({});
  });

  it.each(['/destroy', '/null'])('ends the session by %s', async (path) => {
    const client = await start();
    await client.post('/set');
    const cookie = client.cookies.get('auth')!;
    const answer = await client.post(path);
    if (path === '/destroy') expect(answer.json()).toEqual({ isGone: true });
    expect(client.cookies.size).toBe(0);
    client.cookies.set('auth', cookie);
    expect((await client.get('/theme')).json()).toEqual({});
  });

  it('sends the cookie again after touch', async () => {
    const client = await start();
    await client.post('/set');
    expect((await client.get('/theme')).setCookies).toEqual([]);
    const touched = await client.post('/touch');
    expect(touched.json()).toEqual({ chained: true });
    expect(touched.setCookie('auth')).toContain(client.cookies.get('auth')!);
  });

  it.each([
    [3_600_000, 'Max-Age=3600'],
    [null, undefined],
    [false, undefined],
  ])('sets the lifetime of one session by cookie.maxAge and cookie.expires: %s', async (maxAge, attribute) => {
    const client = await start();
    const answer = await client.post('/max-age', { maxAge });
    expect(answer.json()).toEqual({ maxAge: maxAge === false ? null : maxAge });
    const line = answer.setCookie('auth')!;
    if (attribute === undefined) expect(line).not.toMatch(/Max-Age|Expires/);
    else expect(line).toContain(attribute);
    expect((await client.get('/theme')).json()).toEqual({ theme: `for ${maxAge}` });
  });

  it('refuses a lifetime beyond that of the class, and other cookie attributes', async () => {
    const answer = (await (await start()).post('/cookie')).json<Record<string, unknown>>();
    expect(answer).toEqual({
      unchanged: true,
      maxAge: expect.stringContaining('maximumIdleTimeoutInSeconds'),
      partitioned: expect.stringContaining('request.session.cookie.partitioned cannot be assigned'),
      cookie: expect.stringContaining('request.session.cookie cannot be assigned'),
    });
  });

  it('is available in a part of the application by requestSession(AuthSession)', async () => {
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ keys: KEYS, sessions: [AuthSession] })],
      controllers: [MethodController],
      prepare: (app) => {
        if (platform.name === 'express') app.use('/set', requestSession(AuthSession));
        else {
          const instance = app.getHttpAdapter().getInstance() as { addHook(name: string, hook: unknown): void };
          instance.addHook('onRequest', requestSession(AuthSession));
        }
      },
    });
    const client = new Client(running.url);
    expect((await client.post('/set')).json()).toMatchObject({ theme: 'dark' });
  });
});

describe('"remember me" of docs/passport.md', () => {
  @Controller()
  class RememberedController {
    @Post('login')
    login(
      @Req() { session }: { session: RequestSession<RememberedSession> },
      @Query('remember') checked?: string,
    ): void {
      session.userId = 'ada';
      remember(session, checked !== undefined);
    }

    @Get('me')
    me(@Req() { session }: { session: RequestSession<RememberedSession> }): object {
      return { userId: session.userId };
    }
  }

  it.each([
    ['lasts for the longer time', '?remember', { userId: 'ada' }],
    ['does not where nobody asked for it', '', {}],
  ])('%s', async (_what, query, expected) => {
    const clock = new FakeClock();
    running = await startApp(express, {
      imports: [
        SessionsModule.forRoot({
          keys: KEYS,
          sessions: [RememberedSession],
          requestSession: RememberedSession,
          now: clock.now,
        }),
      ],
      controllers: [RememberedController],
    });
    const client = new Client(running.url);
    const answer = await client.post(`/login${query}`);
    if (query === '') expect(answer.setCookie('remembered')).not.toContain('Max-Age');
    else expect(answer.setCookie('remembered')).toContain(`Max-Age=${30 * 24 * 3600};`);
    clock.advance(8 * 24 * 3_600_000);
    expect((await client.get('/me')).json()).toEqual(expected);
    clock.advance(31 * 24 * 3_600_000);
    expect((await client.get('/me')).json()).toEqual({});
  });
});

describe('an invalid configuration', () => {
  it('is refused at start', async () => {
    class Saved extends AuthSession {
      save = true;
    }
    const start = (requestSessionOption: unknown): Promise<RunningApp> =>
      startApp(express, {
        imports: [
          SessionsModule.forRoot({
            keys: KEYS,
            sessions: [AuthSession],
            requestSession: requestSessionOption as never,
          }),
        ],
      });
    await expect(start(Saved)).rejects.toThrow(
      'Saved has members with the names of methods that other packages call on request.session: save.',
    );
    await expect(start('AuthSession')).rejects.toThrow('requestSession');
    await expect(start(class Other {})).rejects.toThrow('was not registered');
  });
});
