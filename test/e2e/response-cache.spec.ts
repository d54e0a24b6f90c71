import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { Controller, Get, Injectable, Param, Post, UseInterceptors, type ExecutionContext } from '@nestjs/common';
import {
  CurrentSession,
  RequireSession,
  Session,
  SessionOwner,
  Sessions,
  SessionsModule,
  sessionsOf,
  type RequestSessions,
} from 'nestjs-sessions';
import { hashSessionId } from 'nestjs-sessions/core';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('auth', { tracker: 'by-id' })
class AuthSession {
  @SessionOwner() userId = '';
}

@Injectable()
class VisitorCacheInterceptor extends CacheInterceptor {
  protected override trackBy(context: ExecutionContext): string | undefined {
    const url = super.trackBy(context);
    const id = sessionsOf(context.switchToHttp().getRequest()).idNow(AuthSession);
    return typeof url !== 'string' || id === undefined ? undefined : `${hashSessionId(id)} ${url}`;
  }
}

let asked = 0;

@Controller()
class AccountController {
  @Post('login/:user') async login(@Sessions() sessions: RequestSessions, @Param('user') user: string): Promise<void> {
    await sessions.login(AuthSession, user);
  }
  @RequireSession(AuthSession)
  @UseInterceptors(VisitorCacheInterceptor)
  @Get('account')
  account(@CurrentSession(AuthSession) session: AuthSession): string {
    return `${session.userId} ${++asked}`;
  }
  @UseInterceptors(VisitorCacheInterceptor)
  @Get('open')
  open(): string {
    return `${++asked}`;
  }
}

describe.each(platforms)('the CacheInterceptor of the documentation, on $name', (platform) => {
  let running: RunningApp;
  beforeAll(async () => {
    running = await startApp(platform, {
      imports: [CacheModule.register(), SessionsModule.forRoot({ sessions: [AuthSession] })],
      controllers: [AccountController],
    });
  });
  beforeEach(() => {
    asked = 0;
  });
  afterAll(() => running.close());

  const signedIn = async (user: string): Promise<string> =>
    (await ask(`${running.url}/login/${user}`, { method: 'POST' })).cookie('auth');
  const get = async (path: string, cookie?: string) => ask(running.url + path, { cookie });

  it('keeps an answer for its visitor, and for nobody else', async () => {
    const [ann, bob] = [await signedIn('ann'), await signedIn('bob')];
    expect((await get('/account', ann)).text).toBe('ann 1');
    expect((await get('/account', ann)).text).toBe('ann 1');
    expect((await get('/account', bob)).text).toBe('bob 2');
    expect((await get('/account')).status).toBe(401);
  });

  it('keeps nothing where no session was loaded', async () => {
    expect((await get('/open')).text).toBe('1');
    expect((await get('/open')).text).toBe('2');
  });
});
