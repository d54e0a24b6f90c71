import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { StoredSession } from '../storage/session-storage.js';
import { isEnded, isRotated, isUndone, retiredOf, type EndReason, type SessionRecords } from './session-records.js';

/** How often the mark of an end is tried against writes of other requests. The end itself needs no mark. */
const MOST_ATTEMPTS = 16;
/** How often a session may be given a new id within a minute and still be ended by a request with its first one. */
const MOST_ROTATIONS = 16;

type Present = Pick<StoredSession, 'value' | 'version' | 'owner'>;

/** Ends by-id sessions, so that no parallel request restores one. */
export class SessionEnding {
  readonly #storage: ConditionalSessionStorage;
  readonly #records: SessionRecords;
  readonly #bare: boolean;
  readonly #explains: boolean;

  /** @param explains the mark of an ended session stays. */
  constructor(storage: ConditionalSessionStorage, records: SessionRecords, bare: boolean, explains: boolean) {
    this.#storage = storage;
    this.#records = records;
    this.#bare = bare;
    this.#explains = explains;
  }

  /**
   * Ends the session of an id, and the one that the id was exchanged for: a request that ends a session must not lose to
   * one that rotates it. The mark tells a rotation under way that it came too late. A storage that refuses to write the
   * mark, because it is full for example, may still be able to delete: the end is answered by that alone.
   *
   * In bare mode there is no mark, and only the id itself is ended, unless the storage follows rotations by itself.
   * @param present what is known to be stored; read where it is not.
   */
  async end(storedId: string, reason: EndReason, present?: Present): Promise<void> {
    if (this.#bare) await this.#storage.invalidate(storedId);
    else await this.#end(storedId, reason, present, 0);
  }

  /** @returns whether the id was one of a rotation that was undone. */
  async #end(storedId: string, reason: EndReason, present: Present | undefined, rotations: number): Promise<boolean> {
    const { successor, isMarked, wasUndone, failure, refusedOwner } = await this.#mark(storedId, reason, present);
    try {
      if (successor !== undefined && rotations < MOST_ROTATIONS) {
        const countsAgain = await this.#end(successor, reason, undefined, rotations + 1);
        // Another request may have restored the session, and changed its id once more.
        if (countsAgain) return await this.#end(storedId, reason, undefined, rotations + 1);
      }
    } finally {
      if (!isMarked || !this.#explains) await this.#storage.invalidate(storedId);
    }
    if (refusedOwner !== undefined) await this.#endFormerIds(storedId, refusedOwner);
    // Nobody can tell whether the session had another id.
    if (failure) throw failure.error;
    return wasUndone === true;
  }

  async #mark(storedId: string, reason: EndReason, present: Present | undefined): Promise<Marking> {
    try {
      return await this.#tryMark(storedId, reason, present);
    } catch {
      // Once more: what is stored may be another record by now.
      return this.#tryMark(storedId, reason, undefined).catch(() => this.#unmarked(storedId));
    }
  }

  /** Where no mark can be written: whether the session has another id by now. */
  async #unmarked(storedId: string): Promise<Marking> {
    try {
      const { value = '', owner: refusedOwner } = (await this.#storage.read(storedId)) ?? {};
      if (isRotated(value)) return { isMarked: false, successor: retiredOf(value).successor };
      return { isMarked: false, wasUndone: isUndone(value), ...(refusedOwner !== undefined && { refusedOwner }) };
    } catch (error) {
      return { isMarked: false, failure: { error } };
    }
  }

  /**
   * A storage that is full deletes an id without a tombstone. To a request with a former id of the session that would
   * look like a rotation that was not finished, which is undone: so these are deleted as well.
   */
  async #endFormerIds(storedId: string, owner: string): Promise<void> {
    const retired = ((await this.#storage.owners?.list(owner)) ?? []).flatMap(({ id, session: { value } }) =>
      isRotated(value) ? [{ id, successor: retiredOf(value).successor }] : [],
    );
    let ended: readonly string[] = [storedId];
    for (let rotations = 0; ended.length > 0 && rotations < MOST_ROTATIONS; rotations++) {
      ended = retired.flatMap(({ id, successor }) => (ended.includes(successor) ? [id] : []));
      for (const id of ended) await this.#storage.invalidate(id);
    }
  }

  async #tryMark(storedId: string, reason: EndReason, present: Present | undefined): Promise<Marking> {
    let current = present ?? (await this.#storage.read(storedId));
    for (let attempt = 0; current?.version !== undefined && attempt < MOST_ATTEMPTS; attempt++) {
      if (this.#explains && isEnded(current.value)) return { isMarked: true };
      if (isUndone(current.value)) return { isMarked: false, wasUndone: true };
      if (isRotated(current.value)) return { isMarked: false, successor: retiredOf(current.value).successor };
      const result = await this.#storage.replace(storedId, this.#records.ended(reason, current.owner), current.version);
      if (result.status === 'replaced') return { isMarked: true };
      current = result.status === 'conflict' ? result.current : undefined;
    }
    return { isMarked: false };
  }
}

interface Marking {
  /** The mark is written. */
  readonly isMarked: boolean;
  /** The stored name of the id that the session has now, where it was rotated. */
  readonly successor?: string;
  /** The rotation to this id was undone: the old id counts again. */
  readonly wasUndone?: boolean;
  /** The stored owner of a session whose mark was refused. */
  readonly refusedOwner?: string;
  /** Nothing could be read. */
  readonly failure?: { readonly error: unknown };
}
