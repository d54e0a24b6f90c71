import { NOW } from './frozen-world.mjs';

const KEY = 'Zs3VQb0p6mYw1kRr9Xc8Tn5Jd2Lf7HgA4eUoQvWyBtI';
const PASSWORD = 'a-password-of-at-least-thirty-two-characters';
const BYTES = Buffer.from('W1r9dWb0p7s5mQkYx3Zc8Tn2Jd6Lf4HgA1eUoQvRyBt', 'base64url').subarray(0, 32);
/** Of AES, in bytes. */
const BLOCK = 16;
const CONTENT = '{"userId":"ann","roles":["admin"],"at":{"$date":1}}';

/**
 * Every decoder of client input: `{ name, valid, decode, refusal?, wrong? }`. `valid` are accepted texts; `decode`
 * returns `undefined` for a refusal and only throws errors that `refusal` accepts; `wrong` detects a forbidden result.
 * @param load imports a module of src.
 */
export async function decoders(load) {
  return [
    ...(await cookies(load)),
    ...(await protectors(load)),
    ...(await trackers(load)),
    ...(await readers(load)),
    ...(await ktorFormats(load)),
    ...(await oldForms(load)),
    ...(await others(load)),
  ];
}

const callWith = (header) => ({ requestHeader: () => header, secure: true, setCookie() {}, setHeader() {} });
const nothingIfEmpty = (list) => (list.some((one) => one !== undefined) ? list : undefined);

async function cookies(load) {
  const { SessionTransportCookie } = await load('transport/session-transport-cookie');
  const { SessionTransportHeader } = await load('transport/session-transport-header');
  const { KtorCookieTransport } = await load('ktor/http/ktor-cookie-transport');
  const { KtorHeaderTransport } = await load('ktor/http/ktor-header-transport');
  const headers = [
    'user=abc; theme=dark; lang="en"',
    'a=1; user=x%20y%C3%A9; user="quoted"; $Path=/; b=2',
    'user=YWJj; $x-enc=URI_ENCODING; user=; user',
    `${'junk=1; '.repeat(40)}user=abc`,
  ];
  const receiving = (name, transport, valid = headers) => ({
    name,
    valid,
    decode: (header) => nothingIfEmpty(transport.receive(callWith(header))),
  });
  return [
    ...['uri', 'base64', 'raw', 'dquotes'].flatMap((encoding) => [
      receiving(`cookie, ${encoding}`, new SessionTransportCookie('user', { encoding })),
      receiving(`Ktor's cookie, ${encoding}`, new KtorCookieTransport('user', { encoding })),
    ]),
    receiving('header', new SessionTransportHeader('x-user'), ['abc', 'abc, def', 'x%20y']),
    receiving("Ktor's header", new KtorHeaderTransport('x-user'), ['abc', 'abc, def', 'x%20y']),
  ];
}

async function protectors(load) {
  const { KeyRing } = await load('keys/key-ring');
  const { SessionTransportTransformerSeal } = await load('transformer/session-transport-transformer-seal');
  const { SessionTransportTransformerEncrypt } = await load('transformer/session-transport-transformer-encrypt');
  const { SessionTransportTransformerDigest } = await load('transformer/session-transport-transformer-digest');
  const { SessionTransportTransformerMessageAuthentication: Authentication } = await load(
    'transformer/session-transport-transformer-message-authentication',
  );
  const options = { acknowledge: true };
  const contents = [CONTENT, '', 'x'.repeat(2000)];
  const opening = (name, transformer, isGenuine = (content) => contents.includes(content)) => {
    const valid = contents.map((content) => transformer.transformWrite(content));
    return {
      name,
      valid,
      decode: (text) => {
        transformer.keyState?.(text);
        return transformer.transformRead(text);
      },
      wrong: (content) => (content === undefined || isGenuine(content) ? undefined : 'accepts a forged value'),
    };
  };
  const isGenuineBehindBlock = (content) =>
    content.length <= BLOCK || contents.some((one) => one.length > BLOCK && content.endsWith(one.slice(BLOCK)));
  const encrypt = (more) => new SessionTransportTransformerEncrypt(BYTES, BYTES, { ...options, ...more });
  return [
    opening('seal', new SessionTransportTransformerSeal(new KeyRing(KEY), { name: 'user', transport: 'cookie' })),
    opening(
      'seal, nothing remembered',
      new SessionTransportTransformerSeal(
        new KeyRing(KEY),
        { name: 'user', transport: 'cookie' },
        { rememberForSeconds: 0 },
      ),
    ),
    // The format does not authenticate the IV, so the client controls the first block; see `weakness`.
    opening("Ktor's Encrypt", encrypt({ macOver: 'ciphertext' }), isGenuineBehindBlock),
    // The signature covers the plain text, so another padding or first block does not change the content.
    opening("Ktor's Encrypt before 3.0", encrypt({ macOver: 'plaintext' })),
    opening("Ktor's Encrypt, both layouts", encrypt({ backwardCompatibleRead: true }), isGenuineBehindBlock),
    opening("Ktor's MessageAuthentication", new Authentication(BYTES)),
    // With the salt, anyone can forge values; the inputs do not contain the salt.
    opening("Ktor's Digest", new SessionTransportTransformerDigest('a salt', 'SHA-384', options)),
  ];
}

