import fastifyHelmet from '@fastify/helmet';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import helmet from 'helmet';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, type Platform } from './support.js';

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, {
    prepare: (app) =>
      platform === 'express' ? app.use(helmet()) : (app as NestFastifyApplication).register(fastifyHelmet),
  });
  await expectSessions(running);
  const { headers } = await new Browser(running.url).get('/visit');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.match(headers.get('content-security-policy')!, /^default-src 'self'/);
  assert.equal(headers.getSetCookie().length, 1);
  await running.app.close();
}
