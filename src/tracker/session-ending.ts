import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { StoredSession } from '../storage/session-storage.js';
import { isRotated, retiredOf, type SessionRecords } from './session-records.js';

/** How often the mark of an end is tried against writes of other requests. The end itself needs no mark. */
const MOST_ATTEMPTS = 16;
/** How often a session may be given a new id within a minute and still be ended by a request with its first one. */
const MOST_ROTATIONS = 16;

type Present = Pick<StoredSession, 'value' | 'version' | 'owner'>;

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
   * Ends the session of an id, and the one that the id was exchanged for: a request that ends a session must not lose to
   * one that rotates it. The mark tells a rotation under way that it came too late. A storage that refuses to write the
   * mark, because it is full for example, may still be able to delete: the end is answered by that alone.
   *
   * In bare mode there is no mark, and only the id itself is ended, unless the storage follows rotations by itself.
   * @param present what is known to be stored; read where it is not.
   */
  async end(storedId: string, present?: Present, rotations = 0): Promise<void> {
    if (this.#bare) return void (await this.#storage.invalidate(storedId));
    const successor = await this.#mark(storedId, present);
    try {
      if (successor !== undefined && rotations < MOST_ROTATIONS) await this.end(successor, undefined, rotations + 1);
    } finally {
      await this.#storage.invalidate(storedId);
    }
  }

  /** @returns the stored name of the id that the session has now, where it was rotated. */
  async #mark(storedId: string, present: Present | undefined): Promise<string | undefined> {
    try {
      return await this.#tryMark(storedId, present);
    } catch {
      // Once more: what is stored may be another record by now.
      return this.#tryMark(storedId, undefined).catch(() => undefined);
    }
  }

  async #tryMark(storedId: string, present: Present | undefined): Promise<string | undefined> {
    let current = present ?? (await this.#storage.read(storedId));
    for (let attempt = 0; current?.version !== undefined && attempt < MOST_ATTEMPTS; attempt++) {
      if (isRotated(current.value)) break;
      const result = await this.#storage.replace(storedId, this.#records.ended(current.owner), current.version);
      current = result.status === 'conflict' ? result.current : undefined;
    }
    return current && isRotated(current.value) ? retiredOf(current.value).successor : undefined;
  }
}
