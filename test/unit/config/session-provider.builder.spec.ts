import { EMPTY_CALL as call } from '../../../src/call/session-call.js';
import 'reflect-metadata';
import { Exclude, Expose, Transform, Type } from 'class-transformer';
import { inspect } from 'node:util';
import { Counter } from '../../../src/config/counter.decorator.js';
import type { SessionOverrides, SessionRegistration, SharedOptions } from '../../../src/config/session-options.js';
import { SessionOwner } from '../../../src/config/session-owner.decorator.js';
import { SessionProviderBuilder } from '../../../src/config/session-provider.builder.js';
import { Session } from '../../../src/config/session.decorator.js';
import {
  SessionConfigurationError,
  SessionConflictError,
  SessionLimitError,
} from '../../../src/errors/session.errors.js';
import { KeyRing } from '../../../src/keys/key-ring.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { SessionProvider } from '../../../src/session/session-provider.js';
import { SessionStorageGuarded } from '../../../src/storage/session-storage-guarded.js';
import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import { SessionStorageResilient } from '../../../src/storage/session-storage-resilient.js';
import type { SessionStorage } from '../../../src/storage/session-storage.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { SessionTrackerById } from '../../../src/tracker/session-tracker-by-id.js';
import { SessionTrackerByValue } from '../../../src/tracker/session-tracker-by-value.js';
import type { CompleteSessionTracker } from '../../../src/tracker/session-tracker.js';
import { SessionTransportTransformerSeal } from '../../../src/transformer/session-transport-transformer-seal.js';
import {
  transformRead,
  transformWrite,
  type SessionTransportTransformer,
} from '../../../src/transformer/session-transport-transformer.js';
import { SessionTransportCookie } from '../../../src/transport/session-transport-cookie.js';
import { SessionTransportHeader } from '../../../src/transport/session-transport-header.js';
import { FakeCall } from '../transport/fake-call.js';

const [KEY, OTHER_KEY] = ['xM4sQw9LkB2vT7yRzN0cJfGhDpKaUe3i5oVbYt8lCmE', 'a9ZbY8cX7dW6eV5fU4gT3hS2iR1jQ0kPlOmNnMoLpKq'];
const START = 1_700_000_000_000;

@Session('user')
class User {
  @SessionOwner() userId?: string;
  @Counter() visits = 0;
  note?: string;
}

@Session('cart', { tracker: 'by-id', transport: 'header', exposed: true, onClash: 'reject', idleTimeoutInSeconds: 600 })
class Cart {
  @Counter() items = 0;
  note = '';
}

@Session('styled', { cookie: { sameSite: 'strict', path: '/app' }, idleTimeoutInSeconds: 600 })
class Styled {}

class Plain {}

class ThreeVerbs implements SessionStorage {
  readonly #memory = new SessionStorageMemory();
  read = (id: string) => this.#memory.read(id);
  write = (id: string, session: Parameters<SessionStorage['write']>[1]) => this.#memory.write(id, session);
  invalidate = (id: string) => this.#memory.invalidate(id);
}

function inEnvironment<T>(environment: string, run: () => T): T {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = environment;
  try {
    return run();
  } finally {
    process.env['NODE_ENV'] = before;
  }
}

const builder = (options: SharedOptions = {}) => new SessionProviderBuilder({ keys: KEY, ...options });
const build = (registration: SessionRegistration, options?: SharedOptions) => builder(options).build(registration);
const cookieOf = ({ transport }: SessionProvider): string => {
  const fake = new FakeCall();
  transport.send(fake, 'v');
  return [...fake.cookies.values()][0]!;
};

async function stored(tracker: CompleteSessionTracker, value: object): Promise<string> {
  const result = await tracker.store({ value, call });
  if (!('transportValue' in result)) throw new Error(result.status);
  return result.transportValue;
}