class User {
  userId = '';
  roles = [];
  at = new Date(0);
  seen = new Map();
  tags = new Set();
  count = 0n;
  bytes = new Uint8Array(0);
}

async function trackers(load) {
  const { SessionSerializerReflection } = await load('serializer/session-serializer-reflection');
  const { SessionTrackerByValue } = await load('tracker/session-tracker-by-value');
  const { SessionTrackerById } = await load('tracker/session-tracker-by-id');
  const { SessionStorageMemory } = await load('memory/session-storage-memory');
  const { sealEnvelope } = await load('tracker/session-envelope');
  const { hashSessionId } = await load('tracker/session-id-provider');
  const { SessionLifetime } = await load('tracker/session-lifetime');
  const { SessionMerge } = await load('tracker/session-merge');
  const serializer = new SessionSerializerReflection(User);
  const now = () => NOW;
  const named = (storage) =>
    new SessionTrackerById(User, serializer, storage, {
      name: 'user',
      lifetime: new SessionLifetime(),
      merge: new SessionMerge('user', serializer, 'mine', new Set()),
      ownerOf: () => undefined,
      now,
    });
  const storage = new SessionStorageMemory({ now });
  const byId = named(storage);
  const stored = await byId.store({ value: new User(), previous: undefined, call: callWith(undefined) });
  const id = stored.transportValue;
  const { value: record } = await storage.read(hashSessionId(id));
  let text;
  const byRecord = named({
    read: async () => ({ value: text, expiresAt: NOW + 1000, version: '1' }),
    write: async () => '2',
    create: async () => '2',
    replace: async () => ({ status: 'gone' }),
    touch: async () => false,
    invalidate: async () => false,
  });
  const byValue = new SessionTrackerByValue(User, serializer, { now });
  const loaded = (result) => (result.status === 'loaded' ? result.session : undefined);
  const times = { createdAt: NOW - 1000, renewedAt: NOW };
  return [
    {
      name: 'id',
      valid: [id, hashSessionId(id), 'x'.repeat(43)],
      decode: async (input) => loaded(await byId.load(input)),
      wrong: (session, input) => (session && input !== id ? 'adopts an id that was never given' : undefined),
    },
    {
      name: 'stored record',
      valid: [record, `~ended`, `~rotated.${hashSessionId(id)}`, `~rotated.${hashSessionId(id)}\n${record}`],
      decode: async (input) => {
        text = input;
        return loaded(await byRecord.load(id));
      },
    },
    {
      name: 'value in its envelope',
      valid: [sealEnvelope(times, serializer.serialize(new User())), sealEnvelope(times, CONTENT)],
      decode: (input) => loaded(byValue.load(input)),
      wrong: (session) => (session && !(session.value instanceof User) ? 'gives an instance of no class' : undefined),
    },
  ];
}

/** The only error that a serializer may throw for an invalid text. */
const isRefusal = (error) =>
  error instanceof Error && !['TypeError', 'RangeError', 'ReferenceError'].includes(error.constructor.name);

const reading = (name, serializer, type, valid) => ({
  name,
  valid,
  decode: (text) => serializer.deserialize(text),
  refusal: isRefusal,
  wrong: (value) => {
    if (!(value instanceof type)) return 'gives an instance of no class';
    return Object.getPrototypeOf(value) === type.prototype ? undefined : 'gives another prototype';
  },
});

