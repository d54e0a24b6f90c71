import fastifyCompress from '@fastify/compress';
import { Controller, Get } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import compression from 'compression';
import { CurrentSession } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

@Controller()
class PageController {
  @Get('long') long(@CurrentSession() session: UserSession): string {
    session.visits += 1;
    return `${session.visits} `.repeat(4000);
  }
}

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, {
    controllers: [PageController],
    prepare: (app) =>
      platform === 'express' ? app.use(compression()) : (app as NestFastifyApplication).register(fastifyCompress),
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  for (const count of [1, 2]) {
    const page = await browser.get('/long', { 'accept-encoding': 'gzip' });
    assert.equal(page.headers.get('content-encoding'), 'gzip');
    assert.equal(page.text, `${count} `.repeat(4000));
    assert.match(page.headers.get('vary')!, /accept-encoding/i);
  }
  await running.app.close();
}
