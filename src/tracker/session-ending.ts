import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { StoredSession } from '../storage/session-storage.js';
import { isEnded, isRotated, isUndone, retiredOf, type EndReason, type SessionRecords } from './session-records.js';

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
  /** The tombstone is written. */
  readonly isMarked: boolean;
  /** The `storedId` of the present id, if it was rotated. */
  readonly successor?: string;
  /** The rotation to this id was undone: the old id counts again. */
  readonly wasUndone?: boolean;
  /** The stored owner of a session whose mark was refused. */
  readonly refusedOwner?: string;
  /** Nothing could be read. */
  readonly failure?: { readonly error: unknown };
}
