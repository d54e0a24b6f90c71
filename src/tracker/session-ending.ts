import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { StoredSession } from '../storage/session-storage.js';
import { isRotated, successorOf, type SessionRecords } from './session-records.js';

/** Whoever ends a session wins in the end, however often it is written meanwhile. */
const MOST_ATTEMPTS = 256;
/** How often a session may be given a new id within a minute and still be ended by a request with its first one. */
const MOST_ROTATIONS = 16;

/** Ends by-id sessions, so that no request under way brings one back. */
export class SessionEnding {
  readonly #storage: ConditionalSessionStorage;
  readonly #records: SessionRecords;
  readonly #bare: boolean;

  constructor(storage: ConditionalSessionStorage, records: SessionRecords, bare: boolean) {
    this.#storage = storage;
    this.#records = records;
    this.#bare = bare;
  }

  /**
   * Ends what is stored under an id, or under the one that it was exchanged for meanwhile: a request that ends a session
   * must not lose to one that rotates it. The mark in between tells a rotation under way that it came too late. In bare
   * mode, where others read the storage too, there is none, and only what stands under the id is ended, unless the storage
   * follows rotations itself.
   * @param present what is known to be stored; read where it is not.
   */
  async end(
    storedId: string,
    present?: Pick<StoredSession, 'value' | 'version' | 'owner'>,
    rotations = 0,
  ): Promise<void> {
    if (this.#bare) return void (await this.#storage.invalidate(storedId));
    let current = present ?? (await this.#storage.read(storedId));
    for (let attempt = 0; current?.version !== undefined && attempt < MOST_ATTEMPTS; attempt++) {
      if (isRotated(current.value)) break;
      const result = await this.#storage.replace(storedId, this.#records.ended(current.owner), current.version);
      current = result.status === 'conflict' ? result.current : undefined;
    }
    if (current && isRotated(current.value) && rotations < MOST_ROTATIONS) {
      await this.end(successorOf(current.value), undefined, rotations + 1);
    }
    await this.#storage.invalidate(storedId);
  }
}
