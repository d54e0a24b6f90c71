import type { Answer } from '../support/client.js';
import { platforms } from '../support/platforms.js';
import type { CutMoment } from '../support/tcp-proxy.js';
import { postgres, redis, Shop, type ProxiedStorage } from './faults-support.js';
import { watchUncaught } from './hold-support.js';

// Much longer than the deadline of 200 ms, for slow machines.
const NOT_HANGING = 5000;

const engines = process.env['DATABASE_URL'] ? [redis, postgres] : [redis];

if (!process.env['DATABASE_URL']) {
  it('does not run for postgresSessionStorage: PGlite has no port, and DATABASE_URL is not set', () => {
    expect(engines).not.toContain(postgres);
  });
}

const faults = ['hang', 'cut'] as const;
const moments: readonly CutMoment[] = ['before it', 'in the middle of it', 'before its answer'];

function expectUnavailable(answer: Answer): void {
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

describe.each(engines)('faults between $name and its server', ({ start, change, creation }) => {
  describe.each(platforms)('on $name', (platform) => {
    let proxied: ProxiedStorage;
    let shop: Shop;

    beforeAll(async () => {
      proxied = await start();
      shop = await Shop.open(platform, proxied.storage);
    });
    afterAll(async () => {
      await shop.close();
      await proxied.close();
    });
    afterEach(() => proxied.proxy.heal());
    watchUncaught();

    describe.each(faults)('%s', (fault) => {
      it('answers 503 within the deadline if a session is needed, then reads the session again', async () => {
        const cookie = await shop.begin('cart');
        proxied.proxy[fault]();
        const asked = performance.now();
        for (const answer of [await shop.get('cart', cookie), await shop.post('cart', cookie)]) {
          expectUnavailable(answer);
          expect(answer.setCookies).toEqual([]);
        }
        expect(performance.now() - asked).toBeLessThan(NOT_HANGING);
        proxied.proxy.heal();
        expect(await shop.items('cart', cookie)).toBe(2);
        expect((await shop.post('cart', cookie)).json()).toEqual({ items: 3 });
      });

      it('answers 503 and sends no cookie if a session cannot be written', async () => {
        await shop.begin('cart');
        proxied.proxy[fault]();
        const answer = await shop.post('cart');
        expectUnavailable(answer);
        expect(answer.setCookies).toEqual([]);
      });

      it('does not affect routes that need no session', async () => {
        const cookie = await shop.begin('cart');
        proxied.proxy[fault]();
        expect([(await shop.get('about', cookie)).status, (await shop.get('cart')).status]).toEqual([200, 200]);
      });

      it('clears the cookie at logout but answers 503, because the session may still exist', async () => {
        const cookie = await shop.begin('cart');
        proxied.proxy[fault]();
        const answer = await shop.post('cart/end', cookie);
        expectUnavailable(answer);
        expect(answer.setCookie('cart')).toContain('Max-Age=0');
      });

      it('continues without an optional session, and refuses changes and logouts', async () => {
        const cookie = await shop.begin('taste');
        proxied.proxy[fault]();
        const read = await shop.get('taste', cookie);
        expect([read.status, read.setCookies]).toEqual([200, []]);
        const change = await shop.post('taste', cookie);
        expect([change.status, change.setCookies]).toEqual([503, []]);
        proxied.proxy.heal();
        expect(await shop.items('taste', cookie)).toBe(2);
      });
    });

    it('stops calling the server after half a second of failures, and calls it again when it has recovered', async () => {
      const { proxy } = proxied;
      const cookie = await shop.begin('cart');
      proxy.hang();
      for (const answer of await Promise.all(Array.from({ length: 6 }, () => shop.get('cart', cookie)))) {
        expectUnavailable(answer);
      }
      // It opens after half a second without an answer.
      await new Promise((resolve) => setTimeout(resolve, 600));
      expectUnavailable(await shop.get('cart', cookie));
      const { received } = proxy;
      expectUnavailable(await shop.get('cart', cookie));
      expect(proxy.received).toBe(received);
      proxy.heal();
      expect(await shop.items('cart', cookie)).toBe(2);
    });

    it('lets the client reconnect', async () => {
      const cookie = await shop.begin('cart');
      const { connections } = proxied.proxy;
      proxied.proxy.cut();
      expectUnavailable(await shop.get('cart', cookie));
      expect(proxied.proxy.connections).toBe(connections);
      proxied.proxy.heal();
      expect(await shop.items('cart', cookie)).toBe(2);
      expect(proxied.proxy.connections).toBeGreaterThan(connections);
    });

    it.each(moments)('keeps the session whole when a change is cut %s', async (moment) => {
      const cookie = await shop.begin('cart');
      proxied.proxy.cutAt(change, moment);
      const answer = await shop.post('cart', cookie);
      expectUnavailable(answer);
      expect(answer.setCookies).toEqual([]);
      proxied.proxy.heal();
      expect(await shop.items('cart', cookie)).toBe(moment === 'before its answer' ? 3 : 2);
    });

    it.each(moments)('sends no cookie of a session whose creation is cut %s', async (moment) => {
      await shop.begin('cart');
      proxied.proxy.cutAt(creation, moment);
      const answer = await shop.post('cart');
      expectUnavailable(answer);
      expect(answer.setCookies).toEqual([]);
    });

    it('works with a slow server that answers within the deadline', async () => {
      const cookie = await shop.begin('cart');
      proxied.proxy.delay(40);
      expect((await shop.get('cart', cookie)).json()).toEqual({ items: 2 });
      expect((await shop.post('cart', cookie)).json()).toEqual({ items: 3 });
      expect((await shop.post('cart')).cookie('cart')).not.toBe('');
      const ended = await shop.post('cart/end', cookie);
      expect([ended.status, ended.setCookie('cart')]).toEqual([200, expect.stringContaining('Max-Age=0')]);
    });
  });
});
