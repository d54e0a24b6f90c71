import { Controller, Get, Injectable } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Throttle, ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { CurrentSession, sessionsOf } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

@Injectable()
class BySession extends ThrottlerGuard {
  protected override async getTracker(request: Record<string, unknown>): Promise<string> {
    return (await sessionsOf(request).id(UserSession)) ?? super.getTracker(request);
  }
}

@Controller()
class SearchController {
  @Throttle({ default: { limit: 2, ttl: 60_000 } }) @Get('search') search(
    @CurrentSession() session: UserSession,
  ): string {
    session.visits += 1;
    return `search ${session.visits}`;
  }
}

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, {
    imports: [ThrottlerModule.forRoot([{ limit: 1000, ttl: 60_000 }])],
    providers: [{ provide: APP_GUARD, useClass: BySession }],
    controllers: [SearchController],
  });
  await expectSessions(running);
  const [one, other] = [new Browser(running.url), new Browser(running.url)];
  for (const browser of [one, other]) await browser.post('/login');
  for (const search of [1, 2]) assert.equal((await one.get('/search')).text, `search ${search}`);
  assert.equal((await one.get('/search')).status, 429);
  assert.equal((await one.get('/visit')).text, 'visit 3');
  assert.equal((await other.get('/search')).text, 'search 1');
  await running.app.close();
}
