import { BadRequestException, Controller, Get, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  Principal,
  Public,
  RequireSession,
  RequireSessionGuard,
  Session,
  Sessions,
  SessionsModule,
  type RequestSessions,
  type RequireSessionOptions,
  type SessionChallengeCause,
} from 'nestjs-sessions';
import { platforms, startApp, type RunningApp } from '../../support/platforms.js';

@Session('auth_user')
class AuthUser {
  name = '';
}

const calls: unknown[] = [];

const admin: RequireSessionOptions<AuthUser> = {
  validate: async (session) => (session.name === 'admin' ? { role: 'admin' } : null),
  challenge: (cause: SessionChallengeCause, context: ExecutionContext) => {
    calls.push([cause, context.getHandler().name]);
    return cause === 'NoCredentials' ? '/login' : new BadRequestException('not you');
  },
};

@Controller()
class OpenController {
  @Public()
  @Get('login/:name')
  login(@Sessions() sessions: RequestSessions): string {
    sessions.set(Object.assign(new AuthUser(), { name: 'ann' }));
    return 'in';
  }

  @Public()
  @Get('admin')
  becomeAdmin(@Sessions() sessions: RequestSessions): string {
    sessions.set(Object.assign(new AuthUser(), { name: 'admin' }));
    return 'in';
  }

  @Get('global')
  global(@Principal() principal?: AuthUser): string {
    return principal?.name ?? 'nobody';
  }
}

@RequireSession(AuthUser, {
  validate: (session) => {
    calls.push('controller');
    return session.name !== '';
  },
})
@Controller('guarded')
class GuardedController {
  @Get()
  plain(@Principal() principal: AuthUser): string {
    return `${principal.constructor.name} ${principal.name}`;
  }

  @RequireSession(AuthUser, admin)
  @Get('admin')
  admin(@Principal() principal: { role: string }): string {
    return principal.role;
  }

  @Public()
  @Get('public')
  open(@Principal() principal?: object): string {
    return String(principal);
  }

  @Public()
  @RequireSession(AuthUser, admin)
  @Get('only-admin')
  onlyAdmin(): string {
    return 'ok';
  }

  @Public()
  @RequireSession(AuthUser, { optional: true, validate: (session) => session.name !== 'ann' })
  @Get('optional')
  optional(@Principal() principal?: AuthUser): string {
    return principal?.name ?? 'nobody';
  }

  @Public()
  @RequireSession(AuthUser, { challenge: () => undefined })
  @Get('empty')
  empty(): string {
    return 'never';
  }

  @Public()
  @RequireSession(AuthUser, { redirectTo: '/login' })
  @Get('redirect')
  redirect(): string {
    return 'never';
  }
}

describe.each(platforms)('session authentication on $name', (platform) => {
  let app: RunningApp;
  let ann: string;
  let root: string;

  const get = (path: string, cookie = ''): Promise<Response> =>
    fetch(app.url + path, { headers: { cookie }, redirect: 'manual' });
  const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]!.split(';')[0]!;

  beforeAll(async () => {
    app = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [AuthUser] })],
      controllers: [OpenController, GuardedController],
      providers: [{ provide: APP_GUARD, useValue: RequireSessionGuard.everywhere(AuthUser) }],
    });
    ann = cookieOf(await get('/login/ann'));
    root = cookieOf(await get('/admin'));
  });

  beforeEach(() => {
    calls.length = 0;
  });

  afterAll(() => app.close());

  it.each([
    ['/global', 'ann', 200, 'ann'],
    ['/global', '', 401, undefined],
    ['/guarded', 'ann', 200, 'AuthUser ann'],
    ['/guarded', '', 401, undefined],
    ['/guarded/admin', 'admin', 200, 'admin'],
    ['/guarded/admin', 'ann', 400, undefined],
    ['/guarded/public', '', 200, 'undefined'],
    ['/guarded/only-admin', 'admin', 200, 'ok'],
    ['/guarded/only-admin', '', 302, undefined],
    ['/guarded/optional', '', 200, 'nobody'],
    ['/guarded/optional', 'admin', 200, 'admin'],
    ['/guarded/optional', 'ann', 401, undefined],
    ['/guarded/empty', '', 401, undefined],
    ['/guarded/redirect', '', 302, undefined],
  ])('answers %s of %j with %d', async (path, who, status, body) => {
    const response = await get(path, who === '' ? '' : who === 'ann' ? ann : root);
    expect(response.status).toBe(status);
    if (status === 302) expect(response.headers.get('location')).toBe('/login');
    if (body !== undefined) expect(await response.text()).toBe(body);
    else await response.arrayBuffer();
  });

  it('asks each requirement once, and tells the challenge the cause', async () => {
    await get('/guarded/admin', ann);
    expect(calls).toEqual(['controller', ['InvalidCredentials', 'admin']]);
    calls.length = 0;
    await get('/guarded/only-admin');
    expect(calls).toEqual([['NoCredentials', 'onlyAdmin']]);
  });
});
