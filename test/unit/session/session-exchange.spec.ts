import { inspect } from 'node:util';
import { SessionTooLateError } from '../../../src/errors/session.errors.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { SessionEvents, type SessionEvent } from '../../../src/session/session-event.js';
import { SessionExchange } from '../../../src/session/session-exchange.js';
import { SessionProvider } from '../../../src/session/session-provider.js';
import { SessionProviders } from '../../../src/session/session-providers.js';
import { SessionTrackerByValue } from '../../../src/tracker/session-tracker-by-value.js';
import type { SessionTransportTransformer } from '../../../src/transformer/session-transport-transformer.js';
import { SessionTransportCookie } from '../../../src/transport/session-transport-cookie.js';
import { fails } from '../tracker/scripted-storage.js';
import { FakeCall } from '../transport/fake-call.js';
import { sessionBench, User } from './session-bench.js';

class Cart {
  items = 0;
}
class Unregistered {
  secret = 'top secret';
}

const user = (fields: Partial<User> = {}) => Object.assign(new User(), fields);

/** A session by id called `user`, and one by value called `cart`. */
function two(transformers: readonly SessionTransportTransformer[] = []) {
  const bench = sessionBench();
  const cart = new SessionProvider(
    'cart',
    Cart,
    new SessionTransportCookie('cart', {}, transformers),
    new SessionTrackerByValue(Cart, new SessionSerializerReflection(Cart)),
  );
  const providers = new SessionProviders();
  providers.register(bench.provider);
  providers.register(cart);
  const events: SessionEvent[] = [];
  const open = (call = new FakeCall()) => ({
    call,
    sessions: new SessionExchange(providers, call, new SessionEvents([(event) => events.push(event)])),
  });
  return { ...bench, events, open };
}

describe('an exchange of several sessions', () => {
  it('keeps them apart, and stores each', async () => {
    const { open } = two();
    const { sessions, call } = open();
    (await sessions.getOrFresh(Cart)).items = 3;
    sessions.set(user({ visits: 1 }));
    await sessions.commit(false);
    expect([...call.cookies.keys()].sort()).toEqual(['cart', 'user']);
    sessions.clear(Cart);
    expect(await sessions.get(Cart)).toBeUndefined();
    expect(await sessions.get(User)).toMatchObject({ visits: 1 });
  });

  it('stores the others where one fails, however long that takes, and fails then', async () => {
    const transformWrite = async (value: string): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return value;
    };
    const { open, storage } = two([{ transformRead: (value) => value, transformWrite }]);
    const { sessions, call } = open();
    sessions.set(user());
    sessions.set(Object.assign(new Cart(), { items: 1 }));
    storage.let('create', fails);
    await expect(sessions.commit(false)).rejects.toMatchObject({ code: 'SESSION_STORAGE_UNAVAILABLE' });
    expect([...call.cookies.keys()]).toEqual(['cart']);
    expect(sessions.commit(false)).toBeUndefined();
  });

  it('does nothing, at once, where nothing was asked for or changed', async () => {
    const { open } = two();
    const { sessions } = open();
    expect(sessions.commit(false)).toBeUndefined();
    await sessions.get(User);
    expect(sessions.commit(false)).toBeUndefined();
    await sessions.get(Cart);
    expect(sessions.commit(false)).toBeUndefined();
  });

  it('reports late changes of each', async () => {
    const { open, events } = two();
    const { sessions, call } = open();
    const [one, other] = [await sessions.getOrFresh(User), await sessions.getOrFresh(Cart)];
    call.leave();
    [one.visits, other.items] = [1, 1];
    sessions.reportLateChanges(false);
    expect(events.map((event) => `${event.type} ${event.session}`)).toEqual(['too-late user', 'too-late cart']);
  });
});

