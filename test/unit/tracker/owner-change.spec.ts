import { ApplicationFailure } from '../../../src/errors/application-failure.js';
import { SessionStorageUnavailableError } from '../../../src/errors/session.errors.js';
import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import type { SessionStorage } from '../../../src/storage/session-storage.js';
import { isConditional } from '../../../src/storage/session-storage-guarded.js';
import { exploreInterleavings } from '../../../src/testing/interleavings/explore-interleavings.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { SessionMerge } from '../../../src/tracker/session-merge.js';
import { SessionTrackerById } from '../../../src/tracker/session-tracker-by-id.js';
import type { StoreResult } from '../../../src/tracker/session-tracker.js';
import { call, idOf, sessionOf, User } from './tracker-bench.js';

const serializer = new SessionSerializerReflection(User);

function trackerOver(storage: SessionStorage, now: () => number = Date.now): SessionTrackerById<User> {
  if (!isConditional(storage)) throw new Error('the tracker needs replace');
  return new SessionTrackerById(User, serializer, storage, {
    name: 'user',
    merge: new SessionMerge('user', serializer, 'mine', ['visits']),
    ownerOf: ({ userId }) => userId,
    now,
    pause: () => undefined,
  });
}

interface Context {
  readonly id: string;
  /** What each call of the hook was given. */
  readonly given: Array<string | undefined>;
}

async function prepare(storage: SessionStorage): Promise<Context> {
  const result = await trackerOver(storage).store({ value: Object.assign(new User(), { visits: 1 }), call });
  return { id: idOf(result), given: [] };
}

/** A login in a process of its own. */
function login(refuses = false) {
  return async (storage: SessionStorage, { id, given }: Context): Promise<StoreResult<User> | undefined> => {
    const tracker = trackerOver(storage);
    const loaded = await tracker.load(id);
    if (loaded.status !== 'loaded') return undefined;
    const { session } = loaded;
    session.value.userId = 'ann';
    const onOwner = async (before: string | undefined): Promise<string> => {
      given.push(before);
      if (refuses) throw new ApplicationFailure(new Error('no'));
      session.value['joined'] = before;
      return serializer.serialize(session.value);
    };
    return tracker.store({ value: session.value, previous: session, call, rotate: true, restart: true, onOwner });
  };
}

async function change(storage: SessionStorage, { id }: Context): Promise<StoreResult<User> | undefined> {
  const tracker = trackerOver(storage);
  const loaded = await tracker.load(id);
  if (loaded.status !== 'loaded') return undefined;
  loaded.session.value.visits++;
  return tracker.store({ value: loaded.session.value, previous: loaded.session, call });
}

const open = () => ({ storage: new SessionStorageMemory() });
const settled = (results: ReadonlyArray<PromiseSettledResult<StoreResult<User> | undefined>>) =>
  results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value?.status ?? 'not loaded';
  });

describe("the application's part in a login", () => {
  it("is given a visitor's session once, in every order of two logins", async () => {
    const { orders } = await exploreInterleavings({
      open,
      prepare,
      requests: [login(), login()],
      check: async ({ results, context, storage }) => {
        const statuses = settled(results).sort();
        expect(statuses).toEqual([expect.stringMatching(/gone|not loaded/), 'rotated']);
        expect(context.given).toHaveLength(1);
        const winner = results.find((one) => one.status === 'fulfilled' && one.value?.status === 'rotated');
        const { transportValue } = (winner as PromiseFulfilledResult<{ transportValue: string }>).value;
        const { value } = sessionOf(await trackerOver(storage).load(transportValue));
        expect(value).toMatchObject({ userId: 'ann', joined: context.given[0] });
      },
    });
    expect(orders).toBeGreaterThan(20);
  });

  it('is given what the record held when it was taken, in every order of a login and a change', async () => {
    const { orders } = await exploreInterleavings({
      open,
      prepare,
      requests: [login(), change],
      check: ({ results, context }) => {
        const changed = settled(results)[1] === 'changed';
        expect(context.given).toHaveLength(1);
        expect(JSON.parse(context.given[0]!)).toMatchObject({ visits: changed ? 2 : 1 });
      },
    });
    expect(orders).toBeGreaterThan(10);
  });

  it('leaves what was there before, in every order of a refused login and a change', async () => {
    await exploreInterleavings({
      open,
      prepare,
      requests: [login(true), change],
      check: async ({ results, context, storage }) => {
        expect(results[0]!.status).toBe('rejected');
        const [, second] = results;
        const changed = second?.status === 'fulfilled' && second.value?.status === 'changed';
        const { value } = sessionOf(await trackerOver(storage).load(context.id));
        expect(Object.assign({}, value)).toEqual({ visits: changed ? 2 : 1 });
      },
    });
  });

  it('fails the login when it takes 20 seconds', async () => {
    const clock = new FakeClock();
    const storage = new SessionStorageMemory({ now: clock.now });
    const tracker = trackerOver(storage, clock.now);
    const session = sessionOf(await tracker.store({ value: new User(), call }));
    session.value.userId = 'ann';
    const onOwner = async (): Promise<string> => {
      clock.advance(20_000);
      return serializer.serialize(session.value);
    };
    const storing = tracker.store({ value: session.value, previous: session, call, onOwner });
    await expect(storing).rejects.toThrow(SessionStorageUnavailableError);
    await new Promise(setImmediate);
    expect(Object.assign({}, sessionOf(await tracker.load(session.id!)).value)).toEqual({ visits: 0 });
    const creating = tracker.store({ value: session.value, call, onOwner });
    await expect(creating).rejects.toThrow(SessionStorageUnavailableError);
  });
});