describe('a class alone', () => {
  it('is a session by value in a sealed cookie, with safe defaults', () => {
    const { provider, description } = build(User);
    expect(provider).toBeInstanceOf(SessionProvider);
    expect(provider).toMatchObject({
      name: 'user',
      type: User,
      sendOnlyIfModified: true,
      saveOnServerError: false,
      onUnavailable: 'reject',
    });
    expect(provider.transport).toBeInstanceOf(SessionTransportCookie);
    expect(provider.tracker).toBeInstanceOf(SessionTrackerByValue);
    expect(provider.transport.transformers).toEqual([expect.any(SessionTransportTransformerSeal)]);
    expect(cookieOf(provider)).toBe('user=v; Max-Age=604800; Path=/; Secure; HttpOnly; SameSite=Lax');
    expect(description).toBe('user: User, by value, cookie (SessionTransportTransformerSeal), idle 7 d, absolute 30 d');
  });

  it('is what its @Session says', () => {
    const { provider, description } = build(Cart);
    expect(provider.tracker).toBeInstanceOf(SessionTrackerById);
    expect(provider.transport).toBeInstanceOf(SessionTransportHeader);
    expect(provider.transport.transformers).toEqual([]);
    const fake = new FakeCall();
    provider.transport.send(fake, 'v');
    expect(fake.headers.get('access-control-expose-headers')).toEqual(['cart']);
    expect(description).toBe('cart: Cart, by id in SessionStorageMemory, header (as is), idle 10 min, absolute 30 d');
  });

  it('has the owner and the counters of its decorators', async () => {
    const { tracker } = build({ type: User, tracker: 'by-id' }).provider;
    expect(tracker.ownerOf!(Object.assign(new User(), { userId: 'u1' }))).toBe('u1');
    const id = await stored(tracker, new User());
    const [one, other] = await Promise.all([tracker.load(id, call), tracker.load(id, call)]);
    for (const result of [one, other]) {
      if (result.status !== 'loaded') throw new Error(result.reason);
      (result.session.value as User).visits++;
      await tracker.store({ value: result.session.value, previous: result.session, call });
    }
    expect(await tracker.load(id, call)).toMatchObject({ session: { value: { visits: 2 } } });
  });
});

