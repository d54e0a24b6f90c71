import { Body, Controller, Post, ValidationPipe } from '@nestjs/common';
import { IsInt, Min } from 'class-validator';
import { CurrentSession, RequireSession } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

class Visits {
  @IsInt() @Min(1) count!: number;
}

@Controller()
class VisitsController {
  @Post('visits') @RequireSession(UserSession) add(
    @CurrentSession() session: UserSession,
    @Body() { count }: Visits,
  ): string {
    session.visits += count;
    return `${session instanceof UserSession} ${session.visits}`;
  }
}

/** The strictest pipe, which also validates decorated parameters. */
const pipe = (): ValidationPipe =>
  new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    forbidUnknownValues: true,
    validateCustomDecorators: true,
  });

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, {
    controllers: [VisitsController],
    prepare: (app) => app.useGlobalPipes(pipe()),
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  assert.equal((await browser.post('/visits', { count: 3 })).status, 401);
  await browser.post('/login');
  assert.equal((await browser.post('/visits', { count: 3 })).text, 'true 3');
  for (const body of [{ count: 0 }, { count: 1, more: 1 }])
    assert.equal((await browser.post('/visits', body)).status, 400);
  assert.equal((await browser.get('/visit')).text, 'visit 4');
  await running.app.close();
}
