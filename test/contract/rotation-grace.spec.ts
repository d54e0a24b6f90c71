import { EMPTY_CALL as call } from '../../src/call/session-call.js';
import { jest } from '@jest/globals';
import { SessionSerializerReflection } from '../../src/serializer/session-serializer-reflection.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { hashSessionId } from '../../src/tracker/session-id-provider.js';
import { SessionMerge } from '../../src/tracker/session-merge.js';
import { SessionTrackerById, type SessionTrackerByIdOptions } from '../../src/tracker/session-tracker-by-id.js';
import type { TrackedSession } from '../../src/tracker/session-tracker.js';
import { storageOpeners, type OpenedStorage } from '../support/storages.js';

// Busy machines are slow.
jest.setTimeout(30_000);

class User {
  userId?: string;
  cart = '';
  note = '';
}
type Rotation = NonNullable<SessionTrackerByIdOptions<User>['rotation']>;

describe.each(Object.entries(storageOpeners))('the grace period of a rotated id, in %s', (_, open) => {
  let opened: OpenedStorage;
  let users = 0;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  /** A session that was rotated `age` seconds ago by the clock of its tracker. */
  async function rotated(age: number, options: Partial<Rotation> = {}, next: Partial<User> = {}) {
    const clock = new FakeClock(Date.now());
    const serializer = new SessionSerializerReflection(User);
    const rotation: Rotation = { graceInSeconds: 10, rotateEveryInSeconds: 0, onReplay: 'ignore', ...options };
    const tracker = new SessionTrackerById(User, serializer, opened.storage, {
      name: 'user',
      merge: new SessionMerge('user', serializer, 'mine', []),
      ownerOf: (user) => user.userId,
      now: clock.now,
      rotation,
    });
    const userId = `u${users++}`;
    const created = await tracker.store({ value: Object.assign(new User(), { userId }), call });
    const previous = 'session' in created ? created.session : undefined;
    const value = Object.assign(previous!.value, next);
    const result = await tracker.store({ value, previous, call, rotate: true });
    clock.advance(age * 1000);
    const load = async (id: string): Promise<TrackedSession<User> | string> => {
      const loaded = await tracker.load(id);
      if (loaded.status === 'loaded') return loaded.session;
      const { replayed } = loaded;
      return replayed
        ? `${loaded.reason}, ${replayed.revoked ? 'revoked' : 'replayed'} ${replayed.handle}`
        : loaded.reason;
    };
    const sessionOf = async (id: string): Promise<TrackedSession<User>> => {
      const session = await load(id);
      if (typeof session === 'string') throw new Error(session);
      return session;
    };
    const newId = 'session' in result ? result.session.id! : '';
    return { tracker, clock, load, sessionOf, userId, oldId: previous!.id!, newId };
  }

  it('returns the session to ten requests with the old id, and stores the changes of each', async () => {
    const { tracker, sessionOf, userId, oldId, newId } = await rotated(9);
    const sessions = await Promise.all(Array.from({ length: 10 }, () => sessionOf(oldId)));
    expect(sessions.map(({ value }) => value.userId)).toEqual(Array.from({ length: 10 }, () => userId));
    const [first, second] = sessions;
    first!.value.cart = 'full';
    second!.value.note = 'seen';
    const stored = await Promise.all(
      [first!, second!].map((previous) => tracker.store({ value: previous.value, previous, call })),
    );
    expect(stored.map(({ status }) => status)).toEqual(['changed', 'changed']);
    expect((await sessionOf(newId)).value).toEqual({ userId, cart: 'full', note: 'seen' });
  });

  it('applies a change in progress to the new id', async () => {
    const { tracker, sessionOf, newId } = await rotated(0);
    const [mine, theirs] = [await sessionOf(newId), await sessionOf(newId)];
    const again = await tracker.store({ value: theirs.value, previous: theirs, call, rotate: true });
    mine.value.cart = 'full';
    expect(await tracker.store({ value: mine.value, previous: mine, call })).toMatchObject({ status: 'changed' });
    const present = 'session' in again ? await sessionOf(again.session.id!) : undefined;
    expect(present!.value.cart).toBe('full');
  });

  it('ends after its time, and reports the replay of the id', async () => {
    const { load, sessionOf, oldId, newId } = await rotated(10);
    expect(await load(oldId)).toBe(`rotated, replayed ${hashSessionId(newId)}`);
    expect((await sessionOf(newId)).owner).toBeDefined();
  });

  it("ends the session when the id comes back, with onReplay: 'revoke'", async () => {
    const { load, oldId, newId } = await rotated(3600, { onReplay: 'revoke' });
    expect(await load(oldId)).toBe(`rotated, revoked ${hashSessionId(newId)}`);
    expect(await load(newId)).toBe('unknown-id');
    expect(await load(oldId)).toBe('rotated, replayed undefined');
  });

  it("ends nothing of the next owner with onReplay: 'revoke', though the id of the former comes back", async () => {
    const { tracker, clock, sessionOf, load, oldId, newId } = await rotated(1, { onReplay: 'revoke' });
    const previous = await sessionOf(newId);
    previous.value.userId = 'next owner';
    const login = await tracker.store({ value: previous.value, previous, call, rotate: true, restart: true });
    clock.advance(120_000);
    expect(await load(oldId)).toBe('rotated, replayed undefined');
    expect(await load(newId)).toMatch(/^(rotated|unknown-id)$/);
    expect('session' in login && (await sessionOf(login.session.id!)).owner).toBe('next owner');
  });

  it("ends nothing with onReplay: 'revoke' for a connection that was opened with the old id", async () => {
    const { tracker, sessionOf, oldId, newId } = await rotated(60, { onReplay: 'revoke' });
    const ofSocket = { ...call, hasResponse: false };
    expect(await tracker.load(oldId, ofSocket)).toMatchObject({ status: 'rejected', replayed: { revoked: false } });
    const session = await sessionOf(newId);
    expect(await tracker.reload({ ...session, id: oldId })).toMatchObject({ replayed: { revoked: false } });
    expect((await sessionOf(newId)).owner).toBeDefined();
  });

  it('follows two rotations', async () => {
    const { tracker, sessionOf, oldId, newId } = await rotated(1);
    const previous = await sessionOf(newId);
    await tracker.store({ value: previous.value, previous, call, rotate: true });
    expect((await sessionOf(oldId)).owner).toBe(previous.owner);
  });

  it('returns no session after a change of owner or a second login of the same owner', async () => {
    const other = await rotated(0, {}, { userId: `other${users}` });
    expect(await other.load(other.oldId)).toBe('rotated');
    const { tracker, sessionOf, load, newId } = await rotated(0);
    const previous = await sessionOf(newId);
    await tracker.store({ value: previous.value, previous, call, rotate: true, restart: true });
    expect(await load(newId)).toBe('rotated');
  });

  it('shows the authentication of before the rotation, and keeps that of after', async () => {
    const { tracker, clock, sessionOf, newId } = await rotated(0);
    const previous = await sessionOf(newId);
    clock.advance(1000);
    const details = { authenticatedAt: clock.now(), methods: { otp: clock.now() } };
    const stepped = await tracker.store({ value: previous.value, previous, call, rotate: true, details });
    const before = await sessionOf(newId);
    expect(before.details).toMatchObject({ authenticatedAt: previous.createdAt });
    expect(before.details!.methods).toBeUndefined();
    before.value.cart = 'full';
    const changed = await tracker.store({ value: before.value, previous: before, call });
    expect(changed).toMatchObject({ session: { details: { authenticatedAt: previous.createdAt } } });
    const present = 'session' in stepped ? await sessionOf(stepped.session.id!) : undefined;
    expect(present).toMatchObject({ value: { cart: 'full' }, details });
  });

  it('ends with the session: a logout with the old id ends it, and one with the new id ends the old one too', async () => {
    const first = await rotated(1);
    await first.tracker.clear(await first.sessionOf(first.oldId));
    expect(await first.load(first.newId)).toBe('unknown-id');
    const second = await rotated(1);
    await second.tracker.clear(await second.sessionOf(second.newId));
    expect(await second.load(second.oldId)).toBe('rotated');
  });

  it('rejects a login by the old id', async () => {
    const { tracker, sessionOf, oldId, newId } = await rotated(1);
    const previous = await sessionOf(oldId);
    const details = { authenticatedAt: 1 };
    for (const login of [
      { restart: true, rotate: true },
      { details, rotate: true },
    ]) {
      const result = await tracker.store({ value: previous.value, previous, call, ...login });
      expect(result).toEqual({ status: 'gone', reason: 'rotated' });
    }
    const value = Object.assign(new User(), { userId: 'somebody else' });
    expect(await tracker.store({ value, previous, call })).toEqual({ status: 'gone', reason: 'rotated' });
    expect((await sessionOf(newId)).owner).not.toBe('somebody else');
  });

  it('keeps the other session of two by the old id, when an owner ends all but the present one', async () => {
    const { tracker, sessionOf, load, userId, oldId, newId } = await rotated(1);
    const other = await tracker.store({ value: Object.assign(new User(), { userId }), call });
    expect(await tracker.clearByOwner(userId, oldId)).toBe(1);
    expect((await sessionOf(newId)).owner).toBe(userId);
    expect('session' in other && (await load(other.session.id!))).toBe('unknown-id');
  });
});
