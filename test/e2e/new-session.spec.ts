import { Controller, Get, Post, Redirect, Session as NestSession } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import {
  CurrentSession,
  RequireSession,
  Session,
  SessionConfigurationError,
  SessionsModule,
  type SessionEvent,
} from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp } from '../support/platforms.js';

@Session('sid', { tracker: 'by-id' })
class UserSession {
  user = 'nobody';
  flash?: string;
  token = randomUUID();
}

@Controller()
class UserController {
  @Post('login') login(@CurrentSession() session: UserSession): void {
    session.user = 'ann';
  }
  @Post('paid') @Redirect('/me', 303) paid(@CurrentSession({ newSession: false }) session: UserSession): void {
    session.flash = 'paid';
  }
  @Get('look') look(@CurrentSession(UserSession, { newSession: false }) session: UserSession): string {
    return session.user;
  }
  @Get('form') form(@CurrentSession({ newSession: true }) session: UserSession): string {
    return session.token;
  }
  @Get('me') me(@CurrentSession() session: UserSession): string {
    return `${session.user} ${session.flash}`;
  }
  @Get('account') @RequireSession(UserSession, { noStore: true }) account(): string {
    return 'secrets';
  }
  @Get('page') @RequireSession(UserSession) page(): string {
    return 'page';
  }
}

describe.each(platforms)('a new session, on $name', (platform) => {
  async function started(events: SessionEvent[] = []): ReturnType<typeof startApp> {
    return startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [UserSession], onEvent: (event) => events.push(event) })],
      controllers: [UserController],
    });
  }

  it('does not replace the session whose cookie the browser did not send, with newSession: false', async () => {
    const events: SessionEvent[] = [];
    const { url, close } = await started(events);
    const answer = await ask(`${url}/paid`, { method: 'POST' });
    expect([answer.status, answer.setCookies]).toEqual([303, []]);
    expect(events.filter(({ type }) => type === 'not-begun')).toEqual([{ type: 'not-begun', session: 'sid' }]);
    await close();
  });

  it('reports no event without a change', async () => {
    const events: SessionEvent[] = [];
    const { url, close } = await started(events);
    expect((await ask(`${url}/look`)).text).toBe('nobody');
    expect(events).toEqual([]);
    await close();
  });

  it('does not affect an existing session: newSession: false stores its changes', async () => {
    const { url, close } = await started();
    const cookie = (await ask(`${url}/login`, { method: 'POST' })).cookie('sid');
    await ask(`${url}/paid`, { method: 'POST', cookie });
    expect((await ask(`${url}/me`, { cookie })).text).toBe('ann paid');
    await close();
  });

  it('is stored as shown with newSession: true, with its computed values', async () => {
    const { url, close } = await started();
    const first = await ask(`${url}/form`);
    const again = await ask(`${url}/form`, { cookie: first.cookie('sid') });
    expect(again.text).toBe(first.text);
    expect(again.setCookies).toEqual([]);
    await close();
  });

  it('cannot be combined with optional or required', () => {
    expect(() => CurrentSession(UserSession, { optional: true, newSession: false })).toThrow(SessionConfigurationError);
    expect(() => CurrentSession({ required: true, newSession: true })).toThrow(/newSession has no effect/);
  });

  it('behind a guard with noStore is not cached, including refused requests', async () => {
    const { url, close } = await started();
    const cookie = (await ask(`${url}/login`, { method: 'POST' })).cookie('sid');
    const [account, refused, page] = await Promise.all([
      ask(`${url}/account`, { cookie }),
      ask(`${url}/account`),
      ask(`${url}/page`, { cookie }),
    ]);
    expect([account.status, account.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect([refused.status, refused.headers.get('cache-control')]).toEqual([401, 'no-store']);
    expect(page.headers.get('cache-control')).toBe(null);
    await close();
  });

  it('is refused at start on a parameter with the @Session() of Nest', async () => {
    @Controller()
    class MistakenController {
      @Get() mistaken(@NestSession() session: UserSession): string {
        return session.user;
      }
    }
    const starting = startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [UserSession] })],
      controllers: [MistakenController],
    });
    await expect(starting).rejects.toThrow(
      'MistakenController.mistaken: @Session() of @nestjs/common does not inject a UserSession.',
    );
  });

  it('ignores the @Session() of Nest for another session', async () => {
    @Controller()
    class OtherController {
      @Get() other(@NestSession() session: Record<string, unknown> | undefined): string {
        return String(session);
      }
    }
    const { url, close } = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [UserSession] })],
      controllers: [OtherController],
    });
    expect((await ask(url)).text).toBe('undefined');
    await close();
  });
});
