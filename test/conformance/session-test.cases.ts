import { sessionsOf, SessionTooLateError, type SessionSerializer } from 'nestjs-sessions';
import {
  defaultSessionSerializer,
  int,
  KotlinxBackwardCompatibleSessionSerializer,
  ktor,
  KtorCookieTransport,
  KtorSessionStorage,
  type KtorSession,
} from 'nestjs-sessions/ktor';
import { RecordedCall } from '../unit/ktor/recorded-call.js';
import { TestUserSession } from '../unit/ktor/kotlin-samples.js';
import { KtorTestFile, Responding, withServer, type Exchange } from './conformance.js';

const name = `_S${Math.floor(Math.random() * 100)}`;
const json = defaultSessionSerializer(TestUserSession);

class EmptySession {}

/** Ktor's `SessionStorageMemory`: text by raw id. */
class TextStore extends KtorSessionStorage {
  readonly texts: Map<string, string>;
  writes = 0;

  constructor(texts: Map<string, string> = new Map()) {
    super({
      read: async (id) => texts.get(id),
      write: async (id, value) => {
        this.writes++;
        texts.set(id, value);
      },
      invalidate: async (id) => texts.delete(id),
    });
    this.texts = texts;
  }
}

const session = (more: Partial<KtorSession<TestUserSession>> = {}) =>
  ktor<TestUserSession>({ type: TestUserSession, name, version: '3.5', ...more });

const userId = async ({ sessions }: Exchange): Promise<string> =>
  (await sessions.get(TestUserSession))?.userId ?? 'no session';
const setter =
  (id: string, ...cart: string[]) =>
  ({ sessions }: Exchange): string => {
    sessions.set(new TestUserSession(id, cart));
    return 'ok';
  };

