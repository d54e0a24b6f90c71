import { Body, Controller, Get, Post, UnauthorizedException } from '@nestjs/common';
import { jest } from '@jest/globals';
import mongoose from 'mongoose';
import {
  CurrentSession,
  RequireSession,
  Session,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionsService,
  SessionStorageMemory,
  type RequestSessions,
  type SessionEvent,
  type SessionOwnerId,
} from 'nestjs-sessions';
import { ktor } from '../../src/ktor/index.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { ask, postJson, type Answer } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

class Account {
  @SessionOwner() userId?: string | number;
  cart: string[] = [];
  roles: string[] = [];
}

@Session('by_id', { tracker: 'by-id', absoluteTimeoutInSeconds: 3600, idleTimeoutInSeconds: 1800 })
class ById extends Account {}

@Session('by_value', { absoluteTimeoutInSeconds: 3600, idleTimeoutInSeconds: 1800 })
class ByValue extends Account {}

class OfKtor {
  value = '';
}

@Session('nobodys', { tracker: 'by-id' })
class Nobodys {
  visits = 0;
}

const SESSIONS = { 'by-id': ById, 'by-value': ByValue };

function controllerFor(type: typeof ById) {
  @Controller()
  class AccountController {
    @Post('cart') cart(@Body('item') item: string, @CurrentSession(type) session: Account): void {
      session.cart.push(item);
    }

    @Post('login') async login(@Body('user') user: string, @Sessions() sessions: RequestSessions): Promise<string[]> {
      const session = await sessions.login(type, user, { roles: [`role of ${user}`] });
      return session.cart;
    }

    @Post('login-by-function') async byFunction(@Sessions() sessions: RequestSessions): Promise<void> {
      await sessions.login(type, 'fay', async (session) => {
        await Promise.resolve();
        session.roles = ['by function'];
      });
    }

    @Post('login-refused') async refused(@Sessions() sessions: RequestSessions): Promise<void> {
      await sessions.login(type, 'mallory', () => {
        throw new UnauthorizedException();
      });
    }

    @Post('assign') assign(@Body('user') user: string, @CurrentSession(type) session: Account): void {
      session.userId = user;
    }

    @Post('set') async set(
      @Body('keepId') keepId: boolean,
      @Body('same') same: boolean,
      @Sessions() sessions: RequestSessions,
    ): Promise<void> {
      const present = await sessions.get(type);
      const value = same && present ? present : Object.assign(new type(), { cart: ['set'] });
      sessions.set(value, { keepId });
    }

    @Post('ktor') ktor(@Body('value') value: string, @Sessions() sessions: RequestSessions): void {
      sessions.set(Object.assign(new OfKtor(), { value }));
    }

    @Post('logout') logout(@Sessions() sessions: RequestSessions): void {
      sessions.logout(type);
    }

    @Get('me') me(@CurrentSession(type, { optional: true }) session?: Account): object {
      return session ? { user: session.userId ?? null, cart: session.cart, roles: session.roles } : {};
    }
  }
  return AccountController;
}

