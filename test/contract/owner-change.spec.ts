import { EMPTY_CALL as call } from '../../src/call/session-call.js';
import { jest } from '@jest/globals';
import { ApplicationFailure } from '../../src/errors/application-failure.js';
import { SessionSerializerReflection } from '../../src/serializer/session-serializer-reflection.js';
import { SessionMerge } from '../../src/tracker/session-merge.js';
import { SessionTrackerById } from '../../src/tracker/session-tracker-by-id.js';
import type { LoadResult, SessionToTrack, StoreResult, TrackedSession } from '../../src/tracker/session-tracker.js';
import { storageOpeners, type OpenedStorage } from '../support/storages.js';

// Busy machines are slow.
jest.setTimeout(30_000);

class User {
  userId?: string;
  cart = '';
}
const HOUR = 3_600_000;

describe.each(Object.entries(storageOpeners))('a change of owner, in %s', (_, open) => {
  let opened: OpenedStorage;
  let owners = 0;
  let ahead = 0;
  let owner: string;
  let tracker: SessionTrackerById<User>;
  const serializer = new SessionSerializerReflection(User);

  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());
  beforeEach(() => {
    owner = `u${owners++}`;
    ahead = 0;
    tracker = new SessionTrackerById(User, serializer, opened.storage, {
      name: 'user',
      merge: new SessionMerge('user', serializer, 'mine', []),
      ownerOf: ({ userId }) => userId,
      now: () => Date.now() + ahead,
    });
  });

  const sessionOf = (result: LoadResult<User> | StoreResult<User>): TrackedSession<User> => {
    if ('session' in result) return result.session;
    throw new Error(`There is no session: ${JSON.stringify(result)}`);
  };
  const stored = async (fields: Partial<User>, more: Partial<SessionToTrack<User>> = {}) =>
    sessionOf(await tracker.store({ value: Object.assign(new User(), fields), call, ...more }));
  const loaded = async ({ id }: TrackedSession<User>) => sessionOf(await tracker.load(id!));
  const listed = async (of: string) => {
    const all = await opened.storage.owners!.list(tracker.storedOwnerOf(of));
    return all.filter(({ session }) => tracker.peek(session)).length;
  };
  const actingFor = async (previous: TrackedSession<User>, other: string) => {
    const since = Date.now();
    const acting = { owner, since, until: since + HOUR, reason: 'test' };
    return stored({ userId: other, cart: 'other' }, { previous, rotate: true, acting });
  };

  it('merges the session of a visitor, and stores the result of the application', async () => {
    const visitor = await stored({ cart: 'pear' });
    const { value } = visitor;
    const onOwner = async (before: string | undefined) => {
      value.cart = `${serializer.deserialize(before!).cart}, fig`;
      return serializer.serialize(value);
    };
    value.userId = owner;
    const user = sessionOf(await tracker.store({ value, previous: visitor, call, onOwner }));
    expect(Object.assign({}, (await loaded(user)).value)).toEqual({ userId: owner, cart: 'pear, fig' });
    // It has its whole life.
    ahead = HOUR;
    expect((await loaded(user)).owner).toBe(owner);
    expect(await listed(owner)).toBe(1);
  });

  it('stores nothing of a login that the application rejected, and keeps the earlier session', async () => {
    const visitor = await stored({ cart: 'pear' });
    const onOwner = () => Promise.reject(new ApplicationFailure(new Error('no')));
    const value = Object.assign(new User(), { userId: owner });
    await expect(tracker.store({ value, previous: visitor, call, onOwner })).rejects.toThrow(ApplicationFailure);
    await expect(tracker.store({ value, call, onOwner })).rejects.toThrow(ApplicationFailure);
    expect(Object.assign({}, (await loaded(visitor)).value)).toEqual({ cart: 'pear' });
    expect(await listed(owner)).toBe(0);
  });

  it("lists a session in which somebody acts among the actor's, and gives it back", async () => {
    const own = await stored({ userId: owner, cart: 'pear' });
    const other = `${owner} other`;
    const acting = await loaded(await actingFor(own, other));
    expect([acting.owner, acting.createdAt]).toEqual([other, own.createdAt]);
    expect([await listed(owner), await listed(other)]).toEqual([1, 0]);
    const value = tracker.read(acting.details!.actor!.text);
    const back = sessionOf(await tracker.store({ value, previous: acting, call, rotate: true, acting: 'ends' }));
    const { details, createdAt, text } = await loaded(back);
    expect({ details, createdAt, text }).toEqual({ details: undefined, createdAt: own.createdAt, text: own.text });
    expect([await listed(owner), await listed(other)]).toEqual([1, 0]);
  });

  it('gives it back when the time is over, and ends it with those of the actor', async () => {
    const acting = await actingFor(await stored({ userId: owner, cart: 'pear' }), 'another');
    ahead = HOUR;
    expect(Object.assign({}, (await loaded(acting)).value)).toEqual({ userId: owner, cart: 'pear' });
    ahead = 0;
    expect(await tracker.clearByOwner('another')).toBe(0);
    expect(await tracker.clearByOwner(owner)).toBe(1);
    expect((await tracker.load(acting.id!)).status).toBe('rejected');
  });

  it('never joins what was changed for another with the session of the actor', async () => {
    const own = await stored({ userId: owner, cart: 'pear' });
    const acting = await actingFor(own, 'another');
    const [late, later] = [await loaded(acting), await loaded(acting)];
    ahead = HOUR;
    const back = await loaded(acting);
    back.value.cart = 'fig';
    await tracker.store({ value: back.value, previous: back, call });
    late.value.cart = 'of another';
    expect(await tracker.store({ value: late.value, previous: late, call })).toEqual({
      status: 'gone',
      reason: 'rotated',
    });
    const began = { owner, since: 1, until: 2, reason: 'x' };
    const again = tracker.store({ value: later.value, previous: later, call, rotate: true, acting: began });
    expect(await again).toEqual({ status: 'gone', reason: 'rotated' });
    expect(Object.assign({}, (await loaded(acting)).value)).toEqual({ userId: owner, cart: 'fig' });
  });

  it('takes what another request has changed in the session of the actor meanwhile', async () => {
    const own = await stored({ userId: owner, cart: 'pear' });
    const other = await loaded(own);
    other.value.cart = 'fig';
    await tracker.store({ value: other.value, previous: other, call });
    const acting = await loaded(await actingFor(own, 'another'));
    expect(Object.assign({}, acting.value)).toEqual({ userId: 'another', cart: 'other' });
    expect(Object.assign({}, tracker.read(acting.details!.actor!.text))).toEqual({ userId: owner, cart: 'fig' });
  });
});