async function readers(load) {
  const { SessionSerializerReflection } = await load('serializer/session-serializer-reflection');
  const { Type } = await import('class-transformer');
  class Item {
    name = '';
    price = 0;
  }
  class Cart {
    items = [];
    first = new Item();
    at = new Date(0);
  }
  Type(() => Item)(Cart.prototype, 'items');
  Type(() => Item)(Cart.prototype, 'first');
  Type(() => Date)(Cart.prototype, 'at');
  const users = new SessionSerializerReflection(User);
  const carts = new SessionSerializerReflection(Cart);
  const user = Object.assign(new User(), {
    userId: 'ann',
    roles: ['admin', 'user'],
    at: new Date(NOW),
    seen: new Map([['a', new Date(1)]]),
    tags: new Set(['x', 1]),
    count: 12345678901234567890n,
    bytes: Uint8Array.of(1, 2, 255),
  });
  const cart = Object.assign(new Cart(), {
    items: [Object.assign(new Item(), { name: 'pen', price: 1.5 }), new Item()],
  });
  return [
    reading('our JSON', users, User, [users.serialize(user), users.serialize(new User()), '{}']),
    reading('our JSON, typed by @Type', carts, Cart, [carts.serialize(cart), carts.serialize(new Cart()), '{}']),
    {
      name: 'our JSON, by field',
      valid: [users.serialize(user), carts.serialize(cart)],
      decode: (text) => users.join(users.split(text)),
      refusal: isRefusal,
    },
  ];
}

async function ktorFormats(load) {
  const types = await load('ktor/kotlin/kotlin-type');
  const { kotlinFields } = await load('ktor/kotlin/kotlin-declaration');
  const { reflectionSessionSerializer, KtorReflectionSessionSerializer } = await load(
    'ktor/formats/reflection-session-serializer',
  );
  const { KotlinxBackwardCompatibleSessionSerializer } = await load(
    'ktor/formats/kotlinx-backward-compatible-session-serializer',
  );
  const { defaultSessionSerializer } = await load('ktor/formats/kotlinx-session-serializer');
  const { string, int, long, nullable, double, bigInteger, bigDecimal, list, set, map, nested, boolean, uuid } = types;
  class Node {
    s = '';
    i = null;
    g = null;
    d = null;
    b = null;
    x = null;
    o = null;
    u = null;
    l = [];
    t = new Set();
    m = new Map();
    n = null;
  }
  kotlinFields(Node, {
    s: string(),
    i: nullable(int()),
    g: nullable(long()),
    d: nullable(double()),
    b: nullable(bigInteger()),
    x: nullable(bigDecimal()),
    o: nullable(boolean()),
    u: nullable(uuid()),
    l: list(string()),
    t: set(string()),
    m: map(string(), string()),
    n: nullable(nested(() => Node)),
  });
  const inner = Object.assign(new Node(), { s: 'in & out=%', l: ['a', ''], i: -5 });
  const full = Object.assign(new Node(), {
    s: 'ann é',
    i: 1,
    g: 12345678901234n,
    d: 1.5e-7,
    b: 123456789012345678901234567890n,
    x: '1.50',
    o: true,
    u: '7d444840-9dc0-11d1-b245-5ffdce74fad2',
    l: ['x', 'y&z'],
    t: new Set(['p']),
    m: new Map([['k', 'v=w']]),
    n: inner,
  });
  const format = (name, serializer) => {
    const valid = [inner, full, new Node()].flatMap((value) => written(serializer, value));
    if (valid.length === 0) throw new Error(`${name} writes none of its examples.`);
    return reading(name, serializer, Node, valid);
  };
  return [
    format("Ktor's reflection format", reflectionSessionSerializer(Node)),
    format("Ktor's reflection format before 2.3", new KtorReflectionSessionSerializer(Node, { equals: 'literal' })),
    format("Ktor's kotlinx text format", new KotlinxBackwardCompatibleSessionSerializer(Node)),
    format("Ktor's JSON", defaultSessionSerializer(Node)),
  ];
}

function written(serializer, value) {
  try {
    return [serializer.serialize(value)];
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return [];
  }
}