describe('overrides', () => {
  it('win over the class, which wins over the module', () => {
    const module: SharedOptions = {
      idleTimeoutInSeconds: 1200,
      absoluteTimeoutInSeconds: 3600,
      saveOnServerError: true,
      onUnavailable: 'anonymous',
    };
    expect(build(User, module).description).toContain('idle 20 min, absolute 1 h');
    expect(build(Styled, module).description).toContain('idle 10 min, absolute 1 h');
    expect(build({ type: Styled, idleTimeoutInSeconds: 90 }, module).description).toContain('idle 90 s, absolute 1 h');
    expect(build(User, module).provider).toMatchObject({ saveOnServerError: true, onUnavailable: 'anonymous' });
    const own = { type: User, saveOnServerError: false, onUnavailable: 'reject', sendOnlyIfModified: false } as const;
    expect(build(own, module).provider).toMatchObject({
      saveOnServerError: false,
      onUnavailable: 'reject',
      sendOnlyIfModified: false,
    });
  });

  it('count as not said where they are undefined: a safer choice of the class stays', () => {
    const unsaid = {
      type: Cart,
      tracker: undefined,
      transport: undefined,
      exposed: undefined,
      onClash: undefined,
      idleTimeoutInSeconds: undefined,
      name: undefined,
      cookie: undefined,
    } as never;
    expect(build(unsaid).description).toBe(build(Cart).description);
    const cookie = { cookie: { sameSite: undefined, path: undefined } } as never;
    expect(cookieOf(build({ type: Styled, ...(cookie as object) }).provider)).toContain(
      'Path=/app; Secure; HttpOnly; SameSite=Strict',
    );
    expect(cookieOf(build(User, { cookie: { maxAgeInSeconds: undefined } as never }).provider)).toContain(
      'Max-Age=604800',
    );
  });

  it.each(['storage', 'keys', 'transformers', 'validate', 'maxPerOwner'])(
    'are refused where %s is undefined, as an unset variable makes it',
    (option) => {
      const message = `Session "cart": ${option} is undefined. Is its environment variable set?`;
      expect(() => build({ type: Cart, [option]: undefined })).toThrow(message);
    },
  );

  it('of the cookie win attribute by attribute: override, class, module, default', () => {
    const module = { cookie: { priority: 'high', sameSite: 'none', path: '/m', secure: true } } as const;
    expect(cookieOf(build(User, module).provider)).toBe(
      'user=v; Max-Age=604800; Path=/m; Secure; HttpOnly; SameSite=None; Priority=High',
    );
    expect(cookieOf(build(Styled, module).provider)).toBe(
      'styled=v; Max-Age=600; Path=/app; Secure; HttpOnly; SameSite=Strict; Priority=High',
    );
    expect(cookieOf(build({ type: Styled, cookie: { path: '/o', domain: 'a.b' } }, module).provider)).toBe(
      'styled=v; Max-Age=600; Domain=a.b; Path=/o; Secure; HttpOnly; SameSite=Strict; Priority=High',
    );
  });

  it('warn of private fields that nothing exposes', () => {
    class Hiding {
      #items = ['a'];
      get size(): number {
        return this.#items.length;
      }
    }
    class Showing {
      #count = 0;
      @Expose() get count(): number {
        return this.#count;
      }
      set count(count: number) {
        this.#count = count;
      }
    }
    class Typed {
      @Type(() => Typed) parent?: Typed;
      @Type(() => Showing) showing = new Showing();
      @Type(() => Hiding) @Exclude() excluded = new Hiding();
      @Type(() => Hiding) @Transform(({ value }: { value: unknown }) => value) transformed = new Hiding();
    }
    class Holding {
      @Type(() => Typed) typed = new Typed();
      @Type(() => Hiding) hiding = [new Hiding()];
    }
    const building = builder();
    for (const type of [Hiding, Showing, Typed, Holding]) building.build({ type, name: type.name });
    expect(building.warnings).toEqual([
      expect.stringContaining('Session "Hiding": Hiding has private fields (#name), which are not stored'),
      expect.stringContaining('Session "Holding": Hiding has private fields (#name), which are not stored'),
    ]);
  });

  it('that ask for a cookie of more than 400 days are capped, with one warning', () => {
    const day = 86_400;
    const warningsOf = (overrides: object, options: SharedOptions = {}) => {
      const building = builder(options);
      const { provider } = building.build({ type: User, ...overrides });
      return { warnings: building.warnings, cookie: cookieOf(provider) };
    };
    const long = warningsOf({ cookie: { maxAgeInSeconds: 500 * day } });
    expect(long.cookie).toContain('Max-Age=34560000');
    expect(long.warnings).toEqual([expect.stringContaining('Session "user": its cookie would live for 500 days')]);
    const module = { cookie: { maxAgeInSeconds: 500 * day } };
    expect(warningsOf({}, module).warnings).toHaveLength(1);
    expect(warningsOf({ cookie: { maxAgeInSeconds: day } }, module).warnings).toEqual([]);
    const never = { absoluteTimeoutInSeconds: 0 };
    expect(warningsOf({ idleTimeoutInSeconds: 500 * day, ...never }).warnings).toHaveLength(1);
    for (const none of [
      { cookie: { maxAgeInSeconds: 400 * day } },
      { cookie: { maxAgeInSeconds: null } },
      { idleTimeoutInSeconds: 0, ...never },
    ]) {
      expect(warningsOf(none).warnings).toEqual([]);
    }
  });

  it('may name a class that has no @Session, and rename one that has', () => {
    expect(build({ type: Plain, name: 'plain' }).provider.name).toBe('plain');
    expect(build({ type: User, name: 'other' }).provider.name).toBe('other');
  });

  it('with null switch a timeout off', () => {
    const { provider, description } = build({ type: User, idleTimeoutInSeconds: null, absoluteTimeoutInSeconds: 0 });
    expect(description).toContain('idle unlimited, absolute unlimited');
    expect(cookieOf(provider)).toContain('Max-Age=34560000;');
    expect(cookieOf(build({ type: User, idleTimeoutInSeconds: null }).provider)).toContain('Max-Age=2592000;');
    expect(cookieOf(build({ type: User, idleTimeoutInSeconds: 1.5 }).provider)).toContain('Max-Age=2;');
    expect(cookieOf(build({ type: User, cookie: { maxAgeInSeconds: null } }).provider)).not.toContain('Max-Age');
  });

  it('with a throttle change when a session is renewed', async () => {
    const clock = new FakeClock(START);
    const { tracker } = build({ type: User, renewAfterInSeconds: 5 }, { now: clock.now }).provider;
    const result = await tracker.load(await stored(tracker, new User()), call);
    if (result.status !== 'loaded') throw new Error(result.reason);
    clock.advance(4999);
    expect(tracker.isRenewalDue(result.session)).toBe(false);
    clock.advance(1);
    expect(tracker.isRenewalDue(result.session)).toBe(true);
  });

  it('with a serializer use it; else the module makes one; else class-transformer does', () => {
    const serializer = (text: string) => ({ serialize: () => text, deserialize: () => new User() });
    const module = { serializer: () => serializer('module') } as unknown as SharedOptions;
    expect(build({ type: User, serializer: serializer('own') }, module).provider.tracker.serialize(new User())).toBe(
      'own',
    );
    expect(build(User, module).provider.tracker.serialize(new User())).toBe('module');
    const reflection = new SessionSerializerReflection(User);
    expect(build(User).provider.tracker.serialize(new User())).toBe(reflection.serialize(new User()));
  });

  it('with an identity make the ids', async () => {
    const { tracker } = build({
      type: User,
      tracker: 'by-id',
      identity: () => 'an-id-of-my-own-of-22-characters',
    }).provider;
    expect(await stored(tracker, new User())).toBe('an-id-of-my-own-of-22-characters');
  });

  it('with onClash decide parallel changes', async () => {
    const { tracker } = build(Cart).provider;
    const id = await stored(tracker, new Cart());
    const [one, other] = await Promise.all([tracker.load(id, call), tracker.load(id, call)]);
    const change = (result: typeof one, note: string) => {
      if (result.status !== 'loaded') throw new Error(result.reason);
      (result.session.value as Cart).note = note;
      return tracker.store({ value: result.session.value, previous: result.session, call });
    };
    await change(one, 'a');
    await expect(change(other, 'b')).rejects.toThrow(SessionConflictError);
  });
});

