import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { ReplaceResult, StoredSession } from '../storage/session-storage.js';
import { storageFaultOf } from '../storage/storage-fault.js';
import { repeatUntilDone } from './repeat-until-done.js';
import type { Landed, SessionCreation } from './session-creation.js';
import type { SessionTimes } from './session-lifetime.js';
import { ApplicationFailure } from '../errors/application-failure.js';
import { isEnded, isRotated, isUndone, retiredOf, type OpenedRecord, type SessionRecords } from './session-records.js';
import type { SessionToTrack } from './session-tracker.js';

export interface SessionRotationParts<S extends object> {
  readonly storage: ConditionalSessionStorage;
  readonly records: SessionRecords;
  readonly creation: SessionCreation<S>;
  /** Ktor's format: a rotation cannot be undone later. */
  readonly bare: boolean;
}

/** One rotation. */
export interface Rotation<S extends object> {
  readonly session: SessionToTrack<S>;
  /** The new session's text and times. */
  readonly text: string;
  readonly times: SessionTimes;
  /** The old session: key, version, owner and record. */
  readonly storedId: string;
  readonly version: string | undefined;
  readonly owner: string | undefined;
  readonly before: OpenedRecord;
  /** The old id may have a grace period: owner and content stay the same. */
  readonly hasGrace: boolean;
}

/**
 * Gives a session a new id in three steps. Each may fail, be late or never happen:
 *
 * 1. The new session is written as pending: it lives for half a minute.
 * 2. The old record is replaced by one that names the new id and keeps the old content for a minute. This step decides.
 * 3. The new session is confirmed and gets its whole lifetime.
 *
 * A rotation that fails after step 2 marks the new session as undone. A request with the old id that finds the new
 * session undone or missing restores the old content: see {@link restored}. An ended new session leaves a tombstone
 * that outlives the old record, so that its end is final.
 */
export class SessionRotation<S extends object> {
  readonly #storage: ConditionalSessionStorage;
  readonly #records: SessionRecords;
  readonly #creation: SessionCreation<S>;
  readonly #bare: boolean;

  constructor({ storage, records, creation, bare }: SessionRotationParts<S>) {
    this.#storage = storage;
    this.#records = records;
    this.#creation = creation;
    this.#bare = bare;
  }

  async rotate(rotation: Rotation<S>): Promise<Landed<S> | Exclude<ReplaceResult, { readonly status: 'replaced' }>> {
    const { session, text, times, storedId, version, owner, before, hasGrace } = rotation;
    const rotated = await this.#creation.write('rotated', session, text, times, !this.#bare);
    const successor = rotated.session.storedId!;
    const expiresAt = this.#records.toStore(text, rotated.session, undefined).expiresAt;
    const retired = this.#records.rotated(successor, owner, before, hasGrace, expiresAt);
    try {
      const result = await this.#storage.replace(storedId, retired, version);
      const isDone = result.status === 'replaced' || (!this.#bare && this.#hasMet(result, retired));
      if (isDone && this.#bare) return rotated;
      // No other request can rotate this session now: `onOwner` is called once.
      if (isDone) return await this.#creation.confirm(await this.#creation.joined(rotated, session, before.text));
      // A pending session that cannot be ended here expires soon.
      if (this.#bare) await this.#storage.invalidate(successor);
      else await this.#storage.invalidate(successor).catch(ignore);
      return result;
    } catch (error) {
      const undone = this.#undo(rotated, hasGrace)
        .then(() => rotated.admission?.restore())
        .catch(ignore);
      // The application refused: the next request finds the old session.
      if (error instanceof ApplicationFailure) await undone;
      throw error;
    }
  }

  /**
   * Undoes an unfinished rotation, for a request with the old id.
   * @param stored the record of the old id.
   * @returns the restored record; `undefined` if the rotation was confirmed.
   */
  async restored(storedId: string, stored: StoredSession): Promise<StoredSession | undefined> {
    const before = this.#records.restored(stored);
    if (!before || !(await this.#isUndone(retiredOf(stored.value).successor))) return undefined;
    const result = await this.#storage.replace(storedId, before, stored.version);
    if (result.status === 'replaced') return { ...before, version: result.version! };
    if (result.status === 'gone') return undefined;
    const { value } = result.current;
    return isRotated(value) || isEnded(value) ? undefined : result.current;
  }

  async #isUndone(successor: string): Promise<boolean> {
    const present = await this.#storage.read(successor);
    if (present) return isUndone(present.value);
    // Creation fails if the new session was ended: its tombstone is there. Otherwise the id is taken from now on.
    if ((await this.#storage.create(successor, this.#records.undone())) !== undefined) return true;
    const taken = await this.#storage.read(successor);
    return taken !== undefined && isUndone(taken.value);
  }

  /** @param hasGrace other requests may have changed the new session. */
  async #undo({ session }: Landed<S>, hasGrace: boolean): Promise<void> {
    const storedId = session.storedId!;
    if (this.#bare) return void (await this.#storage.invalidate(storedId));
    const undone = this.#records.undone(session.owner, session);
    return repeatUntilDone(async () => {
      try {
        const result = await this.#storage.replace(storedId, undone, session.version);
        if (result.status !== 'conflict') return;
        const { current } = result;
        // Once another request has ended or changed the new session, the rotation counts.
        if (isEnded(current.value) || (hasGrace && this.#records.open(current)?.text !== session.text)) return;
        await this.#storage.replace(storedId, undone, current.version);
      } catch (error) {
        // A full storage still deletes. A request with the old id writes the mark later.
        if (storageFaultOf(error) !== 'read-only') throw error;
        await this.#storage.invalidate(storedId);
      }
    });
  }

  #hasMet(result: ReplaceResult, retired: { readonly value: string }): boolean {
    return result.status === 'conflict' && result.current.value === retired.value;
  }
}

function ignore(): void {}
