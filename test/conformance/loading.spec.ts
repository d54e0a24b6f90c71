import { SessionTooLateError } from 'nestjs-sessions';
import { platforms } from '../support/platforms.js';
import { Responding, withServer, type Answer, type Exchange } from './conformance.js';
import { Cart, cartSession, KtorMemory, named, User, userSession } from './ktor-application.js';

const CLEARED = /^U=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=\/; HttpOnly; \$x-enc=URI_ENCODING$/;
const SIGN = '003515606058610610561058';

const nameOf = async ({ sessions }: Exchange): Promise<string> => (await sessions.get(User))?.name ?? 'none';

// Sections 3.1 to 3.3 and 3.5 of Ktor's rules, one test for each that was recorded from a running server.
describe.each(platforms)('loading, as Ktor does it, on $name', (platform) => {
  const ask = (answer: Answer): readonly unknown[] => [answer.status, answer.body, answer.setCookies];

  describe('what came is no session', () => {
    const routes = { '/get': nameOf, '/untouched': () => 'ok' };

    it('by value: no cookie is no session, and nothing is sent', () =>
      withServer(platform, { sessions: [userSession()] }, routes, async (get) => {
        expect(ask(await get('/get'))).toEqual([200, 'none', []]);
      }));

    it.each([
      ['an unknown key', '%7B%22x%22%3A1%7D'],
      ['half a document', '%7B'],
      ['an empty value', ''],
      ['no value at all', undefined],
      ['another format', 'name%3D%2523sx'],
      // Ktor: 500 on every route.
      ['a bad escape', '%zz'],
      ['half an escape', '%7'],
    ])('by value: %s is no session, and the cookie is cleared', (_what, value) =>
      withServer(platform, { sessions: [userSession()] }, routes, async (get) => {
        const cookie = value === undefined ? 'U' : `U=${value}`;
        const answer = await get('/get', { cookie });
        expect(ask(answer)).toEqual([200, 'none', [expect.stringMatching(CLEARED)]]);
        expect(ask(await get('/untouched', { cookie }))).toEqual([200, 'ok', []]);
      }),
    );

    it('bad Base64 is no session, and the cookie is cleared, where Ktor answers 500', () =>
      withServer(platform, { sessions: [userSession({ cookie: { encoding: 'base64' } })] }, routes, async (get) => {
        for (const value of ['YQ', '-_8=', '****']) {
          const answer = await get('/get', { cookie: `U=${value}` });
          expect([answer.status, answer.body, answer.line('U')]).toEqual([
            200,
            'none',
            expect.stringContaining('BASE64_ENCODING'),
          ]);
        }
      }));

    it('a bad signature is no session, and the cookie is cleared, where Ktor leaves it', () =>
      withServer(platform, { sessions: [userSession({ keys: { sign: SIGN, weak: true } })] }, routes, async (get) => {
        const answer = await get('/get', { cookie: `U=%7B%22name%22%3A%22x%22%7D%2F${'0'.repeat(64)}` });
        expect(ask(answer)).toEqual([200, 'none', [expect.stringMatching(CLEARED)]]);
      }));

    it('a transformer that throws is no session, where Ktor answers 500', () => {
      const transformers = [
        {
          transformRead: (): string => {
            throw new Error('on purpose');
          },
          transformWrite: (text: string) => text,
        },
      ];
      return withServer(platform, { sessions: [userSession({ transformers })] }, routes, async (get) => {
        expect(ask(await get('/get', { cookie: 'U=x' })).slice(0, 2)).toEqual([200, 'none']);
      });
    });

    it.each(['unknown', '', '../x', '%2E%2E%2Fx'])('by id: the unknown id %j is cleared', (id) =>
      withServer(platform, { sessions: [userSession({ storage: new KtorMemory() })] }, routes, async (get) => {
        expect(ask(await get('/get', { cookie: `U=${id}` }))).toEqual([200, 'none', [expect.stringMatching(CLEARED)]]);
      }),
    );

    it('by id: a stored text that cannot be read is no session, where Ktor answers 500', async () => {
      const storage = new KtorMemory();
      storage.texts.set('abc', '{broken');
      await withServer(platform, { sessions: [userSession({ storage })] }, routes, async (get) => {
        expect(ask(await get('/get', { cookie: 'U=abc' }))).toEqual([200, 'none', [expect.stringMatching(CLEARED)]]);
        expect((await get('/untouched', { cookie: 'U=abc' })).status).toBe(200);
      });
    });

    it('by id: a storage that fails is 503 where the session is asked for, and nothing elsewhere', () =>
      withServer(
        platform,
        { sessions: [userSession({ storage: new KtorMemory({ read: true }) })] },
        routes,
        async (get) => {
          const failed = await get('/get', { cookie: 'U=abc' });
          expect([failed.status, failed.setCookies]).toEqual([503, []]);
          expect((await get('/untouched', { cookie: 'U=abc' })).status).toBe(200);
          expect((await get('/nowhere', { cookie: 'U=abc' })).status).toBe(404);
        },
      ));
  });

  describe('access', () => {
    it('set(null) throws in the words of Ktor, and what was set before is still sent', () =>
      withServer(
        platform,
        { sessions: [userSession()] },
        {
          '/': ({ sessions }) => {
            sessions.set(named('ann'));
            sessions.set(null as never);
          },
        },
        async (get) => {
          const answer = await get('/');
          expect([answer.status, answer.value('U')]).toEqual([500, '{"name":"ann"}']);
        },
      ));

    it('get gives what was set, else what was loaded', () =>
      withServer(
        platform,
        { sessions: [userSession()] },
        {
          '/': async (exchange) => {
            const before = await nameOf(exchange);
            exchange.sessions.set(named('ben'));
            return `${before} ${await nameOf(exchange)}`;
          },
        },
        async (get) => {
          expect((await get('/', { cookie: 'U={"name":"ann"}' })).body).toBe('ann ben');
        },
      ));

    it('clear of an id ends that session at once, and its own id clears the cookie too; an unknown id is no error', async () => {
      const storage = new KtorMemory();
      storage.texts.set('mine', '{"name":"ann"}').set('other', '{"name":"ben"}');
      await withServer(
        platform,
        { sessions: [userSession({ storage })] },
        {
          '/:id': async (exchange) => {
            const before = await nameOf(exchange);
            await exchange.sessions.clear(User, exchange.request.params['id']!);
            return `${before} ${[...storage.texts.keys()].join()} ${await nameOf(exchange)}`;
          },
        },
        async (get) => {
          const cookie = 'U=mine';
          expect(ask(await get('/unknown', { cookie }))).toEqual([200, 'ann mine,other ann', []]);
          expect(ask(await get('/other', { cookie }))).toEqual([200, 'ann mine ann', []]);
          expect(ask(await get('/mine', { cookie }))).toEqual([
            200,
            'ann  none',
            [expect.stringContaining('U=; Max-Age=0')],
          ]);
          expect((await get('/mine', { cookie })).body).toMatch(/^none/);
        },
      );
    });

    it('the id is the one of the request, none for an unknown one, none for a new session, and none after clear, where Ktor gives the old one', async () => {
      const storage = new KtorMemory();
      storage.texts.set('mine', '{"name":"ann"}');
      const id = async ({ sessions }: Exchange): Promise<string> => (await sessions.id(User)) ?? 'none';
      await withServer(
        platform,
        { sessions: [userSession({ storage })] },
        {
          '/id': id,
          '/set': async (exchange) => {
            exchange.sessions.set(named('ben'));
            return id(exchange);
          },
          '/clear': async (exchange) => {
            const before = await id(exchange);
            exchange.sessions.clear(User);
            return `${before} ${await id(exchange)}`;
          },
        },
        async (get) => {
          expect((await get('/id', { cookie: 'U=mine' })).body).toBe('mine');
          expect((await get('/id', { cookie: 'U=other' })).body).toBe('none');
          expect((await get('/set')).body).toBe('none');
          expect((await get('/set', { cookie: 'U=mine' })).body).toBe('mine');
          expect((await get('/clear', { cookie: 'U=mine' })).body).toBe('mine none');
        },
      );
    });

    it('a subclass of a registered class may be stored in its place, and is not asked for by itself', () => {
      class Admin extends User {}
      return withServer(
        platform,
        { sessions: [userSession()] },
        {
          '/': async ({ sessions }) => {
            await expect(sessions.get(Admin)).rejects.toThrow('Session data for type `class Admin` was not registered');
            return 'ok';
          },
        },
        async (get) => {
          expect((await get('/')).body).toBe('ok');
        },
      );
    });
  });

  it('after the response set throws, get still works and clear is silent', () => {
    const outcome: unknown[] = [];
    const caught = async (run: () => unknown): Promise<unknown> => {
      try {
        return await run();
      } catch (error) {
        return error;
      }
    };
    return withServer(
      platform,
      { sessions: [userSession(), cartSession()] },
      {
        '/': new Responding(async ({ sessions, respond }) => {
          respond('OK');
          outcome.push(
            await caught(() => sessions.set(named('late'))),
            await caught(() => sessions.getOrSet(Cart, () => new Cart())),
            (await sessions.get(User))?.name,
            await caught(() => sessions.clear(User)),
          );
        }),
      },
      async (get) => {
        const answer = await get('/', { cookie: 'U={"name":"ann"}' });
        expect([answer.body, answer.setCookies]).toEqual(['OK', []]);
        expect(outcome).toEqual([expect.any(SessionTooLateError), expect.any(SessionTooLateError), 'ann', undefined]);
      },
    );
  });
});
