import { Controller, Injectable, Post } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { CurrentSession, RequireSession, SessionsService } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

@Injectable()
class SignOutEverywhere {
  constructor(private readonly sessions: SessionsService) {}

  @OnEvent('password.changed', { suppressErrors: false }) end(name: string): Promise<number> {
    return this.sessions.revokeAll(UserSession, name);
  }
}

@Controller()
class PasswordController {
  constructor(private readonly events: EventEmitter2) {}

  @Post('password') @RequireSession(UserSession) async change(@CurrentSession() session: UserSession): Promise<string> {
    const [ended] = (await this.events.emitAsync('password.changed', session.name)) as number[];
    return `${ended} ended`;
  }
}

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, {
    imports: [EventEmitterModule.forRoot()],
    providers: [SignOutEverywhere],
    controllers: [PasswordController],
  });
  await expectSessions(running);
  const [laptop, phone] = [new Browser(running.url), new Browser(running.url)];
  for (const browser of [laptop, phone]) await browser.post('/login');
  assert.equal((await laptop.post('/password')).text, '2 ended');
  for (const browser of [laptop, phone]) assert.equal((await browser.get('/secret')).status, 401);
  await running.app.close();
}