describe.each(platforms)('signing in on $name', (platform) => {
  describe.each(Object.entries(SESSIONS))('to a session %s', (kind, type) => {
    const name = kind.replace('-', '_');
    let clock: FakeClock;
    let app: RunningApp;
    let warnings: string[];
    const events: SessionEvent[] = [];

    const post = (path: string, body: object, cookie?: string): Promise<Answer> =>
      postJson(`${app.url}/${path}`, body, cookie);
    const me = async (cookie: string): Promise<object> => (await ask(`${app.url}/me`, { cookie })).json();

    beforeEach(async () => {
      clock = new FakeClock();
      warnings = [];
      app = await startApp(platform, {
        imports: [
          SessionsModule.forRoot({
            sessions: [
              type,
              ktor({ type: OfKtor, name: 'of_ktor', version: '3.5', storage: new SessionStorageMemory() }),
            ],
            now: clock.now,
            onEvent: (event) => events.push(event),
          }),
        ],
        controllers: [controllerFor(type)],
        prepare: (nest) =>
          nest.useLogger({ log: () => {}, error: () => {}, warn: (sentence: string) => void warnings.push(sentence) }),
      });
      events.length = 0;
    });

    afterEach(() => app.close());

    it('keeps the content of the visitor under a new id, and rejects a planted id', async () => {
      const planted = (await post('cart', { item: 'book' })).cookie(name);
      const answer = await post('login', { user: 'ann' }, planted);
      expect(answer.json()).toEqual(['book']);
      const cookie = answer.cookie(name);
      expect(cookie).not.toBe(planted);
      expect(await me(cookie)).toEqual({ user: 'ann', cart: ['book'], roles: ['role of ann'] });
      expect(await me(planted)).toEqual(kind === 'by-id' ? {} : { user: null, cart: ['book'], roles: [] });
    });

    it('starts with a new instance and ends the other session if another user was signed in', async () => {
      const attacker = (await post('login', { user: 'eve' })).cookie(name);
      await post('cart', { item: 'poison' }, attacker);
      const victim = (await post('login', { user: 'ann' }, attacker)).cookie(name);
      expect(await me(victim)).toEqual({ user: 'ann', cart: [], roles: ['role of ann'] });
      if (kind === 'by-id') expect(await me(attacker)).toEqual({});
    });

    it('of the same user again keeps the session under a new id', async () => {
      const first = (await post('login', { user: 'ann' })).cookie(name);
      const filled = (await post('cart', { item: 'book' }, first)).setCookie(name)?.split(';')[0] ?? first;
      const second = (await post('login', { user: 'ann' }, filled)).cookie(name);
      expect(second).not.toBe(filled);
      expect(await me(second)).toEqual({ user: 'ann', cart: ['book'], roles: ['role of ann'] });
    });

    it('restarts the absolute timeout', async () => {
      let cookie = (await post('login', { user: 'ann' })).cookie(name);
      for (let i = 0; i < 4; i++) {
        clock.advance(1700_000);
        cookie = (await post('login', { user: 'ann' }, cookie)).cookie(name);
      }
      expect(await me(cookie)).toMatchObject({ user: 'ann' });
    });

    it('also sets further fields by a function', async () => {
      const cookie = (await post('login-by-function', {})).cookie(name);
      expect(await me(cookie)).toEqual({ user: 'fay', cart: [], roles: ['by function'] });
    });

    it('fails if the function throws', async () => {
      const visitor = (await post('cart', { item: 'book' })).cookie(name);
      const answer = await post('login-refused', {}, visitor);
      expect(answer.status).toBe(401);
      expect(await me(answer.setCookie(name)?.split(';')[0] ?? visitor)).toMatchObject({ user: null });
      const eve = (await post('login', { user: 'eve' })).cookie(name);
      expect((await post('login-refused', {}, eve)).status).toBe(401);
      expect(await me(eve)).toMatchObject({ user: 'eve' });
    });

    it.each(['', null])('is refused without an owner (%j)', async (user) => {
      const answer = await post('login', { user });
      expect(answer.status).toBe(500);
      expect(answer.setCookies).toEqual([]);
    });

    it('is undone by logout', async () => {
      const cookie = (await post('login', { user: 'ann' })).cookie(name);
      const answer = await post('logout', {}, cookie);
      expect(answer.setCookie(name)).toContain('Max-Age=0');
      if (kind === 'by-id') expect(await me(cookie)).toEqual({});
    });

    it('by the owner field keeps the content, and reports a switch once', async () => {
      const visitor = (await post('cart', { item: 'book' })).cookie(name);
      const eve = (await post('assign', { user: 'eve' }, visitor)).cookie(name);
      expect(eve).not.toBe(visitor);
      expect(events.map((event) => event.type)).not.toContain('owner-switched');
      for (const user of ['ann', 'bob']) {
        const answer = await post('assign', { user }, eve);
        if (user === 'ann') expect(await me(answer.cookie(name))).toMatchObject({ user: 'ann', cart: ['book'] });
      }
      const again = (await post('login', { user: 'eve' })).cookie(name);
      await post('assign', { user: 'ann' }, again);
      const switches = events.filter((event) => event.type === 'owner-switched');
      expect(switches.length).toBeGreaterThanOrEqual(2);
      expect(warnings.filter((sentence) => sentence.includes('sessions.login('))).toHaveLength(1);
    });

    if (kind === 'by-id') {
      it('by set of another instance gives a new id, except with keepId', async () => {
        const first = (await post('cart', { item: 'book' })).cookie(name);
        expect((await post('set', { same: true }, first)).setCookies).toEqual([]);
        const kept = (await post('set', { keepId: true }, first)).setCookie(name);
        expect(kept?.split(';')[0] ?? first).toBe(first);
        expect(await me(first)).toMatchObject({ cart: ['set'] });
        const second = (await post('set', {}, first)).cookie(name);
        expect(second).toMatch(/./);
        expect(second).not.toBe(first);
        expect(await me(second)).toMatchObject({ cart: ['set'] });
        expect(await me(first)).toEqual({});
      });

      it('keeps the id of Ktor sessions', async () => {
        const first = (await post('ktor', { value: 'one' })).cookie('of_ktor');
        const second = (await post('ktor', { value: 'two' }, first)).cookie('of_ktor');
        expect(second).toBe(first);
      });
    }
  });

  it('uses the text of an ObjectId or a UUID, also in list and revoke', async () => {
    const ids: SessionOwnerId[] = [
      new mongoose.Types.ObjectId('64b7f0c2a1b2c3d4e5f60718'),
      new mongoose.mongo.UUID('6f1c1b1e-8b1a-4c1d-9f1e-0a1b2c3d4e5f'),
    ];
    @Controller()
    class LoginController {
      @Post('login') async login(@Body('id') index: number, @Sessions() sessions: RequestSessions): Promise<void> {
        await sessions.login(ById, ids[index]!);
      }

      @Get('me') me(@CurrentSession({ required: true }) session: ById): string {
        return String(session.userId);
      }
    }
    const app = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [ById] })],
      controllers: [LoginController],
    });
    try {
      const service = app.app.get(SessionsService);
      for (const [id, owner] of ids.entries()) {
        const body = JSON.stringify({ id });
        const headers = { 'content-type': 'application/json' };
        const cookie = (await ask(`${app.url}/login`, { method: 'POST', headers, body })).cookie('by_id');
        expect((await ask(`${app.url}/me`, { cookie })).text).toBe(String(owner));
        const [device] = await service.list(ById, owner);
        expect(await service.revoke(ById, device!.handle, { owner: 'somebody else' })).toBe(false);
        expect(await service.revoke(ById, device!.handle, { owner })).toBe(true);
        expect((await ask(`${app.url}/me`, { cookie })).status).toBe(401);
      }
    } finally {
      await app.close();
    }
  });
});

