import { EMPTY_CALL as call } from '../../src/call/session-call.js';
import 'reflect-metadata';
import { SessionSerializerReflection } from '../../src/serializer/session-serializer-reflection.js';
import type { ConditionalSessionStorage } from '../../src/storage/session-storage-guarded.js';
import { SessionTrackerById } from '../../src/tracker/session-tracker-by-id.js';
import { SessionLifetime } from '../../src/tracker/session-lifetime.js';
import { SessionMerge } from '../../src/tracker/session-merge.js';
import type { TrackedSession } from '../../src/tracker/session-tracker.js';

class Visits {
  owner?: string;
  count = 0;
}

/** Tracker calls of requests to a by-id session, without HTTP, on a settable clock. */
export class VisitRequests {
  /** Milliseconds by which the tracker's clock is ahead of the real one. */
  ahead = 0;
  readonly #tracker: SessionTrackerById<Visits>;

  constructor(storage: ConditionalSessionStorage) {
    const serializer = new SessionSerializerReflection(Visits);
    this.#tracker = new SessionTrackerById(Visits, serializer, storage, {
      name: 'visits',
      merge: new SessionMerge<Visits>('visits', serializer, 'mine'),
      lifetime: new SessionLifetime({ idleTimeoutInSeconds: 3600 }),
      ownerOf: (value) => value.owner,
      now: () => Date.now() + this.ahead,
    });
  }

  /** A request that creates a session. @returns its id. */
  async create(owner?: string): Promise<string> {
    const value = new Visits();
    if (owner !== undefined) value.owner = owner;
    const stored = await this.#tracker.store({ value, call });
    if (stored.status !== 'created') throw new Error(stored.status);
    return stored.transportValue;
  }

  /** A request that loads, changes and stores the session. @returns the outcome. */
  async visit(id: string, change: (value: Visits) => void = () => {}): Promise<string> {
    const previous = await this.#load(id);
    change(previous.value);
    return (await this.#tracker.store({ value: previous.value, previous, call })).status;
  }

  async #load(id: string): Promise<TrackedSession<Visits>> {
    const loaded = await this.#tracker.load(id);
    if (loaded.status !== 'loaded') throw new Error(loaded.reason);
    return loaded.session;
  }
}