describe('transformers', () => {
  const plain: SessionTransportTransformer = { transformRead: (value) => value, transformWrite: (value) => value };

  it('of the application replace the seal, and the value carries the session name', async () => {
    const { provider, description } = build({ type: User, transformers: [plain] });
    expect(provider.transport.transformers).toEqual([plain]);
    expect(description).toContain('cookie (Object)');
    const other = build({ type: User, name: 'admin', transformers: [plain] }).provider;
    const value = await stored(provider.tracker, new User());
    expect((await provider.tracker.load(value, call)).status).toBe('loaded');
    expect(await other.tracker.load(value, call)).toEqual({ status: 'rejected', reason: 'wrong-session' });
  });

  it('that are an empty list leave a by-value session in plain text, with a warning', () => {
    const building = builder();
    building.build({ type: User, transformers: [] });
    expect(building.warnings).toEqual([
      'Session "user" is sent in plain text (transformers: []): the client can read and change it.',
    ]);
    const byId = builder();
    byId.build({ type: User, tracker: 'by-id', transformers: [] });
    expect(byId.warnings).toEqual([]);
  });

  it('that know their weakness are warned of, in production', () => {
    const weak = { ...plain, weakness: 'Anybody can forge it.' };
    const warnings = (environment: string) =>
      inEnvironment(environment, () => {
        const building = builder();
        building.build({ type: User, transformers: [weak] });
        return building.warnings;
      });
    expect(warnings('production')).toEqual(['Session "user": Anybody can forge it.']);
    expect(warnings('development')).toEqual([]);
  });
});