describe('SessionsService', () => {
  const MALFORMED = [
    '',
    'a\u0000b',
    {},
    ['x'],
    'x'.repeat(5000),
    null,
    undefined,
    42,
    '../x',
    'a'.repeat(42),
  ] as never[];

  it('finds no session for a malformed handle or id, without a storage call', async () => {
    const storage = new SessionStorageMemory();
    @Controller()
    class ClearController {
      @Post('clear') async clear(
        @Body() { id }: { id: never },
        @Sessions() sessions: RequestSessions,
      ): Promise<string> {
        await sessions.clear(ById, id);
        return 'done';
      }
    }
    const app = await startApp(platforms[0]!, {
      imports: [SessionsModule.forRoot({ sessions: [ById], storage })],
      controllers: [ClearController],
    });
    try {
      const service = app.app.get(SessionsService);
      const read = jest.spyOn(storage, 'read');
      for (const handle of MALFORMED) {
        expect(await service.revoke(ById, handle, { anyOwner: true })).toBe(false);
        expect(await service.revoke(ById, handle, { owner: 'ann' })).toBe(false);
      }
      for (const id of ['', 'a\u0000b', {}, 'x'.repeat(5000), null, 42] as never[]) {
        expect(service.handleOf(ById, id)).toBeUndefined();
        const body = JSON.stringify({ id: id ?? '' });
        const headers = { 'content-type': 'application/json' };
        expect((await ask(`${app.url}/clear`, { method: 'POST', headers, body })).text).toBe('done');
      }
      expect(read).not.toHaveBeenCalled();
    } finally {
      await app.close();
    }
  });

  it('revokes only with an owner or with anyOwner: true', async () => {
    const app = await startApp(platforms[0]!, { imports: [SessionsModule.forRoot({ sessions: [ById] })] });
    try {
      const service = app.app.get(SessionsService);
      const handle = 'h'.repeat(43);
      for (const options of [
        undefined,
        {},
        { owner: undefined },
        { owner: '' },
        { owner: null },
        { anyOwner: false },
      ]) {
        await expect(service.revoke(ById, handle, options as never)).rejects.toThrow('revoke: the owner is empty');
      }
      for (const owner of [{}, [], true, Number.NaN, 'x'.repeat(513)] as never[]) {
        await expect(service.revoke(ById, handle, { owner })).rejects.toThrow('cannot be the owner of a session');
        await expect(service.list(ById, owner)).rejects.toThrow('cannot be the owner of a session');
        await expect(service.revokeAll(ById, owner)).rejects.toThrow('cannot be the owner of a session');
      }
    } finally {
      await app.close();
    }
  });
});

