import { Controller, Get, Query } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CurrentSession,
  SessionId,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  type RequestSessions,
  type SessionRegistration,
  type SessionTransport,
} from 'nestjs-sessions';
import {
  SessionTrackerById,
  SessionTrackerByValue,
  SessionTransportTransformerDigest,
  int,
  list,
  KotlinxBackwardCompatibleSessionSerializer,
  ktor,
  KtorCookieTransport,
  KtorDirectoryStorage,
  string,
  type KtorSession,
} from 'nestjs-sessions/ktor';
import { platforms, startApp, type Platform, type RunningApp } from '../../support/platforms.js';
import { README_EXAMPLE_KEY } from '../../../src/keys/public-keys.js';
import { RecordedCall } from './recorded-call.js';

class UserSession {
  @SessionOwner() @string() userId = '';
  @int() visits = 0;
}

const HEX = '00112233445566778899aabbccddeeff';
const SIGN = '02030405060708090a0b0c';
const STRONG = 'c1b7d20a4e9f83561d7be04495ac2f68d3708e1b64f5a92c0b17de835940fa6e';

@Controller()
class AppController {
  @Get('login')
  login(@Sessions() sessions: RequestSessions, @Query('user') user: string): string {
    sessions.set(Object.assign(new UserSession(), { userId: user }));
    return 'ok';
  }

  @Get('visit')
  visit(@CurrentSession(UserSession) session: UserSession): string {
    session.visits += 1;
    return `${session.userId} ${session.visits}`;
  }

  @Get('peek')
  peek(@CurrentSession(UserSession, { optional: true }) session?: UserSession): string {
    return session ? `${session.userId} ${session.visits}` : 'none';
  }

  @Get('again')
  async again(@Sessions() sessions: RequestSessions): Promise<string> {
    sessions.set((await sessions.get(UserSession))!);
    return 'ok';
  }

  @Get('fail')
  fail(@Sessions() sessions: RequestSessions): never {
    sessions.set(Object.assign(new UserSession(), { userId: 'failed' }));
    throw new Error('on purpose');
  }

  @Get('logout')
  logout(@Sessions() sessions: RequestSessions): string {
    sessions.clear(UserSession);
    return 'ok';
  }
}

@Controller()
class IdController {
  @Get('id')
  id(@SessionId(UserSession) id?: string): string {
    return id ?? 'none';
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookies: readonly string[];
  readonly headers: Headers;
}

async function get(app: RunningApp, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(app.url + path, { headers });
  const body = await response.text();
  return { status: response.status, body, cookies: response.headers.getSetCookie(), headers: response.headers };
}

const pair = (answer: Answer): string => answer.cookies[0]!.split(';')[0]!;

function start(platform: Platform, session: SessionRegistration): Promise<RunningApp> {
  return startApp(platform, {
    imports: [SessionsModule.forRoot({ keys: [randomBytes(32).toString('base64url')], sessions: [session] })],
    controllers: [AppController],
  });
}

describe.each(platforms)('ktor() on $name', (platform) => {
  let app: RunningApp;
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ktor-'));
  });