describe('keys', () => {
  const sealed = ({ transport }: SessionProvider) => transformWrite(transport.transformers, 'text');
  const opened = async ({ transport }: SessionProvider, value: string) =>
    (await transformRead(transport.transformers, value))?.value;

  it('of the module protect every session, each by its name', async () => {
    const building = builder();
    const [user, styled] = [building.build(User).provider, building.build(Styled).provider];
    const value = await sealed(user);
    expect(await opened(user, value)).toBe('text');
    expect(await opened(build(User).provider, value)).toBe('text');
    expect(await opened(styled, value)).toBeUndefined();
    expect(await opened(build({ type: User, name: 'styled' }).provider, value)).toBeUndefined();
    expect(await opened(build({ type: User, transport: 'header' }).provider, value)).toBeUndefined();
    expect(await opened(build(User, { keys: OTHER_KEY }).provider, value)).toBeUndefined();
  });

  it('may be one, a list, bytes or a ring', async () => {
    const value = await sealed(build(User).provider);
    for (const keys of [KEY, [OTHER_KEY, KEY], new KeyRing([OTHER_KEY, KEY])]) {
      expect(await opened(build(User, { keys }).provider, value)).toBe('text');
      expect(await opened(build({ type: User, keys }, { keys: OTHER_KEY }).provider, value)).toBe('text');
    }
  });

  it('that are missing are random, with one warning, and only outside production', async () => {
    for (const keys of [undefined, [undefined], []] as const) {
      const building = new SessionProviderBuilder({ keys });
      const user = building.build(User).provider;
      building.build(Styled);
      expect(building.warnings).toEqual([expect.stringMatching(/^No keys are configured: .* end with this process/)]);
      expect(
        await opened(new SessionProviderBuilder({ keys }).build(User).provider, await sealed(user)),
      ).toBeUndefined();
    }
    inEnvironment('production', () => {
      for (const options of [{}, { keys: undefined }, { keys: [] }]) {
        expect(() => new SessionProviderBuilder(options).build(User)).toThrow(/needs at least one key/);
      }
    });
  });

  it('are not needed where no session has a seal', () => {
    inEnvironment('production', () => {
      expect(() => new SessionProviderBuilder({}).build(Cart)).not.toThrow();
    });
  });

  it('that are weak are refused and not shown', () => {
    for (const registration of [{ type: User, keys: 'password' }, User]) {
      expect(() => build(registration, { keys: 'password' })).toThrow(SessionConfigurationError);
      expect(() => build(registration, { keys: 'password' })).not.toThrow('password');
    }
  });

  it('are refused where nothing would use them', () => {
    const message =
      'Session "user": keys are for the seal, which sessions by id and those with transformers do not have.';
    expect(() => build({ type: User, tracker: 'by-id', keys: KEY })).toThrow(message);
    expect(() => build({ type: User, transformers: [], keys: KEY })).toThrow(message);
  });
});

