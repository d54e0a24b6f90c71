import { Injectable } from '@nestjs/common';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { SessionsService } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

@Injectable()
class Curfew {
  constructor(private readonly sessions: SessionsService) {}

  @Cron('0 0 1 1 *', { name: 'curfew' }) async end(): Promise<void> {
    await this.sessions.revokeAll(UserSession, 'ann');
  }
}

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, { imports: [ScheduleModule.forRoot()], providers: [Curfew] });
  await expectSessions(running);
  const browser = new Browser(running.url);
  await browser.post('/login');
  assert.equal((await browser.get('/secret')).status, 200);
  await running.app.get(SchedulerRegistry).getCronJob('curfew').fireOnTick();
  assert.equal((await browser.get('/secret')).status, 401);
  await running.app.close();
}
