import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { StoredSession } from '../storage/session-storage.js';
import { isEnded, isRotated, retiredOf, type EndReason, type SessionRecords } from './session-records.js';

/** Attempts to write a tombstone against other writers. */
const MOST_ATTEMPTS = 16;
/** Maximum rotations within a minute that ending by the first id follows. */
const MOST_ROTATIONS = 16;

type Present = Pick<StoredSession, 'value' | 'version' | 'owner'>;

/** Ends by-id sessions so that no parallel request restores them. */
export class SessionEnding {
  readonly #storage: ConditionalSessionStorage;
  readonly #records: SessionRecords;
  readonly #bare: boolean;
  readonly #explains: boolean;

  /** @param explains keeps the tombstone. */
  constructor(storage: ConditionalSessionStorage, records: SessionRecords, bare: boolean, explains: boolean) {
    this.#storage = storage;
    this.#records = records;
    this.#bare = bare;
    this.#explains = explains;
  }

  /**
   * Ends the session of an id, and the one that it was rotated to: an end must not lose against a rotation. The
   * tombstone stops a parallel rotation. A storage that cannot write it, because it is full for example, may still
   * delete, which is enough.
   *
   * In bare mode there is no tombstone, and only the id itself is ended, unless the storage follows rotations.
   * @param present the record, if known; read otherwise.
   */
  async end(storedId: string, reason: EndReason, present?: Present, rotations = 0): Promise<void> {
    if (this.#bare) return void (await this.#storage.invalidate(storedId));
    const { successor, isMarked } = await this.#mark(storedId, reason, present);
    try {
      if (successor !== undefined && rotations < MOST_ROTATIONS) {
        await this.end(successor, reason, undefined, rotations + 1);
      }
    } finally {
      if (!isMarked || !this.#explains) await this.#storage.invalidate(storedId);
    }
  }

  async #mark(storedId: string, reason: EndReason, present: Present | undefined): Promise<Marking> {
    try {
      return await this.#tryMark(storedId, reason, present);
    } catch {
      // Again: another record may be stored now.
      return this.#tryMark(storedId, reason, undefined).catch(() => ({ isMarked: false }));
    }
  }

  async #tryMark(storedId: string, reason: EndReason, present: Present | undefined): Promise<Marking> {
    let current = present ?? (await this.#storage.read(storedId));
    for (let attempt = 0; current?.version !== undefined && attempt < MOST_ATTEMPTS; attempt++) {
      if (this.#explains && isEnded(current.value)) return { isMarked: true };
      if (isRotated(current.value)) return { isMarked: false, successor: retiredOf(current.value).successor };
      const result = await this.#storage.replace(storedId, this.#records.ended(reason, current.owner), current.version);
      if (result.status === 'replaced') return { isMarked: true };
      current = result.status === 'conflict' ? result.current : undefined;
    }
    return { isMarked: false };
  }
}

interface Marking {
  /** The tombstone is written. */
  readonly isMarked: boolean;
  /** The `storedId` of the present id, if it was rotated. */
  readonly successor?: string;
}