describe('storages', () => {
  it('are the own one, else that of the module, else one memory for all', async () => {
    const [own, module] = [new SessionStorageMemory(), new SessionStorageMemory()];
    await stored(build({ type: User, storage: own }, { storage: module }).provider.tracker, new User());
    await stored(build({ type: User, tracker: 'by-id' }, { storage: module }).provider.tracker, new User());
    expect([own.size, module.size]).toEqual([1, 1]);
    const building = builder();
    await stored(building.build({ type: User, tracker: 'by-id' }).provider.tracker, new User());
    await stored(building.build(Cart).provider.tracker, new Cart());
    expect(building.ownedStorages).toEqual([expect.objectContaining({ size: 2 })]);
  });

  it('of your own make a session one by id', () => {
    expect(build({ type: User, storage: new SessionStorageMemory() }).provider.tracker.kind).toBe('by-id');
    expect(build(User, { storage: new SessionStorageMemory() }).provider.tracker.kind).toBe('by-value');
  });

  it('are wrapped in a deadline, once each', () => {
    const storage = new SessionStorageMemory();
    const building = builder({ storage });
    const trackers = [Cart, { type: User, tracker: 'by-id' } as const].map(
      (registration) => building.build(registration).provider.tracker as SessionTrackerById<object>,
    );
    expect(trackers[0]!.storage).toBeInstanceOf(SessionStorageResilient);
    expect(trackers[1]!.storage).toBe(trackers[0]!.storage);
  });

  it('that hang are given up after the timeout of the options', async () => {
    const storage = Object.assign(new SessionStorageMemory(), { read: () => new Promise<undefined>(() => {}) });
    const { tracker } = build({ type: User, storage }, { storageTimeoutInMilliseconds: 10 }).provider;
    await expect(tracker.load('id', call)).rejects.toMatchObject({
      detail: expect.stringContaining('did not answer within 10 ms'),
    });
  });

  it('with three verbs are guarded, with a warning', async () => {
    const building = builder();
    const storage = new ThreeVerbs();
    const { tracker } = building.build({ type: User, storage }).provider;
    expect((tracker as SessionTrackerById<User>).storage).toBeInstanceOf(SessionStorageGuarded);
    building.build({ type: Cart, storage });
    expect(building.warnings).toEqual([
      'ThreeVerbs has no conditional write (replace): parallel changes of one session are safe within this process only.',
    ]);
    expect((await tracker.load(await stored(tracker, new User()), call)).status).toBe('loaded');
  });

  it('that the builder made are its own to close, and warned of in production', () => {
    const building = builder();
    expect(building.ownedStorages).toEqual([]);
    building.build(Cart);
    building.build({ type: User, tracker: 'by-id' });
    expect(building.ownedStorages).toEqual([expect.any(SessionStorageMemory)]);
    expect(building.warnings).toEqual([]);
    const production = inEnvironment('production', () => {
      const one = builder();
      one.build(Cart);
      return one.warnings;
    });
    expect(production).toEqual([expect.stringContaining('kept in the memory of this process')]);
  });

  it.each([{}, { read: () => {} }, 5])('are refused where they are none: %p', (storage) => {
    expect(() => build({ type: User, storage: storage as never })).toThrow(
      'Session "user": storage has no read, write and invalidate. Pass a SessionStorage, such as new SessionStorageMemory().',
    );
  });

  it('are looked up by class or token, and a text that finds none is not shown: it may hold a password', () => {
    const storage = new SessionStorageMemory();
    const resolve = (token: unknown): unknown => (token === 'STORAGE' ? storage : undefined);
    const building = new SessionProviderBuilder({}, resolve);
    expect(building.build({ type: User, storage: 'STORAGE' }).description).toContain('by id in SessionStorageMemory');
    const refused = (): unknown => building.build({ type: User, storage: 'redis://:hunter2@localhost' });
    expect(refused).toThrow('storage is a string, but no module of the application provides it');
    expect(refused).not.toThrow('hunter2');
  });
});

describe('the clock', () => {
  it('is that of the module, everywhere', async () => {
    const clock = new FakeClock(START);
    const building = builder({ now: clock.now });
    for (const registration of [User, Cart] as const) {
      const { tracker } = building.build(registration).provider;
      const value = await stored(tracker, new registration());
      expect(await tracker.load(value, call)).toMatchObject({ session: { createdAt: START, renewedAt: START } });
    }
  });
});

describe('a provider made by hand', () => {
  it('is taken as it is', () => {
    const { provider } = build(User);
    expect(build(provider)).toEqual({ provider, description: 'user: User, by-value, cookie, custom provider' });
  });
});

describe('from', () => {
  it('takes a provider for the same class, and nothing else', () => {
    const other = build({ type: User, name: 'old' }, { keys: OTHER_KEY }).provider as SessionProvider<User>;
    expect(build({ type: User, from: other }).provider.name).toBe('user');
    for (const from of [build(Styled).provider, {}, 'ktor']) {
      expect(() => build({ type: User, from } as never)).toThrow('Session "user": from is a SessionProvider for User');
    }
  });
});

