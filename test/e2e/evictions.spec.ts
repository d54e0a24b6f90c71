import { Controller, Get, Post } from '@nestjs/common';
import {
  CurrentSession,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  type RequestSessions,
  type SessionEvent,
} from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp } from '../support/platforms.js';

class UserSession {
  @SessionOwner() userId?: string;
  visits = 0;
}

@Controller()
class UserController {
  @Post('ann') signIn(@Sessions() sessions: RequestSessions): Promise<unknown> {
    return sessions.login(UserSession, 'ann');
  }
  @Post() visit(@CurrentSession(UserSession) session: UserSession): void {
    session.visits++;
  }
  @Get() who(@CurrentSession(UserSession) session: UserSession): string {
    return session.userId ?? 'nobody';
  }
}

describe.each(platforms)('a full memory storage, on $name', (platform) => {
  it('ends anonymous sessions, reports their number, warns once, and keeps idle users signed in', async () => {
    const events: SessionEvent[] = [];
    const warnings: string[] = [];
    const storage = new SessionStorageMemory({ maxSessions: 10 });
    const running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [{ type: UserSession, name: 'user', storage }],
          onEvent: (event) => events.push(event),
        }),
      ],
      controllers: [UserController],
      prepare: (app) => app.useLogger({ log() {}, error() {}, warn: (line: string) => void warnings.push(line) }),
    });
    const ann = (await ask(`${running.url}/ann`, { method: 'POST' })).cookie('user');
    const visitors: string[] = [];
    for (let visit = 0; visit < 30; visit++) {
      visitors.push((await ask(running.url, { method: 'POST' })).cookie('user'));
    }
    const evicted = events.flatMap((event) => (event.type === 'evicted' ? [event] : []));
    expect(evicted.reduce((sum, { count }) => sum + count, 0)).toBe(21);
    expect(evicted[0]).toEqual({ type: 'evicted', count: 1 });
    expect(storage.size).toBe(10);
    expect((await ask(running.url, { cookie: ann })).text).toBe('ann');
    expect(warnings.filter((line) => line.includes('A storage was full'))).toHaveLength(1);
    await running.close();
    events.length = 0;
    await storage.write('after', { value: 'v', expiresAt: Date.now() + 60_000 });
    expect(events).toEqual([]);
  });
});
