import { setTimeout } from 'node:timers/promises';
import { SessionConfigurationError, SessionLimitError } from '../../../src/errors/session.errors.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { SessionMerge } from '../../../src/tracker/session-merge.js';
import type { MaxPerOwner } from '../../../src/tracker/owner-limit.js';
import { hashSessionId } from '../../../src/tracker/session-id-provider.js';
import { SessionTrackerById } from '../../../src/tracker/session-tracker-by-id.js';
import { fails, isLost, isOvertaken } from './scripted-storage.js';
import { bench, call, idOf, sessionOf, trackerOver, User } from './tracker-bench.js';

/** A tracker with a limit over a storage in which anything can go wrong, and logins by it. */
function limited(maxPerOwner: MaxPerOwner) {
  const rest = bench({ maxPerOwner });
  const { tracker, clock } = rest;
  const revoked: number[] = [];
  const asOwner = (userId = 'u1') => Object.assign(new User(), { userId });
  const login = async (userId?: string, over = tracker): Promise<string> =>
    idOf(await over.store({ value: asOwner(userId), call, onRevoked: (handles) => revoked.push(handles.length) }));
  return {
    ...rest,
    revoked,
    asOwner,
    login,
    /** Logins one after the other, a second apart. */
    async logins(count: number): Promise<string[]> {
      const ids: string[] = [];
      for (let i = 0; i < count; i++) {
        ids.push(await login());
        clock.advance(1000);
      }
      return ids;
    },
  };
}

