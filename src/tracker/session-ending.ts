import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { StoredSession } from '../storage/session-storage.js';
import type { ByIdParts } from './by-id-parts.js';
import {
  isEnded,
  isRotated,
  isUndone,
  rotatedRecordOf,
  successorOf,
  type EndReason,
  type SessionRecords,
} from './session-records.js';

const MAX_ATTEMPTS = 16;
const MAX_ROTATIONS = 16;

type KnownRecord = Pick<StoredSession, 'value' | 'version' | 'owner'>;

/** Ends by-id sessions so that no parallel request restores them. */
export class SessionEnding {
  readonly #storage: ConditionalSessionStorage;
  readonly #records: SessionRecords;
  readonly #bare: boolean;
  readonly #explains: boolean;

  /** @param explains keeps the tombstone. */
  constructor({ storage, records, bare }: Pick<ByIdParts<object>, 'storage' | 'records' | 'bare'>, explains: boolean) {
    this.#storage = storage;
    this.#records = records;
    this.#bare = bare;
    this.#explains = explains;
  }

  /**
   * Ends the session of an id, also if rotated. The tombstone stops a parallel rotation.
   * @param present the record, if known.
   */
  async end(storedId: string, reason: EndReason, present?: KnownRecord): Promise<void> {
    if (this.#bare) await this.#storage.invalidate(storedId);
    else await this.#end(storedId, reason, present, 0);
  }

  /** @returns whether the rotation to this id was undone. */
  async #end(
    storedId: string,
    reason: EndReason,
    present: KnownRecord | undefined,
    rotations: number,
  ): Promise<boolean> {
    const { successor, hasTombstone, wasUndone, failure, refusedOwner } = await this.#writeTombstone(
      storedId,
      reason,
      present,
    );
    try {
      if (successor !== undefined && rotations < MAX_ROTATIONS) {
        const isRestored = await this.#end(successor, reason, undefined, rotations + 1);
        if (isRestored) return await this.#end(storedId, reason, undefined, rotations + 1);
      }
    } finally {
      if (!hasTombstone || !this.#explains) await this.#storage.invalidate(storedId);
    }
    if (refusedOwner !== undefined) await this.#endFormerIds(storedId, refusedOwner);
    if (failure) throw failure.error;
    return wasUndone === true;
  }

  async #writeTombstone(
    storedId: string,
    reason: EndReason,
    present: KnownRecord | undefined,
  ): Promise<TombstoneResult> {
    try {
      return await this.#tryWriteTombstone(storedId, reason, present);
    } catch {
      return this.#tryWriteTombstone(storedId, reason, undefined).catch(() => this.#withoutTombstone(storedId));
    }
  }

  async #withoutTombstone(storedId: string): Promise<TombstoneResult> {
    try {
      const { value = '', owner: refusedOwner } = (await this.#storage.read(storedId)) ?? {};
      const successor = successorOf(value);
      if (successor !== undefined) return { hasTombstone: false, successor };
      return { hasTombstone: false, wasUndone: isUndone(value), ...(refusedOwner !== undefined && { refusedOwner }) };
    } catch (error) {
      return { hasTombstone: false, failure: { error } };
    }
  }

  /**
   * A full storage deletes an id without a tombstone, which looks like an unfinished rotation: a request with a former
   * id would restore the session.
   */
  async #endFormerIds(storedId: string, owner: string): Promise<void> {
    const rotated = ((await this.#storage.owners?.list(owner)) ?? []).flatMap(({ id, session: { value } }) =>
      isRotated(value) ? [{ id, successor: rotatedRecordOf(value).successor }] : [],
    );
    let ended: readonly string[] = [storedId];
    for (let rotations = 0; ended.length > 0 && rotations < MAX_ROTATIONS; rotations++) {
      ended = rotated.flatMap(({ id, successor }) => (ended.includes(successor) ? [id] : []));
      for (const id of ended) await this.#storage.invalidate(id);
    }
  }

  async #tryWriteTombstone(
    storedId: string,
    reason: EndReason,
    present: KnownRecord | undefined,
  ): Promise<TombstoneResult> {
    let current = present ?? (await this.#storage.read(storedId));
    for (let attempt = 0; current?.version !== undefined && attempt < MAX_ATTEMPTS; attempt++) {
      if (this.#explains && isEnded(current.value)) return { hasTombstone: true };
      if (isUndone(current.value)) return { hasTombstone: false, wasUndone: true };
      const successor = successorOf(current.value);
      if (successor !== undefined) return { hasTombstone: false, successor };
      const result = await this.#storage.replace(storedId, this.#records.ended(reason, current.owner), current.version);
      if (result.status === 'replaced') return { hasTombstone: true };
      current = result.status === 'conflict' ? result.current : undefined;
    }
    return { hasTombstone: false };
  }
}

interface TombstoneResult {
  readonly hasTombstone: boolean;
  readonly successor?: string;
  readonly wasUndone?: boolean;
  readonly refusedOwner?: string;
  readonly failure?: { readonly error: unknown };
}