  afterEach(async () => {
    await app.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('sends the bytes of Ktor 3.5 whenever the session is set', async () => {
    app = await start(
      platform,
      ktor({ type: UserSession, name: 'U', version: '3.5', keys: { sign: SIGN, weak: true } }),
    );
    const login = await get(app, '/login?user=ann');
    expect(login.cookies).toHaveLength(1);
    expect(login.cookies[0]).toMatch(
      /^U=%7B%22userId%22%3A%22ann%22%2C%22visits%22%3A0%7D%2F[0-9a-f]{64}; Max-Age=604800; Expires=[^;]+ GMT; Path=\/; HttpOnly; \$x-enc=URI_ENCODING$/,
    );
    // The whole line back, as Ktor's own tests do: names that begin with $ are none.
    expect((await get(app, '/peek', { cookie: login.cookies[0]! })).body).toBe('ann 0');
    expect((await get(app, '/peek', { cookie: pair(login) })).cookies).toEqual([]);
    expect((await get(app, '/again', { cookie: pair(login) })).cookies).toHaveLength(1);
    expect((await get(app, '/fail')).cookies[0]).toContain('failed');
    expect((await get(app, '/visit', { cookie: pair(login) })).body).toBe('ann 1');
    const logout = await get(app, '/logout', { cookie: pair(login) });
    expect(logout.cookies).toEqual([
      'U=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; $x-enc=URI_ENCODING',
    ]);
  });

  it.each(['%zz', 'x%2F0', ''])('starts without a session for the broken cookie %j', async (value) => {
    app = await start(
      platform,
      ktor({ type: UserSession, name: 'U', version: '3.5', keys: { sign: SIGN, weak: true } }),
    );
    const answer = await get(app, '/peek', { cookie: `U=${value}` });
    expect([answer.status, answer.body]).toEqual([200, 'none']);
  });

  it('stores a session by id as a file of the Ktor server', async () => {
    app = await start(
      platform,
      ktor({ type: UserSession, name: 'U', version: '2.3', storage: new KtorDirectoryStorage({ directory }) }),
    );
    const cookie = pair(await get(app, '/login?user=ann'));
    const id = cookie.slice(2);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    const path = join(directory, ...id.slice(0, 30).match(/../g)!, `${id.slice(30)}.dat`);
    expect(readFileSync(path, 'utf8')).toBe('userId=%23sann&visits=%23i0');
    await get(app, '/visit', { cookie });
    expect(readFileSync(path, 'utf8')).toBe('userId=%23sann&visits=%23i1');
    // Another user, another id: the one before is gone for both servers.
    const other = pair(await get(app, '/login?user=ben', { cookie }));
    expect(other).not.toBe(cookie);
    expect(() => readFileSync(path)).toThrow('ENOENT');
    expect((await get(app, '/peek', { cookie: other })).body).toBe('ben 0');
  });

  it.each([true, false].flatMap((byValue) => [['1.5', byValue] as const, ['2.2', byValue] as const]))(
    'sends the session of version %s with every response to a request that read it, by value: %s',
    async (version, byValue) => {
      const storage = byValue ? {} : { storage: new KtorDirectoryStorage({ directory }) };
      app = await start(platform, ktor({ type: UserSession, name: 'U', version, ...storage }));
      const cookie = pair(await get(app, '/login?user=ann'));
      const read = await get(app, '/peek', { cookie });
      expect(read.body).toBe('ann 0');
      expect(read.cookies).toEqual([expect.stringMatching(/^U=[^;]+; Max-Age=604800; Expires=/)]);
      expect(pair(read)).toBe(cookie);
      expect((await get(app, '/peek')).cookies).toEqual([]);
      expect((await get(app, '/nowhere', { cookie })).cookies).toEqual([]);
    },
  );

  it.each([
    ['1.5', { sendOnlyIfModified: true }],
    ['2.2', { sendOnlyIfModified: true }],
    ['2.3', {}],
    ['3.6', {}],
  ] as const)('does not send the session of version %s with every response, with %j', async (version, more) => {
    app = await start(platform, ktor({ type: UserSession, name: 'U', version, ...more }));
    const cookie = pair(await get(app, '/login?user=ann'));
    expect((await get(app, '/peek', { cookie })).cookies).toEqual([]);
  });

  it('ends the session by the id before rotation', async () => {
    app = await start(
      platform,
      ktor({ type: UserSession, name: 'U', version: '3.5', storage: new KtorDirectoryStorage({ directory }) }),
    );
    const old = pair(await get(app, '/login?user=ann'));
    const rotated = pair(await get(app, '/login?user=ben', { cookie: old }));
    expect((await get(app, '/peek', { cookie: rotated })).body).toBe('ben 0');
    await get(app, '/logout', { cookie: old });
    expect((await get(app, '/peek', { cookie: rotated })).body).toBe('none');
  });

  describe('with a session that cannot be written', () => {
    class Cart {
      @SessionOwner() @string() userId = '';
      @list(string()) items: string[] = [];
    }

    @Controller()
    class CartController {
      @Get('peek')
      async peek(@Sessions() sessions: RequestSessions): Promise<string> {
        return JSON.stringify((await sessions.get(Cart))?.items ?? 'none');
      }

      @Get('add')
      async add(@Sessions() sessions: RequestSessions): Promise<string> {
        (await sessions.get(Cart))!.userId = 'ben';
        return 'ok';
      }
    }

    const serializer = new KotlinxBackwardCompatibleSessionSerializer(Cart, { readBy: 'kotlinx' });
    const texts = [
      ['an empty list', 'userId=%23sann&items=%23cl', '[]'],
      ['a percent sign in a list', 'userId=%23sann&items=%23cl%23s100%252525', '["100%"]'],
    ] as const;

    it.each(texts)('reads it by value: %s', async (_, text, items) => {
      const session = ktor({
        type: Cart,
        name: 'C',
        version: '2.3',
        serializer,
        cookie: { encoding: 'raw' },
      });
      app = await startApp(platform, {
        imports: [SessionsModule.forRoot({ sessions: [session] })],
        controllers: [CartController],
      });
      const read = await get(app, '/peek', { cookie: `C=${text}` });
      expect([read.status, read.body, read.cookies]).toEqual([200, items, []]);
      // A change that cannot be stored fails.
      expect((await get(app, '/add', { cookie: `C=${text}` })).status).toBe(500);
    });

    it.each(texts)('reads it by id and sends it with every response: %s', async (_, text, items) => {
      const storage = new KtorDirectoryStorage({ directory });
      await storage.write('abcdef', { value: text, expiresAt: 0 });
      const session = ktor({ type: Cart, name: 'C', version: '1.5', serializer, storage });
      app = await startApp(platform, {
        imports: [SessionsModule.forRoot({ sessions: [session] })],
        controllers: [CartController],
      });
      const read = await get(app, '/peek', { cookie: 'C=abcdef' });
      expect([read.status, read.body]).toEqual([200, items]);
    });
  });

  it('sends and receives a header without encoding', async () => {
    app = await start(platform, ktor({ type: UserSession, name: 'X-Hd', version: '3.5', transport: 'header' }));
    const login = await get(app, '/login?user=ann');
    expect(login.headers.get('x-hd')).toBe('{"userId":"ann","visits":0}');
    expect((await get(app, '/peek', { 'x-hd': '{"userId":"ann","visits":5}' })).body).toBe('ann 5');
  });

  it.each([true, false])('exposes the header to scripts of other origins only with exposed: %s', async (exposed) => {
    app = await start(
      platform,
      ktor({ type: UserSession, name: 'X-Hd', version: '3.5', transport: 'header', exposed }),
    );
    const login = await get(app, '/login?user=ann');
    expect(login.headers.get('access-control-expose-headers')).toBe(exposed ? 'X-Hd' : null);
  });

  describe('as `from` of another session', () => {
    const old = ktor({
      type: UserSession,
      name: 'U',
      version: '1.5',
      keys: { sign: SIGN, encrypt: HEX, weak: true as const },
    });

    function send(transport: SessionTransport, value: string): string {
      const call = new RecordedCall();
      transport.send(call, value);
      return call.cookies.get('U')!.split(';')[0]!;
    }

    async function ktorCookie(session: UserSession): Promise<string> {
      const text = old.tracker.serialize(session);
      return send(old.transport, await old.transport.transformers[0]!.transformWrite(text));
    }

    it('accepts the cookie of Ktor and replaces it under the same name', async () => {
      app = await start(platform, { type: UserSession, name: 'U', from: old });
      const cookie = await ktorCookie(Object.assign(new UserSession(), { userId: 'ann', visits: 4 }));
      const read = await get(app, '/peek', { cookie });
      expect(read.body).toBe('ann 4');
      expect(read.cookies).toHaveLength(1);
      expect(read.cookies[0]).not.toContain('$x-enc');
      expect((await get(app, '/visit', { cookie: pair(read) })).body).toBe('ann 5');
      expect((await get(app, '/peek', { cookie: pair(read) })).cookies).toEqual([]);
      const forged = await get(app, '/peek', { cookie: `${cookie.slice(0, -1)}x` });
      expect(forged.body).toBe('none');
      expect(forged.cookies[0]).toMatch(/^U=; Max-Age=0/);
    });

    it('clears the cookie of Ktor if the new one has another name', async () => {
      app = await start(platform, { type: UserSession, name: '__ours', from: old });
      const cookie = await ktorCookie(Object.assign(new UserSession(), { userId: 'ann', visits: 4 }));
      const visit = await get(app, '/visit', { cookie });
      expect(visit.body).toBe('ann 5');
      expect(visit.cookies.toSorted()).toEqual([
        expect.stringMatching(/^U=; Expires=Thu, 01 Jan 1970/),
        expect.stringMatching(/^__ours=./),
      ]);
      const logout = await get(app, '/logout', { cookie });
      expect(logout.cookies.map((line) => line.split('=')[0]!).toSorted()).toEqual(['U', '__ours']);
    });

    it('moves a session by id to the new storage, and can end it meanwhile', async () => {
      const files = new KtorDirectoryStorage({ directory });
      const from = ktor({ type: UserSession, name: 'U', version: '3.5', storage: files });
      app = await startApp(platform, {
        imports: [
          SessionsModule.forRoot({
            sessions: [{ type: UserSession, name: 'U', storage: new SessionStorageMemory(), from }],
          }),
        ],
        controllers: [AppController, IdController],
      });
      await files.write('abcdef', { value: '{"userId":"ann","visits":4}', expiresAt: 0 });
      await files.write('abcd00', { value: '{"userId":"ben","visits":7}', expiresAt: 0 });
      expect((await get(app, '/id', { cookie: 'U=abcdef' })).body).toBe('none');
      const visit = await get(app, '/visit', { cookie: 'U=abcdef' });
      expect(visit.body).toBe('ann 5');
      expect(pair(visit)).toMatch(/^U=[A-Za-z0-9_-]{43}$/);
      expect((await get(app, '/visit', { cookie: pair(visit) })).body).toBe('ann 6');
      // A request under way still finds it.
      expect((await get(app, '/peek', { cookie: 'U=abcdef' })).body).toBe('ann 4');
      const logout = await get(app, '/logout', { cookie: 'U=abcd00' });
      expect(logout.cookies[0]).toMatch(/^U=; Max-Age=0/);
      expect(await files.read('abcd00')).toBeUndefined();
      expect((await get(app, '/peek', { cookie: 'U=unknown' })).body).toBe('none');
    });
  });
});

describe('ktor()', () => {
  const session = (more: Partial<KtorSession<UserSession>>) => ({
    type: UserSession,
    name: 'U',
    version: '3.5' as const,
    ...more,
  });

  it.each<[string, Partial<KtorSession<UserSession>>, string]>([
    ['an unknown version', { version: '4.0' as never }, "'1.5', '2.2', '2.3', '3.4', '3.5', '3.6'"],
    ['no name', { name: undefined as never }, 'Set name to that of the cookie or header'],
    [
      'keys and transformers',
      { keys: { sign: SIGN, weak: true }, transformers: [new SessionTransportTransformerDigest()] },
      'Remove one of them',
    ],
    [
      'an encryption key whose variable is not set',
      { keys: { sign: SIGN, encrypt: undefined as never } },
      'encrypt is undefined. Is its environment variable set?',
    ],
    ['keys that are not set', { keys: undefined as never }, 'keys is undefined. Is its environment variable set?'],
    ['transformers that are not set', { transformers: undefined as never }, 'transformers is undefined'],
    ['an option that does not exist', { key: SIGN } as never, 'unknown option "key"'],
    ['a key that does not exist', { keys: { sign: SIGN, encryption: SIGN } as never }, 'unknown option "encryption"'],
    ['an attribute that ends the path early', { cookie: { path: '/; Domain=a.example' } }, 'contains ";"'],
    ['an attribute that ends an extension early', { cookie: { extensions: { A: 'b; Secure' } } }, 'contains ";"'],
    ['an attribute that ends SameSite early', { cookie: { sameSite: 'Lax; Domain=a' } }, 'contains ";"'],
    ['a control character in a path', { cookie: { path: '/\r\nX: y' } }, 'control character'],
    ['a domain with another attribute behind it', { cookie: { domain: 'a.example;Secure' } }, 'must be a host name'],
    ['an extension whose name ends early', { cookie: { extensions: { 'A;B': null } } }, 'in extensions'],
    ['a name that ends early', { name: 'a;b' }, 'Cookie name is not valid'],
    ['a path that is no text', { cookie: { path: 5 as never } }, 'must be strings'],
    ['secure that is not set', { cookie: { secure: undefined as never } }, 'secure is undefined'],
    ['sameSite that is not set', { cookie: { sameSite: undefined as never } }, 'sameSite is undefined'],
    ['secure that is a text', { cookie: { secure: 'true' as never } }, 'secure must be true or false'],
    ['a cookie that is exposed', { exposed: true }, 'exposed is for header sessions'],
    ['a header with a cookie', { transport: 'header', cookie: {} }, 'with cookie options'],
    ['a key that is not hexadecimal', { keys: { sign: 'secret' } }, 'keys.sign is not hexadecimal'],
    ['an odd number of digits', { keys: { sign: '123' } }, 'keys.sign is not hexadecimal'],
    ['a signing key of less than 32 bytes', { keys: { sign: SIGN } }, 'or set weak: true'],
    ['an encryption key of 16 bytes', { keys: { sign: STRONG, encrypt: STRONG.slice(32) } }, 'or set weak: true'],
    ['a key of 32 equal bytes', { keys: { sign: '11'.repeat(32) } }, 'repeats a pattern'],
    ['a text as bytes', { keys: { sign: Buffer.from('correct horse battery staple and more') } }, 'weak: true'],
    ['an AES key of 5 bytes', { keys: { sign: SIGN, encrypt: '0011223344' } }, '16, 24'],
    [
      'a storage of three verbs',
      { storage: { read: async () => undefined, write: async () => undefined, invalidate: async () => undefined } },
      'new KtorSessionStorage(storage)',
    ],
  ])('rejects %s', (_what, more, message) => {
    expect(() => ktor(session(more))).toThrow(message);
  });

  it('accepts every option of its type', () => {
    const policies = { sendOnlyIfModified: true, saveOnServerError: false } as const;
    const provider = ktor(session({ ...policies, onUnavailable: 'anonymous', onGone: 'reject', onClash: 'theirs' }));
    expect(provider).toMatchObject({ ...policies, onUnavailable: 'anonymous', onGone: 'reject' });
  });

  it('accepts keys of 32 random bytes, and shorter ones with weak: true', () => {
    expect(() => ktor(session({ keys: { sign: STRONG, encrypt: STRONG } }))).not.toThrow();
    expect(() => ktor(session({ keys: { sign: SIGN, encrypt: HEX, weak: true } }))).not.toThrow();
    expect(() => ktor(session({ keys: { sign: SIGN, weak: 'no' as never } }))).toThrow('weak must be true');
  });

  describe('in production', () => {
    const { NODE_ENV } = process.env;
    beforeAll(() => {
      process.env['NODE_ENV'] = 'production';
    });
    afterAll(() => {
      process.env['NODE_ENV'] = NODE_ENV;
    });

    it.each([
      '00112233445566778899aabbccddeeff',
      '6819B57A326945C1968F45236589',
      '6819b57a326945c1968f45236581',
      '02030405060708090a0b0c',
      '000102030405060708090a0b0c0d0e0f',
      Buffer.from('6819b57a326945c1968f45236589', 'hex'),
      Buffer.from('6819b57a326945c1968f45236589'),
      Buffer.from(README_EXAMPLE_KEY, 'base64url'),
    ])('rejects the published key %s, also with weak: true', (sign) => {
      expect(() => ktor(session({ keys: { sign, weak: true } }))).toThrow('Give this application');
      expect(() => ktor(session({ keys: { sign: STRONG, encrypt: HEX, weak: true } }))).toThrow(
        "encryptionKey is a public sample key of Ktor's documentation",
      );
    });
  });

  it.each([
    ['1.5', 'reflection'],
    ['2.2', 'reflection'],
    ['2.3', 'reflection'],
    ['3.4', 'json'],
    ['3.5', 'json'],
    ['3.6', 'json'],
  ] as const)('writes for version %s the format %s', (version, format) => {
    const text = ktor(session({ version })).tracker.serialize(new UserSession());
    expect(text).toBe(format === 'json' ? '{"userId":"","visits":0}' : 'userId=%23s&visits=%23i0');
  });

  it('encrypts as the version does, and reads the older format with backwardCompatibleRead', async () => {
    const keys = { sign: SIGN, encrypt: HEX, weak: true as const };
    const write = (version: '2.3' | '3.5'): Promise<string> | string | PromiseLike<string> =>
      ktor(session({ version, keys })).transport.transformers[0]!.transformWrite('hello');
    const read = (version: '2.3' | '3.5', text: string, backwardCompatibleRead = false) =>
      ktor(session({ version, keys: { ...keys, backwardCompatibleRead } })).transport.transformers[0]!.transformRead(
        text,
      );
    const [old, present] = [await write('2.3'), await write('3.5')];
    expect(await read('3.5', present)).toBe('hello');
    expect(await read('2.3', old)).toBe('hello');
    expect(await read('3.5', old)).toBeUndefined();
    expect(await read('3.5', old, true)).toBe('hello');
  });

  it('has the toString() of Ktor', () => {
    expect(String(ktor(session({})))).toBe(
      'SessionProvider(name = U, type = class UserSession, transport = SessionTransportCookie: U, ' +
        'tracker = SessionTrackerByValue, sendOnlyIfModified = false)',
    );
  });

  it('exposes type, serializer, sessionIdProvider and configuration as Ktor does', () => {
    const serializer = { serialize: () => 'text', deserialize: () => new UserSession() };
    const identity = (): string => 'an-id-of-the-application';
    const storage = new KtorDirectoryStorage({ directory: tmpdir() });
    const byId = ktor({ ...session({}), serializer, identity, storage, cookie: { path: '/shop', httpOnly: false } });
    const byValue = ktor({ ...session({}), serializer });

    expect((byId.transport as KtorCookieTransport).configuration).toMatchObject({ path: '/shop', httpOnly: false });
    const tracker = byId.tracker as unknown as SessionTrackerById<UserSession>;
    expect([tracker.type, tracker.serializer, tracker.sessionIdProvider]).toEqual([UserSession, serializer, identity]);
    const other = byValue.tracker as unknown as SessionTrackerByValue<UserSession>;
    expect([other.type, other.serializer]).toEqual([UserSession, serializer]);
  });
});
