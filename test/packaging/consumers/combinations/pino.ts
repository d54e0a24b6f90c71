import { LoggerModule } from 'nestjs-pino';
import { strict as assert } from 'node:assert';
import { Writable } from 'node:stream';
import { Browser, expectSessions, start, type Platform } from './support.js';

export async function check(platform: Platform): Promise<void> {
  let log = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      log += chunk.toString();
      done();
    },
  });
  const redact = { paths: ['req.headers.cookie', 'res.headers["set-cookie"]'], censor: '[redacted]' };
  const running = await start(platform, { imports: [LoggerModule.forRoot({ pinoHttp: [{ redact }, stream] })] });
  await expectSessions(running);
  const browser = new Browser(running.url);
  await browser.post('/login');
  const [credential = ''] = browser.cookies.values();
  await browser.get('/secret');
  const lines = log.trim().split('\n');
  assert.ok(lines.some((line) => line.includes('"url":"/secret"') && line.includes('"cookie":"[redacted]"')));
  assert.ok(credential.length > 20 && !log.includes(credential));
  await running.app.close();
}
