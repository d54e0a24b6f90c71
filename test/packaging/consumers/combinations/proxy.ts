import { createProxyMiddleware } from 'http-proxy-middleware';
import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sessionsOf } from 'nestjs-sessions';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

export const platforms: readonly Platform[] = ['express'];

export async function check(platform: Platform): Promise<void> {
  const backend = createServer((_request, response) => {
    response.setHeader('Set-Cookie', 'backend=1; Path=/');
    response.end('from the backend');
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const target = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
  const proxy = createProxyMiddleware({ target });
  const running = await start(platform, {
    prepare: (app) =>
      app.use('/backend', async (request: object, response: object, next: () => void) => {
        const session = await sessionsOf(request).getOrSet(UserSession, () => new UserSession());
        session.visits += 1;
        void proxy(request as never, response as never, next);
      }),
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  assert.equal((await browser.get('/backend/page')).text, 'from the backend');
  assert.deepEqual([...browser.cookies.keys()].sort(), ['backend', 'user']);
  assert.equal((await browser.get('/visit')).text, 'visit 2');
  await running.app.close();
  backend.close();
}
