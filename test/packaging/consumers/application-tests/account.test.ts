import 'reflect-metadata';
import { Controller, Get, Post, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CurrentSession, RequireSession, Session, SessionOwner, Sessions, type RequestSessions } from 'nestjs-sessions';
import {
  endedSession,
  expiredSession,
  FakeClock,
  sessionCookie,
  sessionMatchers,
  sessionOf,
  SessionsTestingModule,
  type SessionMatchers,
} from 'nestjs-sessions/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';

declare module 'vitest' {
  interface Matchers<T> extends SessionMatchers<T> {}
}

@Session('account', { tracker: 'by-id', idleTimeoutInSeconds: 1800 })
class AccountSession {
  @SessionOwner() userId?: string;
}

@Controller()
class AccountController {
  @Post('login')
  async login(@Sessions() sessions: RequestSessions): Promise<void> {
    await sessions.login(AccountSession, 'ada');
  }

  @Get('me')
  @RequireSession(AccountSession)
  me(@CurrentSession(AccountSession) session: AccountSession): string {
    return session.userId ?? '';
  }

  @Post('logout')
  logout(@Sessions() sessions: RequestSessions): void {
    sessions.logout(AccountSession);
  }
}

let app: INestApplication;
let url: string;
const ada = Object.assign(new AccountSession(), { userId: 'ada' });
expect.extend(sessionMatchers(() => app));

beforeEach(async () => {
  const module = await Test.createTestingModule({
    imports: [SessionsTestingModule.forRoot({ sessions: [AccountSession] })],
    controllers: [AccountController],
  }).compile();
  app = module.createNestApplication();
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});

afterEach(() => app.close());

it('signs in', async () => {
  const response = await fetch(`${url}/login`, { method: 'POST' });
  await expect(response).toHaveSession(AccountSession, { userId: 'ada' });
  await expect(response).not.toHaveSession(AccountSession, { userId: 'bob' });
  await expect(response).not.toClearSession(AccountSession);
  await expect(expect(response).toHaveSession(AccountSession, { userId: 'bob' })).rejects.toThrow(
    "Expected session AccountSession with { userId: 'bob' }, found AccountSession",
  );
});

it('signs out', async () => {
  const headers = await sessionCookie(app, ada);
  await expect(await fetch(`${url}/logout`, { method: 'POST', headers })).toClearSession(AccountSession);
  expect(await sessionOf(app, headers, AccountSession)).toBeUndefined();
});

it('knows a session until it ends', async () => {
  const headers = await sessionCookie(app, ada);
  expect(await (await fetch(`${url}/me`, { headers })).text()).toBe('ada');
  for (const gone of [await endedSession(app, ada), await expiredSession(app, ada)]) {
    expect((await fetch(`${url}/me`, { headers: gone })).status).toBe(401);
  }
  app.get(FakeClock).advance(1800_000);
  expect((await fetch(`${url}/me`, { headers })).status).toBe(401);
});