export function sessionTestCases(): void {
  const file = new KtorTestFile('SessionTest');

  file.http('testSessionCreateDelete', (platform) =>
    withServer(
      platform,
      { sessions: [session()] },
      {
        '/0': ({ sessions }) => {
          sessions.set(new TestUserSession('a', []));
          sessions.clear(TestUserSession);
          return 'ok';
        },
      },
      async (get) => {
        expect((await get('/0')).line(name)).toBeUndefined();
      },
    ),
  );

  const byValue = (prefix: string): Record<string, (exchange: Exchange) => unknown> => ({
    [`${prefix}/0`]: async ({ sessions }) => ((await sessions.get(TestUserSession)) ? 'session' : 'No session'),
    [`${prefix}/1`]: async ({ sessions }) => {
      expect(await sessions.get(TestUserSession)).toBeUndefined();
      expect(() => sessions.set(new EmptySession())).toThrow(
        'Session data for type `class EmptySession` was not registered',
      );
      sessions.set(new TestUserSession('id1', []));
      expect(await sessions.get(TestUserSession)).toBeDefined();
      return 'ok';
    },
    [`${prefix}/2`]: async (exchange) => `ok, ${await userId(exchange)}`,
  });

  file.http('testSessionByValue', (platform) =>
    withServer(
      platform,
      { sessions: [session({ cookie: { domain: 'foo.bar', maxAgeInSeconds: 3600 } })] },
      byValue(''),
      async (get) => {
        expect((await get('/0')).line(name)).toBeUndefined();
        const answer = await get('/1');
        expect(answer.body).toBe('ok');
        expect(answer.line(name)).toMatch(/; Max-Age=3600; Expires=[^;]+ GMT; Domain=foo\.bar; /);
        expect(json.deserialize(answer.value(name))).toEqual(new TestUserSession('id1', []));
        // The tests of Ktor write %20 where its own encoder writes +.
        const cookie = `${name}=${encodeURIComponent(answer.value(name))}`;
        expect((await get('/2', { cookie })).body).toBe('ok, id1');
      },
    ),
  );

  file.http('testSessionWithEncodedCookie', (platform) =>
    withServer(
      platform,
      { sessions: [session({ storage: new TextStore(), cookie: { encoding: 'base64' } })] },
      { '/1': setter('id1'), '/2': userId },
      async (get) => {
        const answer = await get('/1');
        expect(answer.line(name)).toMatch(/; \$x-enc=BASE64_ENCODING$/);
        expect(Buffer.from(answer.raw(name), 'base64').toString()).toMatch(/^[0-9a-f]{64}$/);
        expect((await get('/2', { cookie: answer.pair(name) })).body).toBe('id1');
      },
    ),
  );

  file.http('testRoutes', (platform) =>
    withServer(platform, { sessions: [session()] }, byValue('/sub'), async (get) => {
      const first = await get('/sub/0');
      expect([first.body, first.line(name)]).toEqual(['No session', undefined]);
      const second = await get('/sub/1');
      expect(json.deserialize(second.value(name))).toEqual(new TestUserSession('id1', []));
      expect((await get('/sub/2', { cookie: second.pair(name) })).body).toBe('ok, id1');
    }),
  );

  file.notApplicable(
    'testRoutesIsolation',
    'sessions belong to the application, and a name to one of them; there is no installation on a route',
  );

  file.http('testSessionById', async (platform) => {
    const storage = new TextStore();
    await withServer(
      platform,
      { sessions: [session({ storage })] },
      {
        '/0': userId,
        '/1': setter('id2', 'item1'),
        '/2': async ({ sessions }) => JSON.stringify(await sessions.get(TestUserSession)),
      },
      async (get) => {
        expect((await get('/0')).setCookies).toEqual([]);
        const id = (await get('/1')).raw(name);
        expect(id).toMatch(/^[A-Za-z0-9]+$/);
        expect(json.deserialize(storage.texts.get(id)!).userId).toBe('id2');
        expect((await get('/2', { cookie: `${name}=${id}` })).body).toBe('{"userId":"id2","cart":["item1"]}');
        expect((await get('/0', { cookie: `${name}=bad${id}` })).body).toBe('no session');
      },
    );
  });

  file.http('testSessionByIdAccessors', (platform) =>
    withServer(
      platform,
      { sessions: [session({ storage: new TextStore() })] },
      {
        '/': async ({ sessions }) => {
          expect(await sessions.id()).toBeUndefined();
          expect(await sessions.id(TestUserSession)).toBeUndefined();
          await expect(sessions.id(EmptySession)).rejects.toThrow('was not registered');
          return 'ok';
        },
      },
      async (get) => {
        expect((await get('/')).body).toBe('ok');
      },
    ),
  );

  const byIdServer =
    (serializer: SessionSerializer<TestUserSession>, stored: string, choice?: 'kotlinx') =>
    async (platform: Parameters<typeof withServer>[0]): Promise<void> => {
      const storage = new TextStore();
      await withServer(
        platform,
        { sessions: [session({ storage, ...(choice ? { serializer: choice } : {}) })] },
        {
          '/': async ({ sessions }) => {
            sessions.set(new TestUserSession('id2', ['item1']));
            await sessions.save();
            return sessions.id();
          },
        },
        async (get) => {
          const answer = await get('/');
          expect(answer.body).toMatch(/^[A-Za-z0-9]+$/);
          expect(answer.raw(name)).toBe(answer.body);
          expect(storage.texts.get(answer.body)).toBe(stored);
          expect(serializer.deserialize(stored).userId).toBe('id2');
        },
      );
    };
  file.http('testSessionByIdServer', byIdServer(json, '{"userId":"id2","cart":["item1"]}'));
  file.http(
    'testSessionByIdServerWithBackwardCompatibleSerialization',
    byIdServer(
      new KotlinxBackwardCompatibleSessionSerializer(TestUserSession),
      'userId=%23sid2&cart=%23cl%23sitem1',
      'kotlinx',
    ),
  );

  file.http('testSessionByIdCookie', async (platform) => {
    let counter = 777;
    const identity = (): string => String(counter++);
    await withServer(
      platform,
      { sessions: [session({ storage: new TextStore(), cookie: { maxAgeInSeconds: 5 }, identity })] },
      { '/': setter('id2') },
      async (get) => {
        const before = Math.floor(Date.now() / 1000) * 1000;
        const line = (await get('/')).line(name)!;
        expect(line).toMatch(new RegExp(`^${name}=777; Max-Age=5; `));
        const expires = Date.parse(/Expires=([^;]+)/.exec(line)![1]!);
        expect(expires).toBeGreaterThanOrEqual(before + 5000);
        expect(expires).toBeLessThanOrEqual(Date.now() + 5000);
      },
    );
  });

  file.http('testSessionByInvalidId', (platform) =>
    withServer(
      platform,
      { sessions: [session({ storage: new TextStore() })] },
      {
        '/1': setter('id2', 'item1'),
        '/2': async ({ sessions }) => ((await sessions.get(TestUserSession)) ? 'some' : 'none'),
      },
      async (get) => {
        const first = await get('/1', { cookie: `${name}=invalid` });
        expect(first.raw(name)).not.toBe('invalid');
        expect((await get('/1', { cookie: first.pair(name) })).raw(name)).toBe(first.raw(name));
        const answer = await get('/2', { cookie: `${name}=invalid2` });
        expect(answer.body).toBe('none');
        expect(answer.line(name)).toMatch(/=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; /);
      },
    ),
  );

  file.http('testHttpSessionCookie', (platform) =>
    withServer(
      platform,
      { sessions: [session({ cookie: { maxAgeInSeconds: null } })] },
      { '/': setter('a') },
      async (get) => {
        const answer = await get('/');
        expect(answer.status).toBe(200);
        expect(answer.line(name)).not.toMatch(/Max-Age|Expires/);
      },
    ),
  );

  file.http('settingSessionAfterResponseTest', (platform) =>
    withServer(
      platform,
      { sessions: [session()] },
      {
        '/': new Responding(({ sessions, respond }) => {
          respond('OK');
          expect(() => sessions.set(new TestUserSession('a', []))).toThrow(SessionTooLateError);
          expect(() => sessions.set(new TestUserSession('a', []))).toThrow(
            "It's too late to set session: response most likely already has been sent",
          );
        }),
      },
      async (get) => {
        const answer = await get('/');
        expect([answer.body, answer.line(name)]).toEqual(['OK', undefined]);
      },
    ),
  );

  for (const [test, maxAgeInSeconds] of [
    ['testSessionLongDuration', 36_500 * 86_400],
    ['testSessionOverflowDuration', Infinity],
  ] as const) {
    file.it(test, () => {
      const call = new RecordedCall();
      new KtorCookieTransport(name, { maxAgeInSeconds }).send(call, 'my-session');
      expect(call.cookies.get(name)).toMatch(new RegExp(`^${name}=my-session; Max-Age=2147483647; `));
    });
  }

  file.http('testDuplicateProvidersDiagnostics', async (platform) => {
    class TestUserSessionB extends TestUserSession {}
    const register = (...sessions: Array<[string, new () => object]>): Promise<void> =>
      withServer(
        platform,
        { sessions: sessions.map(([cookie, type]) => ktor({ type, name: cookie, version: '3.5' })) },
        {},
        async () => undefined,
      );
    const taken = 'There is already registered session provider ';
    await expect(register(['name1', TestUserSession], ['name1', TestUserSession])).rejects.toThrow(
      `${taken}with name name1: SessionProvider(name = name1, `,
    );
    await expect(register(['name1', TestUserSession], ['name1', TestUserSessionB])).rejects.toThrow(taken);
    await expect(register(['name1', TestUserSession], ['name2', TestUserSession])).rejects.toThrow(
      `${taken}for type class TestUserSession: SessionProvider(`,
    );
    await expect(register(['name1', TestUserSession], ['name2', TestUserSessionB])).resolves.toBeUndefined();
  });

  file.it('testMissingSessionsPlugin', () => {
    expect(() => sessionsOf({ headers: {}, raw: undefined, url: '/', method: 'GET', socket: {} })).toThrow(
      /No application with SessionsModule.forRoot\(\) was found|There is no HTTP request/,
    );
  });

  file.http('secureCookie', async (platform) => {
    class Token {
      @int() token = 0;
    }
    await withServer(
      platform,
      {
        sessions: [
          ktor({
            type: Token,
            name: 'SESSION',
            version: '3.5',
            cookie: { path: '/token', secure: true, maxAgeInSeconds: 86_400, extensions: { SameSite: 'strict' } },
          }),
        ],
      },
      { '/token': ({ sessions }) => sessions.set(Object.assign(new Token(), { token: 42 })) },
      async (get) => {
        const answer = await get('/token', { 'x-forwarded-proto': 'https' });
        expect(answer.status).toBe(200);
        expect(answer.line('SESSION')).toMatch(/; Path=\/token; Secure; HttpOnly; SameSite=strict; \$x-enc=/);
      },
    );
  });

  file.notApplicable(
    'testMissingSession',
    'sessions can be asked for from the first middleware on; nothing is too early',
  );

  file.http('testSetCookieNotAdded', (platform) =>
    withServer(
      platform,
      { sessions: [session()] },
      { 'POST /0': ({ sessions }) => sessions.set(new TestUserSession('id1', [])) },
      async (get) => {
        const first = await get('POST /0');
        expect(first.line(name)).toBeDefined();
        const second = await get('/1', { cookie: first.pair(name) });
        expect([second.status, second.setCookies]).toEqual([404, []]);
      },
    ),
  );

  file.http('testCustomSerializer', async (platform) => {
    class Custom {
      userId = '';
      cart: string[] = [];
    }
    const serializer: SessionSerializer<Custom> = {
      serialize: ({ userId: id, cart }) => `${id};${cart.join(',')}`,
      deserialize: (text) => {
        const [id = '', cart = ''] = text.split(';');
        return Object.assign(new Custom(), { userId: id, cart: cart.split(',') });
      },
    };
    await withServer(
      platform,
      { sessions: [ktor({ type: Custom, name, version: '3.5', serializer })] },
      {
        '/set': ({ sessions }) => sessions.set(Object.assign(new Custom(), { userId: 'a', cart: ['b', 'c', 'd'] })),
        '/get': async ({ sessions }) => serializer.serialize((await sessions.get(Custom))!),
      },
      async (get) => {
        const set = await get('/set');
        expect(set.status).toBe(200);
        expect((await get('/get', { cookie: set.pair(name) })).body).toBe('a;b,c,d');
      },
    );
  });

  file.http('testCustomSessionIdProvider', async (platform) => {
    let counter = 1000;
    const identity = (call: { requestHeader(header: string): string | undefined }): string =>
      `custom-${counter++}-${call.requestHeader('user-agent')?.slice(0, 5)}`;
    await withServer(
      platform,
      { sessions: [session({ storage: new TextStore(), identity })] },
      { '/login': setter('user123'), '/': userId },
      async (get) => {
        const first = await get('/login', { 'user-agent': 'TestBrowser/1.0' });
        const second = await get('/login', { 'user-agent': 'MobileBrowser/2.0' });
        expect([first.raw(name), second.raw(name)]).toEqual(['custom-1000-TestB', 'custom-1001-Mobil']);
        expect((await get('/', { cookie: first.pair(name) })).body).toBe('user123');
      },
    );
  });

  const resend = {
    '/1': setter('id1', 'a'),
    '/2': setter('id2', 'b'),
    '/mutate': async ({ sessions }: Exchange): Promise<void> => {
      const present = (await sessions.get(TestUserSession))!;
      present.cart.push('b');
      sessions.set(present);
    },
  };

  file.http('sendOnlyIfModified cookie session does not resend unchanged value', (platform) =>
    withServer(platform, { sessions: [session({ sendOnlyIfModified: true })] }, resend, async (get) => {
      const cookie = (await get('/1')).pair(name);
      expect((await get('/1', { cookie })).line(name)).toBeUndefined();
      expect((await get('/2', { cookie })).line(name)).toBeDefined();
    }),
  );

  file.http('sendOnlyIfModified default false still resends unchanged session', (platform) =>
    withServer(platform, { sessions: [session()] }, resend, async (get) => {
      const cookie = (await get('/1')).pair(name);
      expect((await get('/1', { cookie })).pair(name)).toBe(cookie);
    }),
  );

  file.http('sendOnlyIfModified with server storage does not rewrite unchanged session', async (platform) => {
    const storage = new TextStore();
    await withServer(platform, { sessions: [session({ sendOnlyIfModified: true, storage })] }, resend, async (get) => {
      const cookie = (await get('/1')).pair(name);
      expect((await get('/1', { cookie })).line(name)).toBeUndefined();
      expect(storage.writes).toBe(1);
      expect((await get('/2', { cookie })).line(name)).toBeDefined();
      expect(storage.writes).toBe(2);
    });
  });

  file.http('sendOnlyIfModified header session does not resend unchanged value', (platform) =>
    withServer(
      platform,
      {
        sessions: [
          ktor({
            type: TestUserSession,
            name: 'X-Session',
            version: '3.5',
            transport: 'header',
            sendOnlyIfModified: true,
          }),
        ],
      },
      resend,
      async (get) => {
        const sent = (await get('/1')).headers.get('x-session')!;
        expect(sent).toBe('{"userId":"id1","cart":["a"]}');
        expect((await get('/1', { 'x-session': sent })).headers.get('x-session')).toBeNull();
        expect((await get('/2', { 'x-session': sent })).headers.get('x-session')).toContain('id2');
      },
    ),
  );

  file.http('sendOnlyIfModified detects in-place mutation of same instance', (platform) =>
    withServer(platform, { sessions: [session({ sendOnlyIfModified: true })] }, resend, async (get) => {
      const cookie = (await get('/1')).pair(name);
      const answer = await get('/mutate', { cookie });
      expect(json.deserialize(answer.value(name)).cart).toEqual(['a', 'b']);
    }),
  );

  file.http('testClearSessionById', (platform) =>
    withServer(
      platform,
      { sessions: [session({ storage: new TextStore() })] },
      {
        '/login/1': setter('user1'),
        '/login/2': setter('user2'),
        '/clear/:id': async ({ sessions, request }) => sessions.clear(TestUserSession, request.params['id']!),
        '/': userId,
      },
      async (get) => {
        const [first, second] = [await get('/login/1'), await get('/login/2')];
        await get(`/clear/${first.raw(name)}`);
        expect((await get('/', { cookie: first.pair(name) })).body).toBe('no session');
        expect((await get('/', { cookie: second.pair(name) })).body).toBe('user2');
      },
    ),
  );

  file.http('testClearSessionByIdForMultipleDevices', async (platform) => {
    const ids: string[] = [];
    const login = async ({ sessions }: Exchange): Promise<void> => {
      sessions.set(new TestUserSession('alice', []));
      await sessions.save();
      ids.push((await sessions.id())!);
    };
    await withServer(
      platform,
      { sessions: [session({ storage: new TextStore() })] },
      {
        '/login': login,
        '/exclusive': async (exchange) => {
          for (const id of ids.splice(0)) await exchange.sessions.clear(TestUserSession, id);
          await login(exchange);
        },
        '/': userId,
      },
      async (get) => {
        const [first, second, third] = [await get('/login'), await get('/login'), await get('/exclusive')];
        const bodies = [];
        for (const answer of [first, second, third]) bodies.push((await get('/', { cookie: answer.pair(name) })).body);
        expect(bodies).toEqual(['no session', 'no session', 'alice']);
      },
    );
  });

  file.http('scoped session sends Set-Cookie header without explicit respond', (platform) =>
    withServer(platform, { sessions: [session()] }, { '/scoped': setter('a') }, async (get) => {
      const answer = await get('/scoped');
      expect([answer.status, answer.line(name) !== undefined]).toEqual([200, true]);
    }),
  );

  signedCases();
}