describe('end-oldest', () => {
  it('ends the session that was created first, and tells how many', async () => {
    const { logins, loaded, revoked } = limited({ limit: 3 });
    const [first, ...rest] = await logins(4);
    expect(await loaded(first)).toBe('unknown-id');
    for (const id of rest) expect(await loaded(id)).toBeInstanceOf(User);
    expect(revoked).toEqual([1]);
  });

  it('lets the later login stay where both came in the same millisecond, or from a server whose clock is behind', async () => {
    const { login, loaded, storage, clock } = limited({ limit: 1 });
    let previous = await login();
    for (let i = 0; i < 8; i++) {
      const next = await login();
      expect([await loaded(previous), await loaded(next)]).toEqual(['unknown-id', expect.any(User)]);
      previous = next;
    }
    const behind = trackerOver(storage, () => clock.now() - 5000, { maxPerOwner: { limit: 1 } });
    const next = await login('u1', behind);
    expect([await loaded(previous), await loaded(next)]).toEqual(['unknown-id', expect.any(User)]);
  });

  it('leaves exactly as many as the limit when the last of several parallel logins is done', async () => {
    for (const limit of [1, 2, 5]) {
      const { login, live } = limited({ limit });
      const ids = await Promise.all(Array.from({ length: 8 }, () => login()));
      expect(await live(ids)).toBe(limit);
    }
  });

  it('counts each owner, and each name in the same storage, for itself', async () => {
    const { login, live, storage, clock } = limited({ limit: 1 });
    const other = trackerOver(storage, clock.now, { name: 'other', maxPerOwner: { limit: 1 } });
    const ids = [await login('u1'), await login('u2')];
    await login('u1', other);
    expect(await live(ids)).toBe(2);
  });

  it('counts neither those that ended, expired or got a new id', async () => {
    const { login, logins, tracker, loaded, elsewhere, clock, live } = limited({ limit: 2 });
    const [first, second] = await logins(2);
    await tracker.clear(sessionOf(await tracker.load(first!)));
    const rotated = idOf(await elsewhere(second, () => undefined, true));
    const third = await login();
    expect(await live([rotated, third])).toBe(2);
    clock.advance(8 * 86_400_000);
    const later = await logins(2);
    expect([await loaded(rotated), await loaded(third), await live(later)]).toEqual(['unknown-id', 'unknown-id', 2]);
  });

  it('looks at it when a session gets an owner, at no other change', async () => {
    const { tracker, storage, login, loaded, elsewhere } = limited({ limit: 1 });
    const anonymous = idOf(await tracker.store({ value: new User(), call }));
    const first = await login();
    storage.calls = [];
    const list = storage.owners.lists;
    await elsewhere(first, (user) => (user.visits = 1));
    await elsewhere(first, () => undefined, true);
    await elsewhere(anonymous, (user) => (user.visits = 1));
    expect(storage.owners.lists).toBe(list);
    const user = await elsewhere(anonymous, (value) => (value.userId = 'u1'));
    expect(storage.owners.lists).toBe(list + 2);
    expect([await loaded(first), await loaded(idOf(user))]).toEqual(['rotated', expect.any(User)]);
  });

  it('does not count the session that the same request ends', async () => {
    const { logins, tracker, asOwner, live, revoked } = limited({ limit: 2 });
    const [first, second] = await logins(2);
    const third = idOf(await tracker.store({ value: asOwner(), call, replaces: second! }));
    expect(await live([first, third])).toBe(2);
    expect(revoked).toEqual([]);
  });

  it('ends a session for good: a slow request with it cannot bring it back', async () => {
    const { logins, login, tracker, loaded } = limited({ limit: 1 });
    const [first] = await logins(1);
    const slow = sessionOf(await tracker.load(first!));
    await login();
    slow.value.visits = 9;
    expect(await tracker.store({ value: slow.value, previous: slow, call })).toEqual({
      status: 'gone',
      reason: 'ended',
    });
    expect(await loaded(first)).toBe('unknown-id');
  });

  it('ends as many as there are too many, where the limit was lowered', async () => {
    const { login, storage, clock, live, revoked } = limited({ limit: 2 });
    const free = trackerOver(storage, clock.now);
    const ids: string[] = [];
    for (let i = 0; i < 10; i++) ids.push(await login('u1', free));
    ids.push(await login());
    expect([await live(ids), revoked]).toEqual([2, [9]]);
  });

  it.each([
    ['fails', fails],
    ['is lost', isLost],
  ])('ends no session for a login whose confirmation %s (promise 3)', async (_how, scene) => {
    const { logins, login, tracker, storage, loaded, revoked, clock } = limited({ limit: 2 });
    const [first, second] = await logins(2);
    storage.let('touch', scene, scene);
    await expect(login()).rejects.toThrow();
    await setTimeout(10);
    // Also later than the marks of an unfinished login live.
    clock.advance(120_000);
    expect([await loaded(first), await loaded(second)]).toEqual([expect.any(User), expect.any(User)]);
    expect(await tracker.listByOwner('user:u1')).toHaveLength(2);
    expect(revoked).toEqual([]);
    await login();
    expect([await loaded(first), await loaded(second)]).toEqual(['unknown-id', expect.any(User)]);
  });

  it('restores each marked session of a login that fails after another one was changed (promise 3)', async () => {
    const { login, storage, loaded, clock, revoked } = limited({ limit: 2 });
    const free = trackerOver(storage, clock.now);
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      ids.push(await login('u1', free));
      clock.advance(1000);
    }
    const oldest = hashSessionId(ids[0]!);
    const change = async () => {
      const { value, expiresAt, owner } = (await storage.memory.read(oldest))!;
      await storage.memory.replace(oldest, { value, expiresAt, owner: owner! });
    };
    storage.let('replace', (replace) => replace(), isOvertaken(change));
    // Before the login, after its write, after the change.
    storage.owners.let(
      (list) => list(),
      (list) => list(),
      fails,
    );
    await expect(login()).rejects.toThrow('the storage is down');
    await setTimeout(10);
    expect(await Promise.all(ids.map(loaded))).toEqual([expect.any(User), expect.any(User), expect.any(User)]);
    expect(revoked).toEqual([]);
  });

  it('ends the session of a login that did not finish before a live one', async () => {
    const { logins, login, asOwner, tracker, storage, loaded, clock } = limited({ limit: 2 });
    const [first, second] = await logins(2);
    // The process died before the confirmation.
    storage.let('touch', () => new Promise(() => {}));
    void tracker.store({ value: asOwner(), call });
    await setTimeout(10);
    clock.advance(6000);
    const third = await login();
    expect([await loaded(first), await loaded(second), await loaded(third)]).toEqual([
      'unknown-id',
      expect.any(User),
      expect.any(User),
    ]);
  });

  it('lets nobody in whose limit cannot be kept, and leaves the session from before as it was', async () => {
    const { logins, tracker, storage, live, loaded, revoked } = limited({ limit: 1 });
    const [first] = await logins(1);
    const anonymous = sessionOf(await tracker.store({ value: new User(), call }));
    const login = () =>
      tracker.store({ value: Object.assign(new User(), { userId: 'u1' }), previous: anonymous, call });
    // The second one ends the oldest.
    storage.let('replace', (replace) => replace(), fails);
    await expect(login()).rejects.toThrow('the storage is down');
    expect(await live([first, anonymous.id])).toBe(2);
    storage.owners.let(fails);
    await expect(login()).rejects.toThrow('the storage is down');
    storage.owners.let((list) => list(), fails);
    await expect(login()).rejects.toThrow('the storage is down');
    expect([await loaded(first), await live([anonymous.id])]).toEqual([expect.any(User), 1]);
    expect(await tracker.clearByOwner('u1')).toBe(1);
    expect(revoked).toEqual([]);
  });
});

