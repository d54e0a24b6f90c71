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
  /** Only the serialized text is stored: a rotation cannot be undone later. */
  readonly bare: boolean;
}

/** One rotation. */
export interface Rotation<S extends object> {
  readonly session: SessionToTrack<S>;
  /** The new session's text and times. */
  readonly text: string;
  readonly times: SessionTimes;
  /** The old session: its stored name, version and owner, and what is stored. */
  readonly storedId: string;
  readonly version: string | undefined;
  readonly owner: string | undefined;
  readonly before: OpenedRecord;
  /** The old id may have a grace period: the owner stays, and the new session holds nothing that the old one did not. */
  readonly hasGrace: boolean;
}

/**
 * Gives a session a new id, in three steps of which any may fail, come late or never:
 *
 * 1. The new session is written. It is pending: it lives for half a minute.
 * 2. The old record becomes a retired one, which names the new one and keeps the old content for a minute. This decides.
 * 3. The new session is confirmed, and gets its whole life.
 *
 * A rotation that fails after the second step marks the new session as undone. A request with the old id that finds the
 * new session undone, or gone without having been ended, puts the old content back: see {@link restored}. An ended new
 * session keeps its name taken for as long as the retired record lives, so that its end is final.
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
    const retired = this.#records.rotated(successor, owner, before, hasGrace);
    try {
      const result = await this.#storage.replace(storedId, retired, version);
      const isDone = result.status === 'replaced' || (!this.#bare && this.#hasMet(result, retired));
      if (isDone && this.#bare) return rotated;
      // Nobody else can take this session now: what a login has to do once is done here.
      if (isDone) return await this.#creation.confirm(await this.#creation.joined(rotated, session, before.text));
      // What cannot be ended here has a short life.
      if (this.#bare) await this.#storage.invalidate(successor);
      else await this.#storage.invalidate(successor).catch(ignore);
      return result;
    } catch (error) {
      const undone = this.#undo(rotated, hasGrace).catch(ignore);
      // The application refused: the next request finds what was there before.
      if (error instanceof ApplicationFailure) await undone;
      throw error;
    }
  }

  /**
   * Undoes a rotation that was not finished, for a request that came with the old id.
   * @param stored what is stored under the old id.
   * @returns what is stored there now; `undefined` where the rotation counts.
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
    // Taken: it was ended, which leaves its name taken. Otherwise nothing that is under way can bring it back.
    if ((await this.#storage.create(successor, this.#records.undone())) !== undefined) return true;
    const taken = await this.#storage.read(successor);
    return taken !== undefined && isUndone(taken.value);
  }

  /** @param hasGrace other requests may have changed the new session already. */
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
        // A storage that is full still deletes; a request with the old id puts the mark there when there is room.
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
