import { Body, Controller, Get, Post } from '@nestjs/common';
import {
  CurrentSession,
  Session,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  type RequestSessions,
} from 'nestjs-sessions';
import { openSessions, type OpenedSessions } from 'nestjs-sessions/standalone';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('account', { tracker: 'by-id' })
class AccountSession {
  @SessionOwner() userId?: string;
  pages: string[] = [];
}

@Session('settings')
class SettingsSession {
  theme = 'light';
}

@Controller()
class AccountController {
  @Post('login')
  login(@Body('name') name: string, @CurrentSession() session: AccountSession): void {
    session.userId = name;
  }

  @Get('pages')
  pages(@CurrentSession({ required: true }) session: AccountSession): string[] {
    return session.pages;
  }

  @Get('theme')
  theme(@CurrentSession() session: SettingsSession): string {
    return session.theme;
  }

  @Post('logout')
  logout(@Sessions() sessions: RequestSessions): void {
    sessions.clear(AccountSession);
  }
}

describe.each(platforms)('openSessions with a NestJS application on $name', (platform) => {
  const keys = ['b1u8W2mZ5xQkYt0nRj7LcVhS4eAoFg9iDpXy6NqTUKw'];
  let storage: SessionStorageMemory;
  let running: RunningApp;
  let outside: OpenedSessions;

  beforeEach(async () => {
    storage = new SessionStorageMemory();
    const options = { keys, storage, sessions: [AccountSession, SettingsSession] };
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot(options)],
      controllers: [AccountController],
    });
    outside = openSessions(options);
  });

  afterEach(() => running.close());

  const request = (cookie: string): Request => new Request(running.url, { headers: { cookie } });
  const login = async (): Promise<string> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await ask(`${running.url}/login`, { method: 'POST', headers, body: '{"name":"ada"}' });
    return answer.cookie('account');
  };

  it('reads the user who signed in there', async () => {
    const session = await outside.of(request(await login())).get(AccountSession);
    expect(session?.userId).toBe('ada');
  });

  it('changes a session that the application then reads, by id and by value', async () => {
    const cookie = await login();
    const response = await outside.handle(request(cookie), async (sessions) => {
      (await sessions.get(AccountSession))!.pages.push('/from-outside');
      sessions.set(Object.assign(new SettingsSession(), { theme: 'dark' }));
      return new Response();
    });
    expect((await ask(`${running.url}/pages`, { cookie })).json()).toEqual(['/from-outside']);
    const settings = response.headers.getSetCookie().find((line) => line.startsWith('settings='))!;
    expect((await ask(`${running.url}/theme`, { cookie: settings.split(';')[0] })).text).toBe('dark');
  });

  it('detects a logout at once, and can log out there', async () => {
    const [first, second] = [await login(), await login()];
    await ask(`${running.url}/logout`, { method: 'POST', cookie: first });
    expect(await outside.of(request(first)).get(AccountSession)).toBeUndefined();
    const sessions = outside.of(request(second));
    sessions.clear(AccountSession);
    await sessions.saveTo(new Headers());
    expect((await ask(`${running.url}/pages`, { cookie: second })).status).toBe(401);
  });
});