describe('a session whose new id failed half-way', () => {
  async function halfRotated() {
    const rest = limited({ limit: 1 });
    const id = await rest.login();
    const previous = sessionOf(await rest.tracker.load(id));
    rest.storage.let('replace', isLost);
    const rotation = rest.tracker.store({ value: previous.value, previous, call, rotate: true });
    await expect(rotation).rejects.toThrow('the connection was lost');
    return { ...rest, id };
  }

  it('counts for the limit, since its id from before can be used', async () => {
    const { id, login, loaded } = await halfRotated();
    const next = await login();
    expect([await loaded(id), await loaded(next)]).toEqual(['unknown-id', expect.any(User)]);
  });

  it('is in the list of its owner, under the id from before', async () => {
    const { id, tracker } = await halfRotated();
    const listed = await tracker.listByOwner(tracker.storedOwnerOf('u1'));
    const live = listed.filter(({ session }) => tracker.peek(session));
    expect(live.map(({ id: handle }) => handle)).toEqual([tracker.handleOf(id)]);
  });
});

describe('refuse', () => {
  const refusing = (limit: number) => limited({ limit, beyond: 'refuse' });

  it('refuses a login beyond the limit, before anything is written', async () => {
    const { logins, login, live, storage } = refusing(2);
    const ids = await logins(2);
    storage.calls = [];
    await expect(login()).rejects.toThrow(SessionLimitError);
    expect(storage.calls).toEqual([]);
    expect(await live(ids)).toBe(2);
  });

  it("leaves the visitor's session as it was", async () => {
    const { logins, tracker, elsewhere, loaded } = refusing(1);
    await logins(1);
    const anonymous = idOf(await tracker.store({ value: new User(), call }));
    await expect(elsewhere(anonymous, (user) => (user.userId = 'u1'))).rejects.toThrow(
      'The owner already has 1 sessions "user", the maximum. Sign out elsewhere first.',
    );
    expect(await loaded(anonymous)).toEqual(new User());
  });

  it('lets in again soon after a login whose process died (promise 3)', async () => {
    const { login, asOwner, tracker, storage, loaded, clock } = refusing(1);
    storage.let('touch', () => new Promise(() => {}));
    void tracker.store({ value: asOwner(), call });
    await setTimeout(10);
    clock.advance(6000);
    const next = await login();
    expect(await loaded(next)).toBeInstanceOf(User);
    await expect(login()).rejects.toThrow(SessionLimitError);
  });

  it('lets in again when one has ended', async () => {
    const { logins, login, tracker } = refusing(1);
    const [first] = await logins(1);
    await tracker.clearById(first!);
    await expect(login()).resolves.toBeDefined();
  });

  it('never lets in more than the limit, however parallel they come', async () => {
    const { login, storage, live } = refusing(1);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => login()));
    const admitted = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(admitted.length).toBeLessThanOrEqual(1);
    expect(await live(admitted)).toBe(admitted.length);
    expect(storage.memory.size).toBe(admitted.length);
  });

  it('refuses one that was overtaken between its look and its write, and keeps nothing of it', async () => {
    const { login, storage, live } = refusing(1);
    let first = '';
    storage.let(
      'create',
      isOvertaken(async () => (first = await login())),
    );
    await expect(login()).rejects.toThrow(SessionLimitError);
    expect([await live([first]), storage.memory.size]).toEqual([1, 1]);
  });
});

it('is refused at start over a storage that lists no owners', () => {
  const { storage } = bench();
  const serializer = new SessionSerializerReflection(User);
  const { read, create, replace, write, invalidate } = storage;
  const options = { name: 'user', merge: new SessionMerge('user', serializer, 'mine', []), maxPerOwner: { limit: 1 } };
  const ownerOf = (user: User) => user.userId;
  const make = () =>
    new SessionTrackerById(User, serializer, { read, create, replace, write, invalidate }, { ...options, ownerOf });
  expect(make).toThrow(SessionConfigurationError);
  expect(make).toThrow('Session "user": maxPerOwner needs a storage with an owner index');
});

it('is refused at start where nobody says whose session it is', () => {
  const { storage } = bench();
  const serializer = new SessionSerializerReflection(User);
  const options = { name: 'user', merge: new SessionMerge('user', serializer, 'mine', []), maxPerOwner: { limit: 1 } };
  expect(() => new SessionTrackerById(User, serializer, storage, options)).toThrow('maxPerOwner needs ownerOf');
});
