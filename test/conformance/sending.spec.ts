import { sessionsOf, SessionsModule, type RequestSessions } from 'nestjs-sessions';
import { platforms, startApp } from '../support/platforms.js';
import { Answer, Responding, withServer, type Exchange } from './conformance.js';
import { Cart, cartSession, KtorMemory, named, User, userSession } from './ktor-application.js';

const COOKIE = 'U=%7B%22name%22%3A%22ann%22%7D';
const SENT =
  /^U=%7B%22name%22%3A%22ann%22%7D; Max-Age=604800; Expires=[^;]+ GMT; Path=\/; HttpOnly; \$x-enc=URI_ENCODING$/;
const CLEARED = /^U=; Max-Age=0; /;

const routes = {
  '/get': async ({ sessions }: Exchange): Promise<string> => (await sessions.get(User))?.name ?? 'none',
  '/set': ({ sessions }: Exchange): void => sessions.set(named('ann')),
  '/clear': ({ sessions }: Exchange): void => sessions.clear(User),
  '/set-clear': ({ sessions }: Exchange): void => {
    sessions.set(named('ann'));
    sessions.clear(User);
  },
  '/clear-set': ({ sessions }: Exchange): void => {
    sessions.clear(User);
    sessions.set(named('ann'));
  },
  '/again': async ({ sessions }: Exchange): Promise<void> => sessions.set((await sessions.get(User))!),
  '/change': async ({ sessions }: Exchange): Promise<void> => {
    (await sessions.get(User))!.name = 'ben';
  },
  '/fail': ({ sessions }: Exchange): never => {
    sessions.set(named('ann'));
    throw new Error('on purpose');
  },
  '/untouched': (): string => 'ok',
};

