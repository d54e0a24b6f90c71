import { CacheModule } from '@nestjs/cache-manager';
import { Controller, Get, Post, UseInterceptors, type Type } from '@nestjs/common';
import { AbstractHttpAdapter } from '@nestjs/core';
import { CurrentSession, Sessions, SessionsModule, type RequestSessions } from 'nestjs-sessions';
import { request } from 'node:http';
import { ask } from '../support/client.js';
import { runDoc } from '../support/doc-blocks.js';
import { platforms, startApp, type ControllerClass, type RunningApp, type StartOptions } from '../support/platforms.js';

const KEY = 'Zs3VQb0p6mYw1kRr9Xc8Tn5Jd2Lf7HgA4eUoQvWyBtI';
const PAGE = 'https://app.example.com';

/** Reads and changes a session of this class. */
function counting(type: Type<any>, field: string): ControllerClass {
  @Controller()
  class CountingController {
    @Get() show(@CurrentSession(type) session: any): unknown {
      return { value: session[field] };
    }
    @Post() change(@CurrentSession(type) session: any): void {
      session[field] = 'changed';
    }
    @Post('out') out(@Sessions() sessions: RequestSessions): void {
      sessions.clear(type);
    }
  }
  return CountingController;
}

class Visit {
  note = 'new';
}
const visit = { type: Visit, name: 'visit' };