describe('the start of the application', () => {
  const warningsOf = async (controllers: Array<new () => unknown>): Promise<string[]> => {
    const warnings: string[] = [];
    const app = await startApp(platforms[0]!, {
      imports: [SessionsModule.forRoot({ sessions: [Nobodys, ById, ByValue] })],
      controllers,
      prepare: (nest) =>
        nest.useLogger({ log: () => {}, error: () => {}, warn: (sentence: string) => void warnings.push(sentence) }),
    });
    await app.close();
    return warnings.filter((sentence) => sentence.includes('fixation'));
  };

  it('warns once about a guarded by-id session that keeps its id at sign-in', async () => {
    @Controller()
    class PageController {
      @RequireSession(Nobodys) @Get('guarded') guarded(): string {
        return 'x';
      }

      @Get('required') required(@CurrentSession({ required: true }) session: Nobodys): number {
        return session.visits;
      }
    }
    expect(await warningsOf([PageController])).toEqual([
      expect.stringMatching(
        /^Session "nobodys" is required by PageController\.guarded .*@SessionOwner\(\).*login\(Nobodys, /,
      ),
    ]);
  });

  it.each<[string, new () => unknown]>([
    [
      'has an owner',
      (() => {
        @Controller()
        class PageController {
          @RequireSession(ById) @Get() page(): string {
            return 'x';
          }
        }
        return PageController;
      })(),
    ],
    [
      'travels by value',
      (() => {
        @Controller()
        class PageController {
          @RequireSession(ByValue) @Get() page(): string {
            return 'x';
          }
        }
        return PageController;
      })(),
    ],
    [
      'is for visitors',
      (() => {
        @Controller()
        class PageController {
          @RequireSession(Nobodys, { anonymous: true }) @Get() page(): string {
            return 'x';
          }
        }
        return PageController;
      })(),
    ],
    [
      'gets a new id by hand',
      (() => {
        @Controller()
        class PageController {
          @RequireSession(Nobodys) @Get() page(): string {
            return 'x';
          }

          @Post() login(@Sessions() sessions: RequestSessions): Promise<void> {
            return sessions.regenerate(Nobodys);
          }
        }
        return PageController;
      })(),
    ],
  ])('does not warn about one that %s', async (_, controller) => {
    expect(await warningsOf([controller])).toEqual([]);
  });
});
