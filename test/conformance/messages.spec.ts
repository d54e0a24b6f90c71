import {
  sessionsOf,
  SessionsModule,
  SessionStorageMemory,
  SessionTransportTransformerMessageAuthentication,
} from 'nestjs-sessions';
import { ktor, KtorCookieTransport, KtorHeaderTransport, KtorSessionStorage, string } from 'nestjs-sessions/ktor';
import { platforms, startApp } from '../support/platforms.js';
import { withServer, type Exchange } from './conformance.js';

class User {
  @string() name = '';
}
class Cart {
  @string() item = '';
}
class Unknown {}

const user = (more: object = {}) => ktor({ type: User, name: 'U', version: '3.5', ...more });
const cart = (more: object = {}) => ktor({ type: Cart, name: 'C', version: '3.5', ...more });

/** Ktor's memory storage. */
function memory(fail?: Error): KtorSessionStorage & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>();
  const storage = new KtorSessionStorage({
    read: async (id) => {
      if (fail) throw fail;
      return texts.get(id);
    },
    write: async (id, value) => void texts.set(id, value),
    invalidate: async (id) => texts.delete(id),
  });
  return Object.assign(storage, { texts });
}

// Section by section of the specification: what Ktor says, and what becomes of a request.
describe.each(platforms)('the words of Ktor, on $name', (platform) => {
  const thrown = async (run: (exchange: Exchange) => unknown, sessions = [user(), cart()]): Promise<unknown> => {
    let error: unknown;
    await withServer(
      platform,
      { sessions },
      {
        '/': async (exchange) => {
          try {
            await run(exchange);
          } catch (caught) {
            error = caught;
          }
        },
      },
      async (get) => void (await get('/')),
    );
    return error;
  };

  it.each<[string, (exchange: Exchange) => unknown, string]>([
    ['an unknown name', ({ sessions }) => sessions.findType('NOPE'), 'Session data for `NOPE` was not registered'],
    [
      'an unknown type',
      ({ sessions }) => sessions.get(Unknown),
      'Session data for type `class Unknown` was not registered',
    ],
    ['by value, the id', ({ sessions }) => sessions.id(User), "Provider U doesn't use session IDs"],
    [
      'by value, an end by id',
      ({ sessions }) => sessions.clear(User, 'id'),
      "Session provider `U` doesn't use session IDs",
    ],
  ])('says of %s what Ktor says', async (_what, run, message) => {
    expect(await thrown(run)).toMatchObject({ message: expect.stringContaining(message) });
  });

  it('says of several sessions by id what Ktor says', async () => {
    const both = [user({ storage: memory() }), cart({ storage: memory() })];
    expect(await thrown(({ sessions }) => sessions.id(), both)).toMatchObject({
      message: expect.stringContaining(
        'Multiple session providers installed. Please use sessionId<S>() function instead.',
      ),
    });
    expect(await thrown(({ sessions }) => sessions.id(), [user()])).toBeUndefined();
  });

  it('says of a missing plugin what Ktor says', async () => {
    const app = await startApp(platform, {
      prepare: (nest) => {
        nest.use((request: object, _response: unknown, next: (error?: unknown) => void) => {
          try {
            sessionsOf(request);
            next();
          } catch (error) {
            seen.push((error as Error).message);
            next();
          }
        });
      },
    });
    const seen: string[] = [];
    await fetch(app.url);
    await app.close();
    expect(seen).toEqual([expect.stringContaining('Application plugin Sessions is not installed')]);
  });
});

describe('the words of Ktor', () => {
  it.each<[() => unknown, string]>([
    [() => new KtorCookieTransport('a b'), 'Cookie name is not valid: a b'],
    [() => new KtorCookieTransport('U', { maxAgeInSeconds: -1 }), "maxAgeInSeconds shouldn't be negative: -1"],
    [() => new KtorHeaderTransport('a b'), "Header name 'a b' contains illegal character ' ' (code 32)"],
    [() => new SessionTransportTransformerMessageAuthentication(Buffer.alloc(0)), 'Empty key'],
  ])('stand in the error %#', (make, message) => {
    expect(make).toThrow(message);
  });

  it('are in the text of a provider', () => {
    expect(String(user({ storage: new SessionStorageMemory() }))).toMatch(
      /^SessionProvider\(name = U, type = class User, transport = SessionTransportCookie: U, tracker = SessionTrackerById: .*, sendOnlyIfModified = false\)$/,
    );
    expect(SessionsModule.name).toBe('SessionsModule');
  });
});

