import { EMPTY_CALL } from '../../../src/call/session-call.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { SessionLifetime } from '../../../src/tracker/session-lifetime.js';
import { SessionMerge, type OnClash } from '../../../src/tracker/session-merge.js';
import { SessionTrackerById, type SessionTrackerByIdOptions } from '../../../src/tracker/session-tracker-by-id.js';
import type { LoadResult, StoreResult, TrackedSession } from '../../../src/tracker/session-tracker.js';
import { ScriptedStorage } from './scripted-storage.js';

export class User {
  userId?: string;
  visits = 0;
  [field: string]: unknown;
}

export const START = 1_700_000_000_000;
export const call = EMPTY_CALL;

export interface BenchOptions extends Partial<SessionTrackerByIdOptions<User>> {
  readonly onClash?: OnClash<User>;
  readonly counters?: readonly string[];
  readonly touch?: boolean;
}

/** A by-id tracker over a storage with injected faults and a fixed clock. */
export function bench(options: BenchOptions = {}) {
  const clock = new FakeClock(START);
  const storage = new ScriptedStorage(clock.now, options.touch === undefined ? {} : { touch: options.touch });
  const tracker = trackerOver(storage, clock.now, options);
  const other = trackerOver(storage, clock.now, options);
  return {
    clock,
    storage,
    tracker,
    /** A session that is stored, as a request loads it. */
    async stored(fields: Partial<User> = {}): Promise<TrackedSession<User>> {
      const result = await tracker.store({ value: Object.assign(new User(), fields), call });
      storage.calls = [];
      return sessionOf(await tracker.load(idOf(result)));
    },
    /** What a new request with this id gets. */
    async loaded(id: string | undefined): Promise<User | string> {
      const result = await tracker.load(id!);
      return result.status === 'loaded' ? result.session.value : result.reason;
    },
    /** Another process changes the session that this one holds. */
    async elsewhere(id: string | undefined, change: (value: User) => void, rotate = false) {
      const session = sessionOf(await other.load(id!));
      change(session.value);
      return other.store({ value: session.value, previous: session, call, rotate });
    },
    /** How many sessions live in the storage, marks aside. */
    async live(ids: ReadonlyArray<string | undefined>): Promise<number> {
      const results = await Promise.all(ids.map((id) => tracker.load(id!)));
      return results.filter(({ status }) => status === 'loaded').length;
    },
  };
}

export function trackerOver(
  storage: ScriptedStorage,
  now: () => number,
  { onClash = 'mine', counters = [], ...options }: BenchOptions = {},
): SessionTrackerById<User> {
  const serializer = new SessionSerializerReflection(User);
  return new SessionTrackerById(User, serializer, storage, {
    name: 'user',
    lifetime: new SessionLifetime(),
    merge: new SessionMerge('user', serializer, onClash, counters),
    ownerOf: (value) => value.userId,
    now,
    pause: () => undefined,
    ...options,
  });
}

export function sessionOf(result: LoadResult<User> | StoreResult<User>): TrackedSession<User> {
  if (!('session' in result)) throw new Error(`There is no session: ${JSON.stringify(result)}`);
  return result.session;
}

export function idOf(result: StoreResult<User>): string {
  if (!('transportValue' in result)) throw new Error(`Nothing is to be sent: ${result.status}`);
  return result.transportValue;
}
