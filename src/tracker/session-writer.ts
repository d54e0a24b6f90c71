import { SessionStorageUnavailableError } from '../errors/session.errors.js';
import type { ReplaceResult, StoredSession } from '../storage/session-storage.js';
import type { ByIdParts } from './by-id-parts.js';
import { authenticatedAs, type RotationGrace, type Successor } from './rotation-grace.js';
import { snapshotOf, type Written } from './session-creation.js';
import { detailsAfter, hasSameActor } from './session-acting.js';
import { joinedDetails, type SessionDetails } from './session-details.js';
import type { SessionMerge } from './session-merge.js';
import { isEnded, isRotated, isUndone, type OpenedRecord } from './session-records.js';
import { refreshSession } from './session-refresh.js';
import type { LostRace, SessionRotation } from './session-rotation.js';
import {
  trackedById,
  type SessionIds,
  type SessionToTrack,
  type StoreResult,
  type TrackedSession,
} from './session-tracker.js';
import { WriteQueue } from './write-queue.js';

/** Against other processes; the writers of this one take turns. */
const MAX_ATTEMPTS = 12;
const EAGER_ATTEMPTS = 3;
const MAX_PAUSE_IN_MILLISECONDS = 64;

/** About 100 ms in all. */
const MAX_CONFIRMATION_CHECKS = 6;

/** @param attempt the number of lost races. */
export type Pause = (attempt: number) => Promise<void> | undefined;

/** As stored, or after the queued writes. */
interface StoredState extends OpenedRecord {
  readonly version: string | undefined;
}

interface Revision {
  /** As loaded, or as stored by another request since. */
  readonly base: string;
  readonly mine: string;
  /** Before `revise` was applied. */
  readonly unrevised: string;
  readonly conflicts: readonly string[];
}

interface Change<S extends object> {
  readonly session: SessionToTrack<S>;
  readonly previous: TrackedSession<S>;
  revision: Revision;
  stored: StoredState;
  readonly resolve: (result: StoreResult<S> | Promise<StoreResult<S>>) => void;
  readonly reject: (error: unknown) => void;
}

interface SessionWriterParts<S extends object> extends ByIdParts<S> {
  readonly rotation: SessionRotation<S>;
  readonly grace: RotationGrace<S> | undefined;
  readonly recordsRotation: boolean;
  readonly merge: SessionMerge<S>;
  readonly pause: Pause | undefined;
}

/** Writes changed and renewed by-id sessions, merged with the writes of other requests. */
export class SessionWriter<S extends object> {
  readonly #parts: SessionWriterParts<S>;
  readonly #pause: Pause;
  readonly #queue: WriteQueue<Change<S>, StoredState>;