describe('maxPerOwner', () => {
  const sessionsOf = async (registration: SessionRegistration, count: number): Promise<string[]> => {
    const { tracker } = build(registration).provider;
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push(await stored(tracker, Object.assign(new User(), { userId: 'u1' })));
    return Promise.all(ids.map(async (id) => (await tracker.load(id, call)).status));
  };

  it('ends the oldest, or refuses, as was said', async () => {
    expect(await sessionsOf({ type: User, tracker: 'by-id', maxPerOwner: 1 }, 2)).toEqual(['rejected', 'loaded']);
    expect(await sessionsOf({ type: User, tracker: 'by-id', maxPerOwner: { limit: 1 } }, 2)).toEqual([
      'rejected',
      'loaded',
    ]);
    const refusing = { type: User, tracker: 'by-id', maxPerOwner: { limit: 1, beyond: 'refuse' } } as const;
    await expect(sessionsOf(refusing, 2)).rejects.toThrow(SessionLimitError);
    expect(await sessionsOf({ type: User, tracker: 'by-id' }, 2)).toEqual(['loaded', 'loaded']);
  });

  it('does not refuse sessions that are moved: their visitors could make no request any more', () => {
    const from = build({ type: User, name: 'old' }, { keys: OTHER_KEY }).provider as SessionProvider<User>;
    const moving = { type: User, tracker: 'by-id', from, maxPerOwner: { limit: 1, beyond: 'refuse' } } as const;
    expect(() => build(moving)).toThrow("beyond: 'refuse' would refuse sessions that are moved by from");
    expect(build({ ...moving, maxPerOwner: 1 }).provider.name).toBe('user');
  });
});

describe('what cannot work', () => {
  it.each<[string, unknown, string | RegExp]>([
    ['nothing', undefined, /an entry is not a session class.*A circular import makes a class undefined/],
    ['null', null, 'an entry is not a session class'],
    ['an empty entry', {}, 'an entry is not a session class'],
    ['a name', 'user', 'an entry is not a session class'],
    [
      'a class without @Session or name',
      Plain,
      "Plain is no session. Mark it with @Session('name'), or give it a name.",
    ],
    [
      'a misspelt option',
      { type: User, idleTimeout: 5 },
      'unknown option "idleTimeout". Did you mean idleTimeoutInSeconds?',
    ],
    ['an unknown tracker', { type: User, tracker: 'id' }, "tracker must be one of 'by-value', 'by-id'"],
    ['an unknown transport', { type: User, transport: 'query' }, "transport must be one of 'cookie', 'header'"],
    [
      'an unknown policy',
      { type: User, onUnavailable: 'ignore' },
      "onUnavailable must be one of 'reject', 'anonymous'",
    ],
    ['an unknown onClash', { type: Cart, onClash: 'ours' }, "onClash must be one of 'mine', 'theirs', 'reject'"],
    ['onClash by value', { type: User, onClash: 'mine' }, "onClash is for sessions by id. Add tracker: 'by-id'."],
    ['identity by value', { type: User, identity: () => 'x' }, "identity is for sessions by id. Add tracker: 'by-id'."],
    [
      'maxPerOwner by value',
      { type: User, maxPerOwner: 5 },
      "maxPerOwner is for sessions by id. Add tracker: 'by-id'.",
    ],
    ['maxPerOwner without owner', { type: Cart, maxPerOwner: 5 }, 'Mark a field of Cart with @SessionOwner()'],
    [
      'no session per owner',
      { type: User, tracker: 'by-id', maxPerOwner: 0 },
      'maxPerOwner must be a whole number from 1',
    ],
    [
      'a text for maxPerOwner',
      { type: User, tracker: 'by-id', maxPerOwner: '5' },
      'maxPerOwner must be a whole number from 1',
    ],
    [
      'null for maxPerOwner',
      { type: User, tracker: 'by-id', maxPerOwner: null },
      'maxPerOwner must be a whole number from 1',
    ],
    [
      'an unknown end of maxPerOwner',
      { type: User, tracker: 'by-id', maxPerOwner: { limit: 5, beyond: 'end-newest' } },
      "maxPerOwner.beyond must be one of 'end-oldest', 'refuse'",
    ],
    [
      'a misspelt part of maxPerOwner',
      { type: User, tracker: 'by-id', maxPerOwner: { limits: 5 } },
      'maxPerOwner: unknown option "limits". Did you mean limit?',
    ],
    [
      'maxPerOwner in a storage without owners',
      { type: User, tracker: 'by-id', maxPerOwner: 5, storage: new ThreeVerbs() },
      'maxPerOwner needs a storage with an owner index',
    ],
    [
      'a storage by value',
      { type: User, tracker: 'by-value', storage: new SessionStorageMemory() },
      "storage is for sessions by id. Add tracker: 'by-id'.",
    ],
    ['a cookie for a header', { type: Cart, cookie: {} }, 'a header session has no cookie. Remove cookie or transport'],
    ['an exposed cookie', { type: User, exposed: true }, 'A cookie must never be exposed'],
    ['a bad cookie name', { type: User, name: 'a b' }, 'Cookie "a b": a cookie name may contain'],
    ['an empty name', { type: User, name: '' }, 'Cookie "": a cookie name may contain'],
    ['a bad header name', { type: Cart, name: 'a b' }, "Header name 'a b' contains illegal character ' '"],
    ['a bad attribute', { type: User, cookie: { maxAge: 5 } }, 'unknown option "maxAge"'],
    ['a prefix without Secure', { type: User, name: '__Host-u', cookie: { secure: false } }, 'needs secure: true'],
    [
      'a negative timeout',
      { type: User, idleTimeoutInSeconds: -1 },
      'idleTimeoutInSeconds must be a number of seconds',
    ],
    ['a throttle too slow', { type: User, idleTimeoutInSeconds: 60, renewAfterInSeconds: 60 }, 'must be less than'],
    [
      'a class that needs arguments',
      {
        name: 'needy',
        type: class Needy {
          constructor(user: { id: string }) {
            Object.assign(this, { id: user.id });
          }
        },
      },
      'Needy cannot be constructed without arguments',
    ],
  ])('is refused, and says what to write: %s', (_, registration, message) => {
    const refused = () => build(registration as SessionRegistration);
    expect(refused).toThrow(SessionConfigurationError);
    expect(refused).toThrow(message);
  });

  it('keeps the error of a constructor as the cause', () => {
    const failing = class Failing {
      constructor() {
        throw new Error('no');
      }
    };
    expect(() => build({ type: failing, name: 'f' })).toThrow(expect.objectContaining({ cause: new Error('no') }));
  });

  it('is refused in the module options too', () => {
    expect(() => build(User, { idleTimeoutInSeconds: -1 })).toThrow('idleTimeoutInSeconds must be a number of seconds');
    expect(() => build(User, { cookie: { sameSite: 'none', secure: false } })).toThrow('needs secure: true');
    expect(() => build(Cart, { storageTimeoutInMilliseconds: 0 })).toThrow('must be a positive number');
  });
});