describe('commits at the same time', () => {
  it('come one after the other, and store each change once', async () => {
    const { open, events } = sessionBench();
    const { sessions } = open();
    sessions.set(user({ visits: 1 }));
    await Promise.all([sessions.commit(false), sessions.save(), sessions.commit(false)]);
    expect(events.map(({ type }) => type)).toEqual(['created']);
  });

  it('fail together: whoever joins one that fails has nothing stored either', async () => {
    const { open, storage } = sessionBench();
    const { sessions } = open();
    sessions.set(user());
    storage.let('create', fails);
    const results = await Promise.allSettled([sessions.commit(false), sessions.commit(false), sessions.save()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(sessions.commit(false)).toBeUndefined();
  });

  it('do not count as late what is being stored', async () => {
    const { open, events } = sessionBench();
    const { sessions, call } = open();
    sessions.set(user());
    const committing = sessions.commit(false);
    call.responded = true;
    sessions.reportLateChanges(false);
    await committing;
    await new Promise(setImmediate);
    expect(events.map(({ type }) => type)).toEqual(['created']);
  });
});

describe('getOrSet', () => {
  it('gives the session, or makes it', async () => {
    const { visit, seen } = sessionBench();
    let made = 0;
    const generator = (): User => user({ visits: ++made });
    const { cookie } = await visit(undefined, async (sessions) => {
      const first = await sessions.getOrSet(User, generator);
      expect(await sessions.getOrSet(User, generator)).toBe(first);
      expect(await sessions.get(User)).toBe(first);
    });
    expect(await seen(cookie)).toEqual({ visits: 1 });
    await visit(cookie, async (sessions) =>
      expect(await sessions.getOrSet(User, generator)).toMatchObject({ visits: 1 }),
    );
    expect(made).toBe(1);
  });

  it('makes one where the session was ended', async () => {
    const { visit, begun } = sessionBench();
    await visit(await begun(), async (sessions) => {
      sessions.clear(User);
      expect(await sessions.getOrSet(User, () => user({ visits: 7 }))).toMatchObject({ visits: 7 });
    });
  });
});

describe('id', () => {
  it('is that of the stored session: none before it is stored, and none after it is ended', async () => {
    const { visit, open } = sessionBench();
    const { cookie } = await visit(undefined, async (sessions) => {
      expect(await sessions.id(User)).toBeUndefined();
      sessions.set(user());
      expect(await sessions.id(User)).toBeUndefined();
      await sessions.save();
      expect(await sessions.id(User)).toMatch(/^[A-Za-z0-9_-]{43}$/);
    });
    const { sessions } = open(cookie);
    expect(`user=${await sessions.id(User)}`).toBe(cookie);
    sessions.set(user({ visits: 3 }));
    expect(`user=${await sessions.id(User)}`).toBe(cookie);
    sessions.clear(User);
    expect(await sessions.id(User)).toBeUndefined();
    sessions.set(user());
    expect(await sessions.id(User)).toBeUndefined();
  });

  it('does not exist by value', async () => {
    const { open } = two();
    await expect(open().sessions.id(Cart)).rejects.toMatchObject({
      code: 'SESSION_WITHOUT_ID',
      message: "Provider cart doesn't use session IDs. Keep it on the server: @Session(name, { tracker: 'by-id' }).",
    });
  });
});

describe('clear with an id', () => {
  it("ends that session at once, and leaves the request's own", async () => {
    const { begun, open, seen } = sessionBench();
    const [own, other] = [await begun({ visits: 1 }), await begun({ visits: 2 })];
    const { sessions, call } = open(own);
    await sessions.clear(User, other.slice('user='.length));
    expect(await seen(other)).toBeUndefined();
    expect(await sessions.get(User)).toMatchObject({ visits: 1 });
    expect(sessions.commit(false)).toBeUndefined();
    expect(call.cookies.size).toBe(0);
  });

  it('takes an id that nobody has for ended', async () => {
    const { open, storage } = sessionBench();
    await open().sessions.clear(User, '../../etc/passwd');
    expect(storage.memory.size).toBe(0);
  });

  it('does not exist by value', () => {
    const { open } = two();
    expect(() => open().sessions.clear(Cart, 'id')).toThrow(
      "Session provider `cart` doesn't use session IDs. Keep it on the server: @Session(name, { tracker: 'by-id' }).",
    );
  });
});

describe('a class that is not registered', () => {
  it("throws in every method, in Ktor's words, without a value", async () => {
    const { open } = sessionBench();
    const { sessions } = open();
    const refusal = expect.objectContaining({
      code: 'SESSION_NOT_REGISTERED',
      message:
        "Session data for type `class Unregistered` was not registered. Mark the class with @Session('name') and list " +
        'it in SessionsModule.forRoot({ sessions: [Unregistered] }).',
    });
    expect(() => sessions.set(new Unregistered())).toThrow(refusal);
    expect(() => sessions.clear(Unregistered)).toThrow(refusal);
    expect(() => sessions.getOrFresh(Unregistered)).toThrow(refusal);
    const uses = [
      sessions.get(Unregistered),
      sessions.getOrSet(Unregistered, () => new Unregistered()),
      sessions.id(Unregistered),
      sessions.regenerate(Unregistered),
      sessions.update(Unregistered, () => {}),
    ];
    for (const { status, reason } of (await Promise.allSettled(uses)) as PromiseRejectedResult[]) {
      expect([status, reason]).toEqual(['rejected', refusal]);
    }
  });
});

describe('save', () => {
  it('stores at once, and throws for changes that the response can no longer carry', async () => {
    const { open, begun, seen } = sessionBench();
    const cookie = await begun({ visits: 1 });
    const { sessions, call } = open(cookie);
    const session = (await sessions.get(User))!;
    session.visits = 2;
    await sessions.save();
    expect(await seen(cookie)).toEqual({ visits: 2 });
    call.leave();
    session.visits = 3;
    await sessions.save();
    expect(await seen(cookie)).toEqual({ visits: 3 });
    session.userId = 'u1';
    await expect(sessions.save()).rejects.toThrow(SessionTooLateError);
    expect(await seen(cookie)).toEqual({ visits: 3 });
  });

  it('ends a session on the server also when the client cannot be told any more', async () => {
    const { open, begun, seen } = sessionBench();
    const cookie = await begun();
    const { sessions, call } = open(cookie);
    await sessions.get(User);
    call.leave();
    sessions.clear(User);
    await sessions.save();
    expect(call.cookies.size).toBe(0);
    expect(await seen(cookie)).toBeUndefined();
  });
});

describe('an exchange that is printed', () => {
  it('shows nothing of its sessions', async () => {
    const { open, begun } = sessionBench();
    const cookie = await begun({ note: 'top secret' });
    const { sessions } = open(cookie);
    await sessions.get(User);
    for (const text of [inspect(sessions, { depth: 9 }), JSON.stringify(sessions), String(sessions)]) {
      expect(text).not.toContain('top secret');
      expect(text).not.toContain(cookie.slice('user='.length));
    }
  });
});

describe('clear', () => {
  it.each([42, ['x'], { id: 'x' }, null])(
    'ends nothing for %j in place of an id, as a client may send it',
    async (id) => {
      const { visit, begun, seen } = sessionBench();
      const cookie = await begun({ note: 'mine' });
      const { setCookie } = await visit(cookie, (sessions) => sessions.clear(User, id as never));
      expect(setCookie).toBeUndefined();
      expect(await seen(cookie)).toMatchObject({ note: 'mine' });
    },
  );

  it('refuses site data that browsers do not know', async () => {
    const { open } = sessionBench();
    const { sessions } = open();
    for (const siteData of ['cache', 5, ['cache\r\n'], [undefined]]) {
      expect(() => sessions.clear(User, { siteData: siteData as never })).toThrow("siteData must be a list of 'cache'");
    }
  });
});
