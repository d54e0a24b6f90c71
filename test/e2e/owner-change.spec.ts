import { Body, Controller, ForbiddenException, Get, Post } from '@nestjs/common';
import {
  CurrentSession,
  Session,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  type RequestSessions,
} from 'nestjs-sessions';
import type { OwnerChange } from 'nestjs-sessions/core';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { ask, postJson, type Answer } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

class Shop {
  @SessionOwner() userId?: string;
  cart: string[] = [];
}

interface Call {
  readonly previous: object | undefined;
  readonly next: object;
  readonly context: Omit<OwnerChange, 'call'>;
}

const calls: Call[] = [];
const clock = new FakeClock();
/** A promise that the hook awaits. */
let gate: Promise<void> | undefined;
let called: () => void = () => undefined;

async function onOwnerChange(previous: Shop | undefined, next: Shop, { call, ...context }: OwnerChange): Promise<void> {
  calls.push({ previous, next: Object.assign({}, next, { cart: [...next.cart] }), context });
  called();
  await gate;
  if (call.requestHeader('x-refuse')) throw new ForbiddenException('not today');
  if (next.userId === 'renamed') next.userId = 'somebody else';
  next.cart = [...new Set([`stored of ${next.userId}`, ...(previous?.cart ?? [])])];
}

@Session('by_id', { tracker: 'by-id', onOwnerChange })
class ById extends Shop {}

@Session('by_value', { onOwnerChange })
class ByValue extends Shop {}

function controllerFor(type: typeof ById) {
  @Controller()
  class ShopController {
    @Post('cart') cart(@Body('item') item: string, @CurrentSession(type) session: Shop): void {
      session.cart.push(item);
    }

    @Post('login') async login(@Body('user') user: string, @Sessions() sessions: RequestSessions): Promise<void> {
      await sessions.login(type, user);
    }

    @Post('assign') assign(@Body('user') user: string, @CurrentSession(type) session: Shop): void {
      session.userId = user;
    }

    @Post('set') set(@Body('user') user: string, @Sessions() sessions: RequestSessions): void {
      sessions.set(Object.assign(new type(), { userId: user, cart: ['set'] }));
    }

    @Post('logout-by-hand') byHand(@CurrentSession(type) session: Shop): void {
      session.userId = '';
    }

    @Get('shop') shop(@CurrentSession(type) session: Shop): object {
      return session;
    }
  }
  return ShopController;
}