describe.each(platforms)('the recipes, on $name', (platform) => {
  const environment = { ...process.env };
  let running: RunningApp | undefined;
  afterEach(async () => {
    await running?.close();
    running = undefined;
    process.env = { ...environment };
  });

  const start = async (options: StartOptions): Promise<string> => {
    running = await startApp(platform, options);
    return running.url;
  };

  describe('docs/csrf.md, NestJS 12', () => {
    it('refuses a POST from another site and accepts one from the same origin', async () => {
      if (!('registerSecurityHook' in AbstractHttpAdapter.prototype)) return;
      const { protect } = await runDoc('docs/csrf.md', 0);
      const url = await start({
        imports: [SessionsModule.forRoot({ sessions: [visit] })],
        controllers: [counting(Visit, 'note')],
        prepare: protect,
      });
      const post = async (site: string): Promise<number> =>
        (await ask(url, { method: 'POST', headers: { 'sec-fetch-site': site } })).status;
      expect([await post('cross-site'), await post('same-origin')]).toEqual([403, 201]);
    });
  });

  describe('docs/cors-and-spa.md', () => {
    it('lets the named origin read answers with credentials, and no other', async () => {
      const { allowPages } = await runDoc('docs/cors-and-spa.md', 0);
      const url = await start({
        imports: [SessionsModule.forRoot({ sessions: [visit] })],
        controllers: [counting(Visit, 'note')],
        prepare: allowPages,
      });
      const answer = await ask(url, { method: 'POST', headers: { origin: PAGE } });
      expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
      expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
      const cookie = answer.cookie('visit');
      expect((await ask(url, { cookie, headers: { origin: PAGE } })).json()).toEqual({ value: 'changed' });
      const other = await ask(url, { headers: { origin: 'https://evil.example' } });
      expect(other.headers.get('access-control-allow-origin')).not.toBe('https://evil.example');
    });

    it('lets the page send and read a header session', async () => {
      const { allowPages, CartSession } = await runDoc('docs/cors-and-spa.md', 1);
      const url = await start({
        imports: [SessionsModule.forRoot({ sessions: [CartSession] })],
        controllers: [counting(CartSession, 'items')],
        prepare: allowPages,
      });
      const headers = { origin: PAGE, 'access-control-request-method': 'POST' };
      const preflight = await ask(url, { method: 'OPTIONS', headers });
      expect(preflight.headers.get('access-control-allow-headers')).toContain('x-cart');
      const answer = await ask(url, { method: 'POST', headers: { origin: PAGE } });
      expect(answer.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('x-cart');
      expect(answer.headers.get('x-cart')).toBeTruthy();
    });
  });

  describe('docs/proxies.md', () => {
    const cookieLine = async (options: StartOptions, proto?: string): Promise<string> => {
      const url = await start({ controllers: [counting(Visit, 'note')], ...options });
      const headers: Record<string, string> = proto ? { 'x-forwarded-proto': proto } : {};
      const answer = await ask(url, { method: 'POST', headers });
      await running!.close();
      return answer.setCookies[0]!;
    };
    const plain = (): StartOptions => ({ imports: [SessionsModule.forRoot({ keys: KEY, sessions: [visit] })] });

    it('secures the cookie in production, and elsewhere behind a proxy that reports https', async () => {
      expect(await cookieLine(plain())).not.toContain('Secure');
      expect(await cookieLine(plain(), 'https')).toContain('Secure');
      process.env['NODE_ENV'] = 'production';
      expect(await cookieLine(plain(), 'http')).toMatch(/^__Host-visit=.*; Secure/);
    });

    it('sends a cookie over plain http in production with secure: false', async () => {
      process.env['NODE_ENV'] = 'production';
      process.env['SESSION_KEY'] = KEY;
      const { InternalToolModule } = await runDoc('docs/proxies.md');
      const line = await cookieLine({ imports: [InternalToolModule, SessionsModule.forFeature([visit])] });
      expect(line).toMatch(/^visit=/);
      expect(line).not.toContain('Secure');
    });
  });

  describe('docs/caching.md', () => {
    it('keeps pages behind the guard out of every cache', async () => {
      const { AccountController } = await runDoc('docs/caching.md', 0);
      const url = await start({ imports: [SessionsModule.forRoot()], controllers: [AccountController] });
      const refused = await ask(`${url}/account`);
      expect([refused.status, refused.headers.get('cache-control')]).toEqual([401, 'no-store']);
    });

    it('caches a page per user', async () => {
      const { SessionCacheInterceptor, UserSession } = await runDoc('docs/caching.md', 1);
      let made = 0;
      @Controller()
      class PageController {
        @Get() @UseInterceptors(SessionCacheInterceptor) page(@CurrentSession(UserSession) user: any): string {
          return `${++made} for ${user.userId}`;
        }
        @Post() login(@Sessions() sessions: RequestSessions): Promise<unknown> {
          return sessions.login(UserSession, `user ${++made}`);
        }
      }
      const url = await start({
        imports: [CacheModule.register(), SessionsModule.forRoot()],
        controllers: [PageController],
      });
      const [ann, bob] = [await ask(url, { method: 'POST' }), await ask(url, { method: 'POST' })];
      const page = async (login: typeof ann): Promise<string> =>
        (await ask(url, { cookie: login.cookie('user') })).text;
      expect([await page(ann), await page(bob), await page(ann)]).toEqual([
        '3 for user 1',
        '4 for user 2',
        '3 for user 1',
      ]);
    });

    it('clears the cookie in its former places', async () => {
      process.env['SESSION_KEY'] = KEY;
      const { AppModule } = await runDoc('docs/caching.md', 2);
      const url = await start({
        imports: [AppModule, SessionsModule.forFeature([visit])],
        controllers: [counting(Visit, 'note')],
      });
      const cookie = (await ask(url, { method: 'POST' })).cookie('visit');
      const cleared = (await ask(`${url}/out`, { method: 'POST', cookie })).setCookies.map((line) => [
        /Domain=([^;]+)/.exec(line)?.[1],
        /Path=([^;]+)/.exec(line)?.[1],
      ]);
      expect(cleared).toEqual(
        expect.arrayContaining([
          ['shop.example', '/'],
          ['shop.example', '/app'],
          ['old.shop.example', '/'],
          [undefined, '/app'],
        ]),
      );
    });
  });

  it('docs/flash-messages.md shows a message once', async () => {
    const { OrdersController } = await runDoc('docs/flash-messages.md');
    const url = await start({ imports: [SessionsModule.forRoot()], controllers: [OrdersController] });
    const order = await ask(`${url}/orders`, { method: 'POST' });
    expect([order.status, order.headers.get('location')]).toEqual([303, '/orders']);
    const first = await ask(`${url}/orders`, { cookie: order.cookie('flash') });
    expect(first.json()).toEqual({ messages: ['Your order is on its way.'] });
    expect(first.setCookie('flash')).toContain('Max-Age=0');
    expect((await ask(`${url}/orders`)).json()).toEqual({ messages: [] });
  });

  it('docs/tenants.md refuses the session of one tenant on the host of another', async () => {
    const { ReportsController, TenantSession } = await runDoc('docs/tenants.md');
    @Controller()
    class LoginController {
      @Post() login(@CurrentSession(TenantSession) session: any): void {
        Object.assign(session, { userId: 'acme:42', tenant: 'acme' });
      }
    }
    const url = await start({
      imports: [SessionsModule.forRoot()],
      controllers: [ReportsController, LoginController],
    });
    const cookie = (await ask(url, { method: 'POST' })).cookie('tenant_auth');
    // fetch does not send a Host header of the caller.
    const reports = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request(`${url}/reports`, { headers: { host, cookie } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.on('error', reject).end();
      });
    expect(await reports('acme.example.com')).toBe(200);
    expect(await reports('other.example.com')).toBe(401);
  });
});