describe.each(platforms)('what becomes of a session, on $name', (platform) => {
  const routes = {
    '/set': ({ sessions }: Exchange): void => sessions.set(Object.assign(new User(), { name: 'ann' })),
    '/get': async ({ sessions }: Exchange): Promise<string> => (await sessions.get(User))?.name ?? 'none',
    '/clear': ({ sessions }: Exchange): void => sessions.clear(User),
    '/set-clear': ({ sessions }: Exchange): void => {
      sessions.set(new User());
      sessions.clear(User);
    },
    '/fail': ({ sessions }: Exchange): never => {
      sessions.set(Object.assign(new User(), { name: 'ben' }));
      throw new Error('on purpose');
    },
    '/null': async ({ sessions }: Exchange): Promise<string> => {
      sessions.set(new User());
      try {
        sessions.set(null as never);
      } catch (error) {
        return (error as Error).message;
      }
      return 'no error';
    },
    '/both': ({ sessions }: Exchange): void => {
      sessions.set(new Cart());
      sessions.set(new User());
    },
    '/order': ({ sessions }: Exchange): void => {
      sessions.set(new User());
      sessions.set(new Cart());
    },
    '/end/:id': async ({ sessions, request }: Exchange): Promise<string> => {
      await sessions.clear(User, request.params['id']!);
      return (await sessions.get(User))?.name ?? 'none';
    },
    '/untouched': (): string => 'ok',
  };
  const served = (sessions: ReadonlyArray<ReturnType<typeof user> | ReturnType<typeof cart>>) =>
    [platform, { sessions }, routes] as const;

  it('by value: sent when it is set, also with an error; never when it is read', () =>
    withServer(...served([user()]), async (get) => {
      const set = await get('/set');
      const cookie = set.pair('U');
      expect((await get('/get', { cookie })).setCookies).toEqual([]);
      expect((await get('/set', { cookie })).setCookies).toHaveLength(1);
      expect((await get('/set-clear')).setCookies).toEqual([]);
      expect((await get('/set-clear', { cookie })).line('U')).toMatch(/^U=; Max-Age=0/);
      expect((await get('/clear')).setCookies).toEqual([]);
      const failed = await get('/fail');
      expect([failed.status, failed.value('U')]).toEqual([500, '{"name":"ben"}']);
      const nulled = await get('/null');
      expect(nulled.body).toContain('null cannot be cast to');
      expect(nulled.setCookies).toHaveLength(1);
    }));

  it('several: each has a line of its own', () =>
    withServer(...served([user(), cart()]), async (get) => {
      for (const path of ['/both', '/order']) {
        const lines = (await get(path)).setCookies.map((line) => line.slice(0, 2));
        expect(lines.toSorted((left, right) => left.localeCompare(right))).toEqual(['C=', 'U=']);
      }
    }));

  it('undecodable: no session, and the cookie is cleared', () =>
    withServer(...served([user()]), async (get) => {
      for (const value of ['%7B', '', '%7B%22x%22%3A1%7D', 'name%3Dx', '%zz']) {
        const answer = await get('/get', { cookie: `U=${value}` });
        expect([answer.status, answer.body]).toEqual([200, 'none']);
        expect(answer.line('U')).toMatch(/^U=; Max-Age=0/);
      }
      expect((await get('/untouched', { cookie: 'U=%zz' })).setCookies).toEqual([]);
      expect((await get('/nowhere', { cookie: 'U=%zz' })).status).toBe(404);
    }));

  it('by id: an unknown id and a broken text are no session, a storage that fails is 503 where it is asked for', async () => {
    const storage = memory();
    await withServer(...served([user({ storage })]), async (get) => {
      const cookie = (await get('/set')).pair('U');
      const id = cookie.slice(2);
      expect((await get('/get', { cookie })).body).toBe('ann');
      expect((await get('/end/unknown', { cookie })).body).toBe('ann');
      storage.texts.set(id, '{broken');
      const broken = await get('/get', { cookie });
      expect([broken.status, broken.body]).toEqual([200, 'none']);
      const unknown = await get('/get', { cookie: 'U=unknown' });
      expect([unknown.body, unknown.line('U')?.slice(0, 14)]).toEqual(['none', 'U=; Max-Age=0;']);
      const again = (await get('/set')).pair('U');
      await get('/clear', { cookie: again });
      expect(storage.texts.has(again.slice(2))).toBe(false);
    });
    await withServer(...served([user({ storage: memory(new Error('down')) })]), async (get) => {
      expect((await get('/get', { cookie: 'U=x' })).status).toBe(503);
      expect((await get('/untouched', { cookie: 'U=x' })).status).toBe(200);
    });
  });
});