describe('descriptions', () => {
  it.each<[Partial<SessionOverrides>, string]>([
    [{ idleTimeoutInSeconds: 86_400, absoluteTimeoutInSeconds: 172_800 }, 'idle 1 d, absolute 2 d'],
    [{ idleTimeoutInSeconds: 3600, absoluteTimeoutInSeconds: 90_000 }, 'idle 1 h, absolute 25 h'],
    [{ idleTimeoutInSeconds: 60, absoluteTimeoutInSeconds: 3660 }, 'idle 1 min, absolute 61 min'],
    [{ idleTimeoutInSeconds: 1.5, absoluteTimeoutInSeconds: null }, 'idle 1.5 s, absolute unlimited'],
  ])('of %j say %s', (times, text) => {
    expect(build({ type: User, ...times }).description).toContain(text);
  });
});

describe('a builder and what it built', () => {
  it('show no key', () => {
    const building = builder({ keys: [KEY, OTHER_KEY] });
    const built = [building.build(User), building.build(Cart)];
    const shown =
      inspect(built, { depth: 12 }) + JSON.stringify(built) + built.map(({ provider }) => String(provider)).join();
    const all = shown + inspect(building, { depth: 12 }) + inspect(new KeyRing([KEY, OTHER_KEY]), { depth: 12 });
    for (const key of [KEY, OTHER_KEY]) {
      expect(all).not.toContain(key);
      expect(all).not.toContain(Buffer.from(key).toString('hex'));
    }
  });
});