function signedCases(): void {
  const file = new KtorTestFile('SessionTestJvm');
  const HEX = '00112233445566778899aabbccddeeff';
  const SIGN = '02030405060708090a0b0c';
  const SENT = `${HEX}/c3850fc1ddc62f71ec5eaad6d393b91fa809fe32a1cf0cb4730788c5a489daef:65f0bd15bfa7e96b8bd9e134e23a24860b324e361c606e6800af050f5d104b68`;
  const OLD = `${HEX}/c3850fc1ddc62f71ec5eaad6d393b91fa809fe32a1cf0cb4730788c5a489daef:51a5e9fcd1c91418f9a623bafa5022a524348e44244265dc0cab2cebacc28a5d`;

  const routes = {
    '/1': setter('id 2'),
    '/2': async (exchange: Exchange): Promise<string> => {
      const id = await userId(exchange);
      return `ok, ${id === 'no session' ? 'null' : id}`;
    },
    '/3': setter('id2'),
  };

  type Get = (path: string, headers?: Record<string, string>) => Promise<import('./conformance.js').Answer>;
  const commonSignedChecks = async (get: Get): Promise<void> => {
    const answer = await get('/1');
    const value = answer.value(name);
    const flipped = value.slice(0, -1) + (value.endsWith('0') ? '1' : '0');
    const send = async (cookie?: string): Promise<string> =>
      (await get('/2', cookie === undefined ? {} : { cookie })).body;
    expect(await send(`${name}=${encodeURIComponent(value)}`)).toBe('ok, id 2');
    expect(await send(answer.line(name))).toBe('ok, id 2');
    expect(await send()).toBe('ok, null');
    expect(await send(`${name}=${encodeURIComponent(flipped)}`)).toBe('ok, null');
    expect(await send(`${name}=${encodeURIComponent(`${value.slice(0, -1)}x`)}`)).toBe('ok, null');
  };

  const encrypted = async (backwardCompatibleRead: boolean, serializer: 'json' | 'reflection') => {
    const { SessionTransportTransformerEncrypt } = await import('nestjs-sessions/ktor');
    return session({
      serializer,
      transformers: [
        new SessionTransportTransformerEncrypt(Buffer.from(HEX, 'hex'), Buffer.from(SIGN, 'hex'), {
          weak: true,
          ivGenerator: () => Buffer.from(HEX, 'hex'),
          backwardCompatibleRead,
        }),
      ],
    });
  };

  file.http('testSessionByValueMac', (platform) =>
    withServer(
      platform,
      { sessions: [session({ keys: { sign: '003515606058610610561058', weak: true } })] },
      routes,
      commonSignedChecks,
    ),
  );

  file.http('testSessionEncrypted', async (platform) =>
    withServer(platform, { sessions: [await encrypted(false, 'json')] }, routes, async (get) => {
      await commonSignedChecks(get);
      expect((await get('/3')).value(name)).toBe(
        `${HEX}/9b8cf9900ff0f63849cb7a2ad71ed8a1ac9f0e2735492d2a5129cf278d70ab27:40af9f393a00034b53d2267251047259005bdf5ff104eede599149e80e6fee13`,
      );
      for (const value of ['INVALID', 'abc/abc:abc']) {
        expect((await get('/2', { cookie: `${name}=${value}` })).body).toBe('ok, null');
      }
    }),
  );

  file.http('testSessionEncryptedBackwardCompatible', async (platform) =>
    withServer(platform, { sessions: [await encrypted(true, 'reflection')] }, routes, async (get) => {
      await commonSignedChecks(get);
      expect((await get('/3')).value(name)).toBe(SENT);
      expect((await get('/2', { cookie: `${name}=${encodeURIComponent(OLD)}` })).body).toBe('ok, id2');
    }),
  );

  file.http('testSessionEncryptedNotBackwardCompatible', async (platform) =>
    withServer(platform, { sessions: [await encrypted(false, 'reflection')] }, routes, async (get) => {
      await commonSignedChecks(get);
      expect((await get('/3')).value(name)).toBe(SENT);
      expect((await get('/2', { cookie: `${name}=${encodeURIComponent(OLD)}` })).body).toBe('ok, null');
    }),
  );

  removedCases();
}