// Sections 3.4 to 3.6, 3.8 and 3.9 of Ktor's rules, one test for each that was recorded from a running server.
describe.each(platforms)('sending, as Ktor does it, on $name', (platform) => {
  type Get = (path: string, headers?: Record<string, string>) => Promise<Answer>;
  const byValue = (run: (get: Get) => Promise<void>, more = {}): Promise<void> =>
    withServer(platform, { sessions: [userSession(more)] }, routes, run);
  const byId = (run: (get: Get, storage: KtorMemory) => Promise<void>, more = {}): Promise<void> => {
    const storage = new KtorMemory();
    storage.texts.set('abc', '{"name":"ann"}');
    return withServer(platform, { sessions: [userSession({ storage, ...more })] }, routes, (get) => run(get, storage));
  };

  it('a session that is read is not sent, so that Max-Age does not slide, and not stored', async () => {
    await byValue(async (get) => expect((await get('/get', { cookie: COOKIE })).setCookies).toEqual([]));
    await byId(async (get, storage) => {
      expect((await get('/get', { cookie: 'U=abc' })).setCookies).toEqual([]);
      expect(storage.calls).toEqual(['read abc']);
    });
  });

  it('an equal session that is set is sent again', async () => {
    await byValue(async (get) => {
      expect((await get('/set', { cookie: COOKIE })).setCookies).toEqual([expect.stringMatching(SENT)]);
      expect((await get('/again', { cookie: COOKIE })).setCookies).toEqual([expect.stringMatching(SENT)]);
    });
    await byId(async (get) => {
      expect((await get('/set', { cookie: 'U=abc' })).pair('U')).toBe('U=abc');
    });
  });

  it('set and clear without a cookie send nothing, with one they clear it', () =>
    byValue(async (get) => {
      expect((await get('/set-clear')).setCookies).toEqual([]);
      expect((await get('/set-clear', { cookie: COOKIE })).setCookies).toEqual([expect.stringMatching(CLEARED)]);
    }));

  it('clear without a cookie sends nothing, with one it clears it and ends the stored session', async () => {
    await byValue(async (get) => {
      expect((await get('/clear')).setCookies).toEqual([]);
      expect((await get('/clear', { cookie: COOKIE })).setCookies).toEqual([expect.stringMatching(CLEARED)]);
    });
    await byId(async (get, storage) => {
      expect((await get('/clear', { cookie: 'U=abc' })).setCookies).toEqual([expect.stringMatching(CLEARED)]);
      expect(storage.texts.size).toBe(0);
      storage.calls.length = 0;
      expect((await get('/clear', { cookie: 'U=unknown' })).setCookies).toEqual([expect.stringMatching(CLEARED)]);
      expect(storage.calls).toEqual(['read unknown']);
    });
  });

  it('clear and set give a new id and end the old session, where Ktor keeps the id', () =>
    byId(async (get, storage) => {
      const id = (await get('/clear-set', { cookie: 'U=abc' })).raw('U');
      expect(id).toMatch(/^[0-9a-f]{64}$/);
      expect([...storage.texts]).toEqual([[id, '{"name":"ann"}']]);
    }));

  it('set under an unknown id gives a new one', () =>
    byId(async (get, storage) => {
      const id = (await get('/set', { cookie: 'U=unknown' })).raw('U');
      expect(id).toMatch(/^[0-9a-f]{64}$/);
      expect(storage.texts.has('unknown')).toBe(false);
    }));

  it('a handler that throws after set: 500 with the cookie, and the session is stored', async () => {
    await byValue(async (get) => {
      const answer = await get('/fail');
      expect([answer.status, answer.setCookies]).toEqual([500, [expect.stringMatching(SENT)]]);
    });
    await byId(async (get, storage) => {
      const answer = await get('/fail');
      expect(storage.texts.get(answer.raw('U'))).toBe('{"name":"ann"}');
    });
  });

  it('the session is stored before the cookie is written', () =>
    byId(async (get, storage) => {
      const id = (await get('/set')).raw('U');
      expect(storage.calls).toEqual([`write ${id}`]);
    }));

  it('a redirect carries the cookie', () =>
    withServer(
      platform,
      { sessions: [userSession()] },
      {
        '/': new Responding(({ sessions, redirect }) => {
          sessions.set(named('ann'));
          redirect('/elsewhere');
        }),
      },
      async (get) => {
        const answer = await get('/');
        expect([answer.status, answer.headers.get('location')]).toEqual([302, '/elsewhere']);
        expect(answer.setCookies).toEqual([expect.stringMatching(SENT)]);
      },
    ));

  describe('a call that no handler answers', () => {
    /** An application whose middleware does something with the sessions of every request. */
    const answered = async (work: (sessions: RequestSessions) => unknown, cookie = ''): Promise<Answer> => {
      const app = await startApp(platform, {
        imports: [SessionsModule.forRoot({ sessions: [userSession()] })],
        prepare: (nest) => {
          nest.use(async (request: object, _response: unknown, next: () => void) => {
            await work(sessionsOf(request));
            next();
          });
        },
      });
      try {
        return Answer.of(await fetch(`${app.url}/nowhere`, { headers: { cookie } }));
      } finally {
        await app.close();
      }
    };

    it('404 with the cookie, where a session was set', async () => {
      const answer = await answered((sessions) => sessions.set(named('ann')));
      expect([answer.status, answer.setCookies]).toEqual([404, [expect.stringMatching(SENT)]]);
    });

    it('404 that clears a dead cookie, where the session was asked for', async () => {
      const answer = await answered((sessions) => sessions.get(User), 'U=%7B');
      expect([answer.status, answer.setCookies]).toEqual([404, [expect.stringMatching(CLEARED)]]);
    });

    it('a session in the first middleware, where Ktor says that it is too early', async () => {
      let name: string | undefined;
      await answered(async (sessions) => (name = (await sessions.get(User))?.name), COOKIE);
      expect(name).toBe('ann');
    });
  });

  it('a storage that cannot write: an error of the server, and no cookie', () =>
    withServer(
      platform,
      { sessions: [userSession({ storage: new KtorMemory({ write: true }) })] },
      routes,
      async (get) => {
        const answer = await get('/set');
        expect([answer.status, answer.setCookies]).toEqual([503, []]);
      },
    ));

  it('a value that the encoding cannot carry: 500, and no cookie', () =>
    byValue(
      async (get) => {
        const answer = await get('/set');
        expect([answer.status, answer.setCookies]).toEqual([500, []]);
      },
      { cookie: { encoding: 'dquotes' } },
    ));

  it('sendOnlyIfModified sends what differs, and neither sends nor stores what is equal', async () => {
    await byValue(
      async (get) => {
        expect((await get('/set', { cookie: COOKIE })).setCookies).toEqual([]);
        expect((await get('/set', { cookie: 'U={"name":"ben"}' })).setCookies).toHaveLength(1);
        expect((await get('/change', { cookie: COOKIE })).setCookies).toHaveLength(1);
        // Ktor cannot see whether an instance was changed, and sends it; here its content counts.
        expect((await get('/again', { cookie: COOKIE })).setCookies).toEqual([]);
      },
      { sendOnlyIfModified: true },
    );
    await byId(
      async (get, storage) => {
        expect((await get('/set', { cookie: 'U=abc' })).setCookies).toEqual([]);
        expect(storage.calls).toEqual(['read abc']);
      },
      { sendOnlyIfModified: true },
    );
  });

  it('an instance that was changed without set is stored, where Ktor loses the change', () =>
    byValue(async (get) => {
      expect((await get('/change', { cookie: COOKIE })).value('U')).toBe('{"name":"ben"}');
    }));

  it.each(['/user-cart', '/cart-user'])(
    'several sessions have lines of their own, in the order of registration: %s',
    (path) =>
      withServer(
        platform,
        { sessions: [userSession(), cartSession()] },
        {
          '/user-cart': ({ sessions }) => {
            sessions.set(new User());
            sessions.set(new Cart());
          },
          '/cart-user': ({ sessions }) => {
            sessions.set(new Cart());
            sessions.set(new User());
          },
        },
        async (get) => {
          expect((await get(path)).setCookies.map((line) => line.slice(0, 2))).toEqual(['U=', 'C=']);
        },
      ),
  );

  describe('deferred, which it always is', () => {
    it('without access nothing is loaded, sent or cleared', () =>
      byId(async (get, storage) => {
        for (const cookie of ['U=abc', 'U=unknown', 'U=%zz']) {
          expect((await get('/untouched', { cookie })).setCookies).toEqual([]);
          expect((await get('/nowhere', { cookie })).setCookies).toEqual([]);
        }
        expect(storage.calls).toEqual([]);
      }));

    it('access by type loads that session alone, where Ktor loads all', async () => {
      const storage = new KtorMemory();
      await withServer(platform, { sessions: [userSession(), cartSession({ storage })] }, routes, async (get) => {
        expect((await get('/get', { cookie: `${COOKIE}; C=x` })).body).toBe('ann');
        expect(storage.calls).toEqual([]);
      });
    });

    it('a first access after the response loads, and sends nothing', () => {
      let name: string | undefined;
      return withServer(
        platform,
        { sessions: [userSession()] },
        {
          '/': new Responding(async ({ sessions, respond }) => {
            respond('OK');
            name = (await sessions.get(User))?.name;
          }),
        },
        async (get) => {
          expect((await get('/', { cookie: COOKIE })).setCookies).toEqual([]);
          expect(name).toBe('ann');
        },
      );
    });
  });
});