describe.each(platforms)('onOwnerChange on $name', (platform) => {
  describe.each([
    ['by_id', ById],
    ['by_value', ByValue],
  ] as const)('%s', (name, type) => {
    let app: RunningApp;

    const post = (path: string, body: object = {}, cookie?: string): Promise<Answer> =>
      postJson(`${app.url}/${path}`, body, cookie);
    const shopOf = async (cookie: string): Promise<object> => (await ask(`${app.url}/shop`, { cookie })).json<object>();
    const refused = (cookie?: string): Promise<Answer> =>
      ask(`${app.url}/login`, {
        method: 'POST',
        cookie,
        headers: { 'content-type': 'application/json', 'x-refuse': 'yes' },
        body: '{"user":"ann"}',
      });

    beforeEach(async () => {
      calls.length = 0;
      gate = undefined;
      called = () => undefined;
      app = await startApp(platform, {
        imports: [
          SessionsModule.forRoot({
            sessions: [type],
            now: clock.now,
            storage: new SessionStorageMemory({ now: clock.now }),
          }),
        ],
        controllers: [controllerFor(type)],
      });
    });

    afterEach(() => app.close());

    it('merges the session of the visitor into that of the user', async () => {
      const visitor = (await post('cart', { item: 'pear' })).cookie(name);
      const user = (await post('login', { user: 'ann' }, visitor)).cookie(name);
      expect(await shopOf(user)).toEqual({ userId: 'ann', cart: ['stored of ann', 'pear'] });
      expect(calls).toEqual([
        {
          previous: { cart: ['pear'] },
          next: { userId: 'ann', cart: ['pear'] },
          context: { owner: 'ann', previousOwner: undefined },
        },
      ]);
      expect(calls[0]!.previous).toBeInstanceOf(type);
    });

    it('is called without a previous session, and when the owner field is set', async () => {
      const user = (await post('login', { user: 'ann' })).cookie(name);
      expect(await shopOf(user)).toEqual({ userId: 'ann', cart: ['stored of ann'] });
      for (const path of ['assign', 'set']) {
        const visitor = (await post('cart', { item: 'pear' })).cookie(name);
        const signedIn = (await post(path, { user: 'bob' }, visitor)).cookie(name);
        expect(await shopOf(signedIn)).toEqual({ userId: 'bob', cart: ['stored of bob', 'pear'] });
      }
      expect(calls.map(({ previous }) => previous !== undefined)).toEqual([false, true, true]);
    });

    it('gives no content of another user who was signed in, but names the owner', async () => {
      const ann = (await post('login', { user: 'ann' })).cookie(name);
      const bob = (await post('login', { user: 'bob' }, ann)).cookie(name);
      expect(await shopOf(bob)).toEqual({ userId: 'bob', cart: ['stored of bob'] });
      expect(calls[1]).toMatchObject({ previous: undefined, context: { owner: 'bob', previousOwner: 'ann' } });
    });

    it('is not called by other changes, a renewed login of the same user, or the end of a login', async () => {
      const ann = (await post('login', { user: 'ann' })).cookie(name);
      const changed = (await post('cart', { item: 'fig' }, ann)).cookie(name) || ann;
      const again = (await post('login', { user: 'ann' }, changed)).cookie(name);
      await post('logout-by-hand', {}, again);
      expect(calls).toHaveLength(1);
    });

    it('refuses a login by an error, and keeps the previous session', async () => {
      const visitor = (await post('cart', { item: 'pear' })).cookie(name);
      const answer = await refused(visitor);
      expect([answer.status, answer.setCookies, answer.json()]).toEqual([
        403,
        [],
        expect.objectContaining({ message: 'not today' }),
      ]);
      expect(await shopOf(visitor)).toEqual({ cart: ['pear'] });
      const user = (await post('login', { user: 'ann' }, visitor)).cookie(name);
      expect(await shopOf(user)).toEqual({ userId: 'ann', cart: ['stored of ann', 'pear'] });
      const first = await refused();
      expect([first.status, first.setCookies]).toEqual([403, []]);
    });

    it('may not change the owner', async () => {
      const answer = await post('login', { user: 'renamed' });
      expect([answer.status, answer.setCookies]).toEqual([500, []]);
    });

    it(`gives a visitor's session ${name === 'by_id' ? 'once' : 'to each login'} if two logins race`, async () => {
      const visitor = (await post('cart', { item: 'pear' })).cookie(name);
      const inside = new Promise<void>((resolve) => {
        called = resolve;
      });
      let open = (): void => undefined;
      gate = new Promise((resolve) => {
        open = resolve;
      });
      const first = post('login', { user: 'ann' }, visitor);
      await inside;
      const second = post('login', { user: 'ann' }, visitor);
      // By id, a parallel request does not wait and has no session.
      expect(await shopOf(visitor)).toEqual({ cart: name === 'by_id' ? [] : ['pear'] });
      open();
      // A later login finds no visitor's session.
      expect([(await first).status, (await second).status]).toEqual([201, 201]);
      expect(calls.filter(({ previous }) => previous !== undefined)).toHaveLength(name === 'by_id' ? 1 : 2);
      expect(await shopOf((await first).cookie(name))).toEqual({ userId: 'ann', cart: ['stored of ann', 'pear'] });
    });
  });
});

describe('onOwnerChange in an invalid configuration', () => {
  it.each([
    ['no function', { onOwnerChange: 'merge' as never }, 'onOwnerChange must be a function'],
    ['undefined owner', { onOwnerChange: () => undefined }, 'Mark the field of Ownerless'],
  ])('does not start with %s', async (_, options, message) => {
    @Session('ownerless', { tracker: 'by-id' })
    class Ownerless {
      visits = 0;
    }
    const start = startApp(platforms[0]!, {
      imports: [SessionsModule.forRoot({ sessions: [{ type: Ownerless, ...options }] })],
    });
    await expect(start).rejects.toThrow(message);
  });
});