function removedCases(): void {
  const file = new KtorTestFile('SessionTest of 1.5.4');

  const routes = {
    '/1': setter('id2'),
    '/2': async (exchange: Exchange): Promise<string> => {
      const id = await userId(exchange);
      return `ok, ${id === 'no session' ? 'null' : id}`;
    },
  };
  const flip = (value: string): string => value.slice(0, -1) + (value.endsWith('0') ? '1' : '0');

  file.http('testSessionByValueDigest', async (platform) => {
    const { SessionTransportTransformerDigest } = await import('nestjs-sessions/ktor');
    const transformers = [new SessionTransportTransformerDigest()];
    await withServer(platform, { sessions: [session({ version: '1.5', transformers })] }, routes, async (get) => {
      const value = (await get('/1')).value(name);
      expect(value).toMatch(/^cart=%23cl&userId=%23sid2\/[0-9a-f]{96}$/);
      const send = async (text: string): Promise<string> =>
        (await get('/2', { cookie: `${name}=${encodeURIComponent(text)}` })).body;
      expect([await send(value), await send(flip(value)), (await get('/2')).body]).toEqual([
        'ok, id2',
        'ok, null',
        'ok, null',
      ]);
    });
  });

  file.http('testSessionByIdDigest', async (platform) => {
    const { SessionTransportTransformerDigest } = await import('nestjs-sessions/ktor');
    let counter = 666;
    const digest = session({
      version: '1.5',
      storage: new TextStore(),
      identity: () => String(counter++),
      transformers: [new SessionTransportTransformerDigest('ktor', 'SHA-256')],
    });
    await withServer(platform, { sessions: [digest] }, routes, async (get) => {
      const value = (await get('/1')).value(name);
      expect(value).toBe('666/c2d4eaad4fe0bc6dbd0584cdf36929d79d52d7a748d1cc02835a71131a0963fb');
      const send = async (text: string): Promise<string> => (await get('/2', { cookie: `${name}=${text}` })).body;
      expect([await send(value), await send(flip(value)), (await get('/2')).body]).toEqual([
        'ok, id2',
        'ok, null',
        'ok, null',
      ]);
    });
  });

  file.http('testMultipleSessions', async (platform) => {
    const { SessionTransportTransformerDigest } = await import('nestjs-sessions/ktor');
    const sessions = [
      ktor({ type: EmptySession, name: 'EMPTY', version: '1.5' }),
      ktor({
        type: TestUserSession,
        name: 'X-User',
        version: '1.5',
        transport: 'header',
        storage: new TextStore(),
        transformers: [new SessionTransportTransformerDigest()],
      }),
    ];
    await withServer(
      platform,
      { sessions },
      {
        '/1': ({ sessions: current }) => {
          expect(() => current.set('string' as never)).toThrow('cannot be cast to a session');
          current.set(new EmptySession());
          current.set(new TestUserSession('id2', []));
        },
        '/2': async ({ sessions: current }) => {
          const user = await current.get(TestUserSession);
          const empty = await current.get(EmptySession);
          expect((await current.id(TestUserSession)) !== undefined).toBe(user !== undefined);
          await expect(current.id(EmptySession)).rejects.toThrow("Provider EMPTY doesn't use session IDs");
          return `ok, ${user?.userId ?? 'null'}, ${empty !== undefined}`;
        },
      },
      async (get) => {
        const first = await get('/1');
        expect(first.pair('EMPTY')).toBe('EMPTY=');
        const user = first.headers.get('x-user')!;
        const cookie = 'EMPTY=';
        expect((await get('/2', { 'x-user': user, cookie })).body).toBe('ok, id2, true');
        expect((await get('/2', { cookie })).body).toBe('ok, null, true');
        expect((await get('/2')).body).toBe('ok, null, false');
        expect((await get('/2', { 'x-user': flip(user) })).body).toBe('ok, null, false');
      },
    );
  });
}
