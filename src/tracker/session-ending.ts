import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { StoredSession } from '../storage/session-storage.js';
import {
  isEnded,
  isRotated,
  isUndone,
  retiredOf,
  successorOf,
  type EndReason,
  type SessionRecords,
} from './session-records.js';

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

  /** @returns whether the rotation to this id was undone. */
  async #end(storedId: string, reason: EndReason, present: Present | undefined, rotations: number): Promise<boolean> {
    const { successor, isMarked, wasUndone, failure, refusedOwner } = await this.#mark(storedId, reason, present);
    try {
      if (successor !== undefined && rotations < MOST_ROTATIONS) {
        const isRestored = await this.#end(successor, reason, undefined, rotations + 1);
        // Another request may have restored the session and rotated it again.
        if (isRestored) return await this.#end(storedId, reason, undefined, rotations + 1);
      }
    } finally {
      if (!isMarked || !this.#explains) await this.#storage.invalidate(storedId);
    }
    if (refusedOwner !== undefined) await this.#endFormerIds(storedId, refusedOwner);
    // The session may have another id.
    if (failure) throw failure.error;
    return wasUndone === true;
  }

  async #mark(storedId: string, reason: EndReason, present: Present | undefined): Promise<Marking> {
    try {
      return await this.#tryMark(storedId, reason, present);
    } catch {
      // Again: another record may be stored now.
      return this.#tryMark(storedId, reason, undefined).catch(() => this.#unmarked(storedId));
    }
  }

  /** Without a tombstone: checks whether the session has another id. */
  async #unmarked(storedId: string): Promise<Marking> {
    try {
      const { value = '', owner: refusedOwner } = (await this.#storage.read(storedId)) ?? {};
      const successor = successorOf(value);
      if (successor !== undefined) return { isMarked: false, successor };
      return { isMarked: false, wasUndone: isUndone(value), ...(refusedOwner !== undefined && { refusedOwner }) };
    } catch (error) {
      return { isMarked: false, failure: { error } };
    }
  }

  /**
   * A full storage deletes an id without a tombstone. A request with a former id would take that for an unfinished
   * rotation and restore the session, so former ids are deleted as well.
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
      const successor = successorOf(current.value);
      if (successor !== undefined) return { isMarked: false, successor };
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
  /** The rotation to this id was undone: the old id is valid again. */
  readonly wasUndone?: boolean;
  /** The stored owner, if the storage refused the tombstone. */
  readonly refusedOwner?: string;
  /** The record could not be read. */
  readonly failure?: { readonly error: unknown };
}
