import { ServeStaticModule } from '@nestjs/serve-static';
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser, expectSessions, start, type Platform } from './support.js';

export async function check(platform: Platform): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'static-'));
  writeFileSync(join(folder, 'page.html'), '<p>static</p>');
  const running = await start(platform, {
    imports: [ServeStaticModule.forRoot({ rootPath: folder, serveRoot: '/static' })],
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  await browser.get('/visit');
  const page = await browser.get('/static/page.html');
  assert.equal(page.text, '<p>static</p>');
  assert.deepEqual(page.headers.getSetCookie(), []);
  assert.equal((await browser.get('/visit')).text, 'visit 2');
  await running.app.close();
  rmSync(folder, { recursive: true });
}