async function oldForms(load) {
  class Member {
    userId = '';
  }
  const migrate = await load('migrate/index');
  const { SessionLifetime } = await load('tracker/session-lifetime');
  const { SessionSerializerReflection } = await load('serializer/session-serializer-reflection');
  const accepting = {
    name: 'user',
    type: Member,
    serializer: new SessionSerializerReflection(Member),
    lifetime: new SessionLifetime(),
    ownerOf: () => undefined,
    now: () => NOW,
  };
  const map = (old) => Object.assign(new Member(), { userId: String(old.userId) });
  const known = new Map();
  const store = {
    get: (id, done) => done(null, known.get(id)),
    set: (id, data, done) => {
      known.set(id, JSON.parse(JSON.stringify(data)));
      done(null);
    },
    destroy: (_id, done) => done(null),
  };
  const form = async (name, source) => {
    const { transport, tracker } = source.providerFor(accepting);
    const { transportValue } = await tracker.storeTwin({
      value: Object.assign(new Member(), { userId: 'ann' }),
      of: 'twin',
      isUnique: true,
      keepsId: false,
      expiresAt: NOW + 3_600_000,
    });
    const header = JSON.parse(transportValue)
      .map(([cookie, value]) => `${cookie}=${value}`)
      .join('; ');
    return {
      name,
      valid: [header, `a=1; ${header}; b="2"`],
      decode: async (input) => {
        const [received] = transport.receive(callWith(input));
        const result = received === undefined ? undefined : await tracker.load(received);
        return result?.status === 'loaded' ? result.session : undefined;
      },
      wrong: (session) => (session && session.value.userId !== 'ann' ? 'accepts a forged session' : undefined),
    };
  };
  const secret = PASSWORD;
  return [
    await form('cookie-session', migrate.cookieSession({ keys: [secret], map, alsoWrite: true })),
    await form('iron-session', migrate.ironSession({ password: secret, cookieName: 'iron', map, alsoWrite: true })),
    await form('@fastify/secure-session', migrate.fastifySecureSession({ key: BYTES, map, alsoWrite: true })),
    await form('express-session', migrate.expressSession({ secret, store, map, alsoWrite: true })),
    await form('@fastify/session', migrate.fastifySession({ secret, store, map, alsoWrite: true })),
  ];
}

async function others(load) {
  const { allowsSocket, hostsOf } = await load('module/request/socket-origin');
  const { ownerText } = await load('tracker/session-owner');
  const { isHashedSessionId, hashSessionId } = await load('tracker/session-id-provider');
  const { SessionError } = await load('errors/session.errors');
  const host = 'shop.example';
  return [
    {
      name: 'Origin',
      valid: [`https://${host}`, `http://${host}:80`, 'https://evil.example', 'null', `https://${host}@evil.example`],
      decode: (origin) => allowsSocket(['https://app.example'], origin, [host]) || undefined,
      wrong: (allowed, origin) =>
        allowed && !['https://app.example'].includes(origin.toLowerCase()) && siteOf(origin) !== host
          ? 'lets another site in'
          : undefined,
    },
    {
      name: 'Host',
      valid: [host, `${host}:443`, `${host}, proxy.example`, '[::1]:3000'],
      decode: (text) => allowsSocket([], `https://${host}`, hostsOf(text)) || undefined,
    },
    {
      name: 'owner',
      valid: ['ann', '507f1f77bcf86cd799439011', 'é'.repeat(256), '12'],
      decode: (owner) => ownerText(owner, 'User.userId'),
      refusal: (error) => error instanceof SessionError,
      wrong: (text, owner) => (text !== undefined && text !== owner ? 'gives another owner' : undefined),
    },
    {
      name: 'owner of any type',
      valid: ['"ann"', '12', '{"a":1}', '[1]', '{"toString":"x"}', '{"toHexString":1}', 'null', '-0', '1e400'],
      decode: (json) => ownerText(parsed(json), 'User.userId'),
      refusal: (error) => error instanceof SessionError,
      wrong: (text) => (text !== undefined && typeof text !== 'string' ? 'gives no text' : undefined),
    },
    {
      name: 'handle',
      valid: [hashSessionId('a'), hashSessionId('b')],
      decode: (handle) => (isHashedSessionId(handle) ? handle : undefined),
      wrong: (handle) => (handle !== undefined && handle.length !== 43 ? 'takes what can be no handle' : undefined),
    },
  ];
}

function siteOf(origin) {
  try {
    return new URL(origin).hostname;
  } catch {
    return undefined;
  }
}

function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
