import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { ReplaceResult, StoredSession } from '../storage/session-storage.js';
import { storageFaultOf } from '../storage/storage-fault.js';
import type { ByIdParts } from './by-id-parts.js';
import { repeatUntilDone } from './repeat-until-done.js';
import type { Written, SessionCreation } from './session-creation.js';
import type { SessionTimes } from './session-lifetime.js';
import { ApplicationFailure } from '../errors/application-failure.js';
import {
  isEnded,
  isRotated,
  isUndone,
  rotatedRecordOf,
  type OpenedRecord,
  type SessionRecords,
} from './session-records.js';
import type { SessionToTrack } from './session-tracker.js';

/** The record has changed or is gone. */
export type LostRace = Exclude<ReplaceResult, { readonly status: 'replaced' }>;

interface Rotation<S extends object> {
  readonly session: SessionToTrack<S>;
  readonly text: string;
  readonly times: SessionTimes;
  readonly storedId: string;
  readonly version: string | undefined;
  readonly owner: string | undefined;
  readonly before: OpenedRecord;
  readonly hasGrace: boolean;
}

/**
 * Gives a session a new id in three steps. Each may fail, be late or never happen:
 *
 * 1. The new session is written as pending.
 * 2. The old record is replaced by one that names the new id and keeps the old content. This step decides.
 * 3. The new session is confirmed.
 *
 * A failure after step 2 marks the new session as undone. A request with the old id that finds it undone or missing
 * restores the old content. The tombstone of an ended session outlives the old record.
 */
export class SessionRotation<S extends object> {
  readonly #storage: ConditionalSessionStorage;
  readonly #records: SessionRecords;
  readonly #bare: boolean;
  readonly #creation: SessionCreation<S>;

  constructor({ storage, records, bare }: ByIdParts<S>, creation: SessionCreation<S>) {
    this.#storage = storage;
    this.#records = records;
    this.#bare = bare;
    this.#creation = creation;
  }

  async rotate(rotation: Rotation<S>): Promise<Written<S> | LostRace> {
    const { session, text, times, storedId, version, owner, before, hasGrace } = rotation;
    const created = await this.#creation.write('rotated', session, text, times, !this.#bare);
    const successor = created.session.storedId!;
    const { expiresAt } = this.#records.toStore(text, created.session, undefined);
    const oldRecord = this.#records.rotated(successor, owner, before, hasGrace, expiresAt);
    try {
      const result = await this.#storage.replace(storedId, oldRecord, version);
      const isResent = !this.#bare && result.status === 'conflict' && result.current.value === oldRecord.value;
      const isDone = result.status === 'replaced' || isResent;
      if (isDone && this.#bare) return created;
      // After the decision, so that `onOwner` is called once.
      if (isDone)
        return await this.#creation.confirm(await this.#creation.afterOwnerChange(created, session, before.text));
      if (this.#bare) await this.#storage.invalidate(successor);
      else await this.#storage.invalidate(successor).catch(ignore);
      return result;
    } catch (error) {
      const undone = this.#undo(created, hasGrace)
        .then(() => created.admission?.restore())
        .catch(ignore);
      if (error instanceof ApplicationFailure) await undone;
      throw error;
    }
  }

  /** For a request with the old id. @returns `undefined` if the rotation was confirmed. */
  async restored(storedId: string, stored: StoredSession): Promise<StoredSession | undefined> {
    const before = this.#records.restored(stored);
    if (!before || !(await this.#isUndone(rotatedRecordOf(stored.value).successor))) return undefined;
    const result = await this.#storage.replace(storedId, before, stored.version);
    if (result.status === 'replaced') return { ...before, version: result.version! };
    if (result.status === 'gone') return undefined;
    const { value } = result.current;
    return isRotated(value) || isEnded(value) ? undefined : result.current;
  }

  async #isUndone(successor: string): Promise<boolean> {
    const present = await this.#storage.read(successor);
    if (present) return isUndone(present.value);
    // Fails if the new session has a tombstone.
    if ((await this.#storage.create(successor, this.#records.undone())) !== undefined) return true;
    const taken = await this.#storage.read(successor);
    return taken !== undefined && isUndone(taken.value);
  }

  async #undo({ session }: Written<S>, hasGrace: boolean): Promise<void> {
    const storedId = session.storedId!;
    if (this.#bare) return void (await this.#storage.invalidate(storedId));
    const undone = this.#records.undone(session.owner, session);
    return repeatUntilDone(async () => {
      try {
        const result = await this.#storage.replace(storedId, undone, session.version);
        if (result.status !== 'conflict') return;
        const { current } = result;
        // If others have ended or changed it, the rotation counts.
        if (isEnded(current.value) || (hasGrace && this.#records.open(current)?.text !== session.text)) return;
        await this.#storage.replace(storedId, undone, current.version);
      } catch (error) {
        if (storageFaultOf(error) !== 'read-only') throw error;
        await this.#storage.invalidate(storedId);
      }
    });
  }
}

function ignore(): void {}