  constructor(parts: SessionWriterParts<S>) {
    this.#parts = parts;
    this.#pause = parts.pause ?? randomPause;
    this.#queue = new WriteQueue(
      (batch, known) => this.#writeBatch([...batch], known),
      // An update returns what it stored: no changes of other requests.
      (change) => change.session.revise !== undefined || this.#isRotation(change),
    );
  }

  async renew(previous: TrackedSession<S>): Promise<StoreResult<S>> {
    const renewedAt = this.#parts.now();
    const times = { createdAt: previous.createdAt, renewedAt, details: storedDetails(previous) };
    const renewed = { ...previous, renewedAt };
    const ids = this.#idsOf(previous);
    const { storedId } = ids;
    const expiresAt = this.#parts.lifetime.expiresAt(times);
    if (this.#parts.storage.touch) {
      // Otherwise another response tells the client.
      const latestExpiry = this.#parts.lifetime.latestExpiry(times);
      const touched = await this.#parts.storage.touch(storedId, expiresAt, previous.version, latestExpiry);
      if (!touched) return { status: 'unchanged', session: previous };
      return { status: 'renewed', session: renewed, transportValue: previous.id! };
    }
    const { value, text, owner, snapshot, marks } = previous;
    const toStore = this.#parts.records.toStore(text, times, owner, marks);
    const result = await this.#parts.storage.replace(storedId, toStore, previous.version);
    if (result.status !== 'replaced') return { status: 'unchanged', session: previous };
    const after = this.#parts.records.marksOf(toStore.value) ?? '';
    const session = trackedById(value, text, renewed, ids, result.version, owner, snapshot, after);
    return { status: 'renewed', session, transportValue: previous.id! };
  }

  /** @param mine the text to store. @param unrevised the same before `revise`. */
  update(
    session: SessionToTrack<S>,
    previous: TrackedSession<S>,
    mine: string,
    unrevised: string,
  ): Promise<StoreResult<S>> {
    const { text, createdAt, renewedAt, version, marks = '', byOldId } = previous;
    if (byOldId && this.#isLogin(session, previous)) return Promise.resolve({ status: 'gone', reason: 'rotated' });
    return new Promise((resolve, reject) => {
      const change = {
        session: byOldId ? { ...session, rotate: false } : session,
        previous,
        revision: { base: text, mine, unrevised, conflicts: [] },
        stored: { text, createdAt, renewedAt, details: storedDetails(previous), version, marks },
        resolve,
        reject,
      };
      if (byOldId?.isPending) resolve(this.#changePending(change));
      else this.#queue.add(this.#idsOf(previous).storedId, change);
    });
  }

  async #changePending(change: Change<S>): Promise<StoreResult<S>> {
    const rotated = await this.#parts.storage.read(this.#parts.storedId(change.previous.id!));
    return rotated && isRotated(rotated.value)
      ? this.#changeSuccessor(change, rotated)
      : { status: 'gone', reason: 'ended' };
  }

  /** @param rotated the record of the old id. */
  async #changeSuccessor(change: Change<S>, rotated: StoredSession): Promise<StoreResult<S>> {
    const { session, previous } = change;
    const successor = this.#isLogin(session, previous) ? undefined : await this.#confirmedSuccessor(rotated);
    if (!successor) return { status: 'gone', reason: 'rotated' };
    const { storedId, stored, opened } = successor;
    return new Promise((resolve, reject) => {
      const moved = {
        ...change,
        session: { ...session, rotate: false },
        previous: { ...previous, storedId, byOldId: { details: opened.details, isPending: false } },
        resolve,
        reject,
      };
      this.#rebase(moved, { ...opened, version: stored.version });
      this.#queue.add(storedId, moved);
    });
  }

  async #confirmedSuccessor(rotated: StoredSession): Promise<Successor | undefined> {
    for (let attempt = 1; attempt <= MAX_CONFIRMATION_CHECKS; attempt++) {
      const successor = await this.#parts.grace?.successorOf(rotated);
      if (typeof successor !== 'object') return undefined;
      if (!successor.isPending) return successor;
      await this.#pause(attempt);
    }
    return undefined;
  }

  #isLogin({ value, restart, acting, details }: SessionToTrack<S>, previous: TrackedSession<S>): boolean {
    return (
      restart === true ||
      acting !== undefined ||
      details?.authenticatedAt !== undefined ||
      this.#parts.ownerOf(value) !== previous.owner
    );
  }

  async #writeBatch(batch: Change<S>[], known: StoredState | undefined): Promise<StoredState | undefined> {
    let current = known;
    try {
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
        const rebased = this.#rebaseAll(batch, current);
        const last = rebased.at(-1);
        if (!last) return current;
        const rotates = this.#isRotation(last);
        const result = rotates ? await this.#rotate(last) : await this.#replace(rebased, last);
        if (result.status === 'written') return result.present;
        const gone = goneReasonOf(result);
        if (gone) {
          for (const change of batch) change.resolve(this.#goneResult(change, gone, result));
          return undefined;
        }
        current = this.#presentOf(result, last.stored);
        const pause = attempt < EAGER_ATTEMPTS ? undefined : this.#pause(attempt);
        if (pause) await pause;
      }
      throw tooManyConflicts();
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return undefined;
    }
  }

  #goneResult(
    change: Change<S>,
    reason: 'ended' | 'rotated',
    result: LostRace,
  ): StoreResult<S> | Promise<StoreResult<S>> {
    const { session, previous, revision } = change;
    // A request without a change must not fail.
    const isUnchanged = session.rotate === 'due' && !session.details && revision.mine === previous.text;
    if (isUnchanged) return { status: 'unchanged', session: previous };
    if (reason === 'rotated' && result.status === 'conflict' && this.#parts.grace) {
      return this.#changeSuccessor(change, result.current);
    }
    return { status: 'gone', reason };
  }

  /** Rebases each change onto the one before. Conflicts leave the batch. */
  #rebaseAll(batch: Change<S>[], stored: StoredState | undefined): readonly Change<S>[] {
    let present = stored;
    for (const change of [...batch]) {
      try {
        if (present && !(present === stored && present.version === change.stored.version)) {
          if (!hasSameActor(change.stored, present)) throw new ActorChanged();
          this.#rebase(change, present);
        }
        if (batch.length > 1 && this.#isRotation(change)) throw tooManyConflicts();
        present = { ...change.stored, text: change.revision.mine };
      } catch (error) {
        batch.splice(batch.indexOf(change), 1);
        if (error instanceof ActorChanged) change.resolve({ status: 'gone', reason: 'rotated' });
        else change.reject(error);
      }
    }
    return batch;
  }

  #rebase(change: Change<S>, present: StoredState): void {
    const { session, revision } = change;
    const { value, revise, acting } = session;
    // A change of the actor's session must not be merged into the other owner's.
    if (acting) return void (change.stored = present);
    const merged = this.#parts.merge.merge(revision.base, revise ? revision.unrevised : revision.mine, present.text);
    const mergedText = this.#canonical(merged.text);
    refreshSession(this.#parts.serializer, value, revision.mine, mergedText);
    revise?.(value);
    const mine = revise ? this.#parts.serializer.serialize(value) : mergedText;
    const conflicts = [...new Set([...revision.conflicts, ...merged.conflicts])];
    change.revision = { base: present.text, mine, unrevised: mergedText, conflicts };
    change.stored = present;
  }

  async #replace(batch: readonly Change<S>[], last: Change<S>): Promise<WriteResult> {
    const { previous, stored, revision } = last;
    const now = this.#parts.now();
    const isDue = batch.some((change) => this.#parts.lifetime.isRenewalDue(change.previous, now));
    const details = batch.reduce((joined, { session }) => joinedDetails(joined, session.details), stored.details);
    const times = { createdAt: previous.createdAt, renewedAt: isDue ? now : stored.renewedAt, details };
    const toStore = this.#parts.records.toStore(revision.mine, times, previous.owner, stored.marks);
    const result = await this.#parts.storage.replace(this.#idsOf(previous).storedId, toStore, stored.version);
    if (result.status === 'replaced') {
      const marks = this.#parts.records.marksOf(toStore.value) ?? '';
      const present = { ...times, text: revision.mine, version: result.version, marks };
      return this.#settle(batch, present, now);
    }
    if (result.status !== 'conflict' || !this.#parts.records.includes(result.current, toStore)) return result;
    return this.#settle(batch, this.#presentOf(result, { ...stored, ...times, text: revision.mine }), now);
  }

  #settle(batch: readonly Change<S>[], present: StoredState, now: number): WriteResult {
    for (const change of batch) {
      const { session, previous, revision } = change;
      const { value } = session;
      const { text, version, marks } = present;
      const times = previous.byOldId ? { ...present, details: authenticatedAs(previous, present.details) } : present;
      refreshSession(this.#parts.serializer, value, revision.mine, text);
      const ids = this.#idsOf(previous);
      const snapshot = snapshotOf(session, text);
      change.resolve({
        status: 'changed',
        session: trackedById(value, text, times, ids, version, previous.owner, snapshot, marks),
        transportValue: ids.id,
        held: !this.#parts.lifetime.isRenewalDue(previous, now),
        conflicts: revision.conflicts,
      });
    }
    return { status: 'written', present };
  }

  async #rotate({ session, previous, revision, stored, resolve }: Change<S>): Promise<WriteResult> {
    const now = this.#parts.now();
    const { acting } = session;
    const isSameOwner = !session.restart && (acting || this.#parts.ownerOf(session.value) === previous.owner);
    const kept = acting ? detailsAfter(acting, stored) : isSameOwner ? stored.details : undefined;
    const details = joinedDetails(kept, session.details);
    // Without an owner, any change may be a login.
    const isUnchanged = session.rotate === 'due' && revision.mine === stored.text;
    const isOwnUse = !acting && details?.actor === undefined;
    const result = await this.#parts.rotation.rotate({
      session,
      text: revision.mine,
      times: {
        createdAt: isSameOwner ? previous.createdAt : now,
        renewedAt: now,
        details: isSameOwner && this.#parts.recordsRotation ? { ...details, rotatedAt: now } : details,
      },
      hasGrace: isOwnUse && isSameOwner && (previous.owner !== undefined || isUnchanged),
      storedId: this.#idsOf(previous).storedId,
      version: stored.version,
      owner: previous.owner,
      before: stored,
    });
    if (!isWritten(result)) return result;
    resolve({ ...result, conflicts: revision.conflicts });
    return { status: 'written', present: undefined };
  }

  // A merged or revised value may have another owner.
  #isRotation({ session, previous }: Change<S>): boolean {
    return Boolean(session.rotate) || this.#parts.ownerOf(session.value) !== previous.owner;
  }

  #presentOf(result: ReplaceResult, otherwise: StoredState): StoredState {
    if (result.status !== 'conflict') return otherwise;
    const { current } = result;
    return { ...(this.#parts.records.open(current) ?? otherwise), version: current.version };
  }

  #idsOf({ id, storedId, byOldId }: TrackedSession<S>): SessionIds {
    return { id: id!, storedId: storedId ?? this.#parts.storedId(id!), byOldId };
  }

  // A merged text may have another order of fields.
  #canonical(text: string): string {
    return this.#parts.serializer.serialize(this.#parts.serializer.deserialize(text));
  }
}

function storedDetails({ byOldId, details }: TrackedSession): SessionDetails | undefined {
  return byOldId ? byOldId.details : details;
}

class ActorChanged extends Error {}

type WriteResult = { readonly status: 'written'; readonly present: StoredState | undefined } | LostRace;

function isWritten<S extends object>(result: Written<S> | LostRace): result is Written<S> {
  return 'transportValue' in result;
}

function goneReasonOf(result: LostRace): 'ended' | 'rotated' | undefined {
  if (result.status === 'gone') return 'ended';
  const { value }: StoredSession = result.current;
  if (isEnded(value) || isUndone(value)) return 'ended';
  return isRotated(value) ? 'rotated' : undefined;
}

function randomPause(attempt: number): Promise<void> {
  const longest = Math.min(2 ** attempt, MAX_PAUSE_IN_MILLISECONDS);
  return new Promise((resolve) => {
    setTimeout(resolve, Math.random() * longest);
  });
}

function tooManyConflicts(): SessionStorageUnavailableError {
  return new SessionStorageUnavailableError(
    `A session was changed by other processes ${MAX_ATTEMPTS} times while it was being stored. Try again.`,
  );
}
