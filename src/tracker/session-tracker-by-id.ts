import type { SessionCall } from '../call/session-call.js';
import { ownOf } from './session-acting.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { OwnerIndex, StoredSession } from '../storage/session-storage.js';
import { OwnerLimit, type MaxPerOwner, type MaxPerOwnerOf } from './owner-limit.js';
import type { SessionClass } from './session-class.js';
import { SessionEnding } from './session-ending.js';
import type { SessionTimes } from './session-lifetime.js';
import { SessionTrackerBase, type SessionTrackerOptions } from './session-tracker-base.js';
import type { SessionMerge } from './session-merge.js';
import {
  generateSessionId,
  hashSessionId,
  isHashedSessionId,
  isSessionId,
  LONGEST_ID,
  type SessionIdProvider,
} from './session-id-provider.js';
import { SessionCreation } from './session-creation.js';
import { SessionWriter, type Pause } from './session-writer.js';
import { unreadable } from './unreadable-session.js';
import {
  endReasonOf,
  isEnded,
  isRotated,
  isUndone,
  retiredOf,
  SessionRecords,
  type EndReason,
  type OpenedRecord,
} from './session-records.js';
import { RotationGrace, retiredFor, type RotationOptions } from './rotation-grace.js';
import { SessionRotation } from './session-rotation.js';
import {
  trackedById,
  type LoadResult,
  type Replay,
  type SessionIds,
  type SessionToTrack,
  type StoreResult,
  type TrackedSession,
} from './session-tracker.js';

/** Options of {@link SessionTrackerById}. */
export interface SessionTrackerByIdOptions<S extends object> extends SessionTrackerOptions<S> {
  /** The session's name; separates contents and owners of sessions in one storage. */
  readonly name: string;
  /** Merges parallel changes. */
  readonly merge: SessionMerge<S>;
  /** Makes the ids. Default {@link generateSessionId}. */
  readonly sessionIdProvider?: SessionIdProvider;
  /** Maximum sessions per owner. Needs `ownerOf` and a storage with an owner index. Default: no limit. */
  readonly maxPerOwner?: MaxPerOwner | MaxPerOwnerOf<S>;
  /** The key of an id in the storage. Default {@link hashSessionId}. */
  readonly storedId?: (id: string) => string;
  /**
   * In bare mode: the storage hides the records of rotated ids, so they may name the new id, and ends the new session
   * together with the old id. Default `false`.
   */
  readonly followsRotation?: boolean;
  /** How rotated ids are treated. Default: they are not accepted. Not in bare mode. */
  readonly rotation?: RotationOptions & {
    /** Seconds after which a session in use gets a new id. `0`: never. */
    readonly rotateEveryInSeconds: number;
  };
  /** Seconds for which a tombstone tells why a session was ended. Not in bare mode. Default `0`. */
  readonly explainInSeconds?: number;
  /** Pause between attempts of a change that loses races. Default: random, growing. */
  readonly pause?: Pause;
}

/** Milliseconds from the first write of a login to its last, except with a slow `onOwnerChange`. */
const LONGEST_LOGIN = 5000;
/** Maximum number of times that an owner's sessions are listed while they are ended. */
const MOST_ROUNDS = 5;

/**
 * The client has an id, the content is in a storage (Ktor: `SessionTrackerById`). Only the server creates ids; an
 * unknown one is never adopted. Changes never create a session and never overwrite a parallel write: they are merged.
 */
export class SessionTrackerById<S extends object> extends SessionTrackerBase<S> {
  readonly kind = 'by-id';
  readonly storage: ConditionalSessionStorage;
  /** Makes the ids (Ktor: `sessionIdProvider`). */
  readonly sessionIdProvider: SessionIdProvider;
  readonly #storedId: (id: string) => string;
  readonly #records: SessionRecords;
  readonly #creation: SessionCreation<S>;
  readonly #rotation: SessionRotation<S>;
  readonly #grace: RotationGrace<S> | undefined;
  readonly #explains: boolean;
  readonly #rotateEvery: number;
  readonly #onReplay: RotationOptions['onReplay'];
  readonly #writer: SessionWriter<S>;
  readonly #ending: SessionEnding;

  constructor(
    type: SessionClass<S>,
    serializer: SessionSerializer<S>,
    storage: ConditionalSessionStorage,
    options: SessionTrackerByIdOptions<S>,
  ) {
    super(type, serializer, options);
    const { name, merge, maxPerOwner, bare = false, followsRotation = false } = options;
    if (maxPerOwner && !options.ownerOf) {
      throw new SessionConfigurationError(
        `Session "${name}": maxPerOwner needs ownerOf, which says whose session it is.`,
      );
    }
    this.storage = storage;
    this.sessionIdProvider = options.sessionIdProvider ?? generateSessionId;
    this.#storedId = options.storedId ?? hashSessionId;
    const rotation = bare ? undefined : options.rotation;
    const { rotateEveryInSeconds = 0 } = rotation ?? {};
    this.#onReplay = rotation?.onReplay ?? 'ignore';
    const explainInSeconds = bare ? 0 : (options.explainInSeconds ?? 0);
    this.#explains = explainInSeconds > 0;
    this.#rotateEvery = rotateEveryInSeconds * 1000;
    this.#records = new SessionRecords({
      name,
      lifetime: this.limits,
      bare,
      followsRotation,
      explainFor: explainInSeconds * 1000,
      ...(rotation && { retiredFor: (before) => retiredFor(rotation, this.limits, before, this.now()) }),
      now: this.now,
    });
    this.#grace =
      rotation && rotation.graceInSeconds > 0
        ? new RotationGrace({
            graceInSeconds: rotation.graceInSeconds,
            storage,
            records: this.#records,
            lifetime: this.limits,
            serializer,
            ownerOf: this.ownerOf,
            now: this.now,
          })
        : undefined;
    this.#creation = new SessionCreation({
      storage,
      records: this.#records,
      lifetime: this.limits,
      limit: maxPerOwner && new OwnerLimit(name, maxPerOwner, this),
      newId: this.sessionIdProvider,
      storedId: this.#storedId,
      ownerOf: this.ownerOf,
      bare,
      now: this.now,
    });
    this.#rotation = new SessionRotation({ storage, records: this.#records, creation: this.#creation, bare });
    this.#writer = new SessionWriter({
      storage,
      records: this.#records,
      rotation: this.#rotation,
      grace: this.#grace,
      recordsRotation: rotateEveryInSeconds > 0,
      serializer,
      merge,
      lifetime: this.limits,
      storedId: this.#storedId,
      ownerOf: this.ownerOf,
      now: this.now,
      pause: options.pause,
    });
    this.#ending = new SessionEnding(storage, this.#records, bare, this.#explains);
  }

  // No async functions on the path of every request: each would add a promise.
  load(transportValue: string, call?: SessionCall): Promise<LoadResult<S>> {
    if (transportValue === '' || transportValue.length > LONGEST_ID) {
      return Promise.resolve({ status: 'rejected', reason: 'malformed' });
    }
    const storedId = this.#storedId(transportValue);
    return Promise.resolve(this.storage.read(storedId)).then((stored) =>
      this.#loaded(transportValue, storedId, stored, call?.hasResponse !== false),
    );
  }

  async reload({ id }: TrackedSession<S>): Promise<LoadResult<S>> {
    if (id === undefined) return { status: 'rejected', reason: 'malformed' };
    const storedId = this.#storedId(id);
    return this.#loaded(id, storedId, await this.storage.read(storedId), false);
  }

  /** @param isSent the client sent the id with this request, not with one that opened a connection earlier. */
  #loaded(
    id: string,
    storedId: string,
    stored: StoredSession | undefined,
    isSent: boolean,
  ): LoadResult<S> | Promise<LoadResult<S>> {
    const handle = storedId;
    if (!stored || isUndone(stored.value)) return { status: 'rejected', reason: 'unknown-id', handle };
    if (isEnded(stored.value)) return { status: 'rejected', reason: endReasonOf(stored.value), handle };
    if (isRotated(stored.value)) return this.#loadRotated(id, storedId, stored, isSent);
    const opened = this.#records.open(stored);
    if (!opened) {
      const reason = this.#records.isOfAnother(stored) ? 'wrong-session' : 'undecodable';
      return { status: 'rejected', reason, handle };
    }
    const now = this.now();
    if (!this.limits.isAlive(opened, now)) {
      const reason = this.limits.rejection(opened, now);
      const { createdAt } = opened;
      return { status: 'rejected', reason, handle, createdAt, ...(reason === 'future' && { id }) };
    }
    return this.#read(opened, opened, { id, storedId }, stored.version);
  }

  #read(
    { text, marks }: OpenedRecord,
    times: SessionTimes,
    ids: SessionIds,
    version: string | undefined,
  ): LoadResult<S> {
    try {
      const value = this.serializer.deserialize(text);
      this.check?.(value);
      const owner = this.ownerOf(value);
      return {
        status: 'loaded',
        session: trackedById(value, text, times, ids, version, owner, this.capture(value), marks),
      };
    } catch (error) {
      return unreadable(this.serializer, text, error, ids.id);
    }
  }

  async #loadRotated(id: string, storedId: string, stored: StoredSession, isSent: boolean): Promise<LoadResult<S>> {
    const restored = await this.#rotation.restored(storedId, stored);
    if (restored) return this.#loaded(id, storedId, restored, isSent);
    const rejected = { status: 'rejected', reason: 'rotated', id, handle: storedId } as const;
    const { isEvicted, successor: evictor } = retiredOf(stored.value);
    if (isEvicted) {
      const login = await this.storage.read(evictor);
      const opened = login && this.open(login);
      // If that login fails, the session can be used again: the cookie is kept.
      const isOpen = opened ? this.#records.isPending(login, opened) : login !== undefined && isUndone(login.value);
      if (isOpen) return rejected;
      return { status: 'rejected', reason: this.#explains ? 'evicted' : 'unknown-id', handle: storedId };
    }
    const successor = await this.#grace?.follow(stored);
    if (successor === 'replayed') return { ...rejected, replayed: await this.#replayed(stored, isSent) };
    if (!successor) return rejected;
    const { opened, details, isPending } = successor;
    const { createdAt, renewedAt } = opened;
    const ids = { id, storedId: successor.storedId, byOldId: { details: opened.details, isPending } };
    return this.#read(opened, { createdAt, renewedAt, details }, ids, successor.stored.version);
  }

  async #replayed(retired: StoredSession, isSent: boolean): Promise<Replay> {
    const handle = await this.#grace?.familyOf(retired);
    // A connection from before the rotation cannot know the new id.
    const revoked = handle !== undefined && isSent && this.#onReplay === 'revoke';
    if (revoked) await this.#ending.end(handle, 'revoked');
    return { handle, revoked };
  }

  /** Parses a record; `undefined` for a foreign, rotated or ended session. */
  open(stored: StoredSession): OpenedRecord | undefined {
    return this.#records.open(stored);
  }

  /**
   * A stored session as an instance, for lists; `undefined` if it has expired or is not readable. A session from a
   * server whose clock is ahead can be used there. During acting: the actor's own session.
   */
  peek(stored: StoredSession): (SessionTimes & { readonly value: S }) | undefined {
    const opened = this.#unexpired(stored);
    if (!opened) return undefined;
    try {
      return {
        createdAt: opened.createdAt,
        renewedAt: opened.renewedAt,
        value: this.serializer.deserialize(ownOf(opened).text),
      };
    } catch {
      return undefined;
    }
  }

  #unexpired(stored: StoredSession): OpenedRecord | undefined {
    const opened = this.open(stored);
    return opened && this.limits.expiresAt(opened) > this.now() ? opened : undefined;
  }

  /** For `maxPerOwner`: a session that takes a place, also one that a login is about to end. */
  peekPlace(stored: StoredSession):
    | {
        readonly createdAt: number;
        readonly renewedAt: number;
        readonly state: 'settled' | 'pending' | 'stale' | 'leaving';
      }
    | undefined {
    const retired = isRotated(stored.value) ? retiredOf(stored.value) : undefined;
    if (retired?.isEvicted) {
      const before = this.#records.before(retired);
      return before && { createdAt: before.createdAt, renewedAt: before.renewedAt, state: 'leaving' };
    }
    const session = this.peek(stored);
    if (!session) return undefined;
    const { createdAt, renewedAt } = session;
    if (!this.#records.isPending(stored, this.open(stored) ?? session))
      return { createdAt, renewedAt, state: 'settled' };
    return { createdAt, renewedAt, state: this.now() - createdAt > LONGEST_LOGIN ? 'stale' : 'pending' };
  }

  /** Marks a session as ended by a login beyond `maxPerOwner`. @returns `false` if it was changed meanwhile. */
  async evict(handle: string, stored: StoredSession, successor: string): Promise<boolean> {
    const evicted = this.#records.evicted(successor, stored);
    const result = await this.storage.replace(handle, evicted, stored.version);
    return result.status === 'replaced' || (result.status === 'conflict' && result.current.value === evicted.value);
  }

  async endEvicted(handle: string): Promise<void> {
    if (this.#explains) await this.#ending.end(handle, 'evicted');
    else await this.storage.invalidate(handle);
  }

  /** Undoes {@link evict}. */
  async restore(handle: string): Promise<void> {
    const stored = await this.storage.read(handle);
    if (stored && isRotated(stored.value)) await this.#rotation.restored(handle, stored);
  }

  /** The session of a handle, which may have got another id since, as {@link peek}. */
  async peekByHandle(handle: string): Promise<{ readonly value: S } | undefined> {
    let stored = await this.storage.read(handle);
    for (let rotations = 0; stored && isRotated(stored.value) && rotations < MOST_ROUNDS; rotations++) {
      const { successor, hasGrace } = retiredOf(stored.value);
      // Without grace, it may be the session of another owner.
      stored = hasGrace ? await this.storage.read(successor) : undefined;
    }
    return stored && this.peek(stored);
  }

  /**
   * The records of an owner, for a storage with an owner index. A rotation that failed half-way is undone, since its
   * session can be used by the old id.
   * @param storedOwner the name of the owner in the storage.
   */
  listByOwner(storedOwner: string): ReturnType<OwnerIndex['list']> {
    return this.#listByOwner(storedOwner, MOST_ROUNDS);
  }

  async #listByOwner(storedOwner: string, rounds: number): ReturnType<OwnerIndex['list']> {
    const listed = (await this.storage.owners?.list(storedOwner)) ?? [];
    const live = new Set(listed.flatMap(({ id, session }) => (this.open(session) ? [id] : [])));
    let hasMoved = false;
    const present = await Promise.all(
      listed.map(async ({ id, session }) => {
        if (!isRotated(session.value) || live.has(retiredOf(session.value).successor)) return { id, session };
        const successor = await this.storage.read(retiredOf(session.value).successor);
        if (!successor || !isUndone(successor.value)) return { id, session };
        const restored = await this.#rotation.restored(id, session);
        hasMoved ||= restored === undefined;
        return { id, session: restored ?? session };
      }),
    );
    // Another request has restored it first, and may have given it a new id.
    return hasMoved && rounds > 1 ? this.#listByOwner(storedOwner, rounds - 1) : present;
  }

  store(session: SessionToTrack<S>): Promise<StoreResult<S>> {
    try {
      return this.#store(session);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #store(session: SessionToTrack<S>): Promise<StoreResult<S>> {
    const { value, previous, revise } = session;
    const unrevised = revise && previous ? this.serializer.serialize(value) : '';
    revise?.(value);
    const text = (revise ? undefined : session.text) ?? this.serializer.serialize(value);
    if (!previous) return this.#creation.create(session, text);
    if (
      session.rotate ||
      this.ownerOf(value) !== previous.owner ||
      text !== previous.text ||
      session.details !== undefined ||
      (session.force && revise)
    )
      return this.#writer.update(session, previous, text, unrevised);
    if (this.limits.isRenewalDue(previous, this.now())) return this.#writer.renew(previous);
    return Promise.resolve(
      session.force
        ? { status: 'renewed', session: previous, transportValue: previous.id! }
        : { status: 'unchanged', session: previous },
    );
  }

  async clear(session: TrackedSession<S>): Promise<void> {
    if (session.id === undefined) return;
    const { version, byOldId } = session;
    // The record of a rotated id leads to the session.
    const present =
      version === undefined || byOldId
        ? undefined
        : { value: '', version, ...this.#records.storedOwner(session.owner, session) };
    await this.#ending.end(this.#storedId(session.id), 'ended', present);
  }

  /** Ends a session by its id. Ignores malformed ids. */
  async clearById(id: string): Promise<void> {
    if (!isSessionId(id)) return;
    await this.#ending.end(this.#storedId(id), 'ended');
  }

  /** Ends a session by its handle, also during a rotation. */
  async clearByHandle(handle: string, reason: EndReason = 'revoked'): Promise<void> {
    await this.#ending.end(handle, reason);
  }

  newId(call: SessionCall): string {
    return this.#creation.newId(call);
  }

  /**
   * Ends all sessions of an owner, for a storage with an owner index.
   * @param except the id of a session to keep.
   * @param onEnded called with the handles of the listed sessions.
   * @returns the number of ended sessions.
   */
  async clearByOwner(
    owner: string,
    except?: string,
    onEnded?: (this: void, handles: readonly string[]) => void,
  ): Promise<number> {
    const { owners } = this.storage;
    if (!owners) return 0;
    const storedOwner = this.storedOwnerOf(owner);
    const exceptHandle = except === undefined ? undefined : await this.#presentHandle(except);
    const listed = (await owners.list(storedOwner)).filter(({ id }) => id !== exceptHandle);
    const handles = listed.filter(({ session }) => this.#unexpired(session) !== undefined).map(({ id }) => id);
    const others = listed.length - handles.length;
    const count = this.#explains
      ? await this.#revokeEach(owners, storedOwner, exceptHandle)
      : Math.max(0, (await owners.invalidateAll(storedOwner, exceptHandle)) - others);
    onEnded?.(handles);
    return count;
  }

  /** Ends the sessions of an owner one by one, so that each leaves a tombstone. @returns how many. */
  async #revokeEach(owners: OwnerIndex, storedOwner: string, except: string | undefined): Promise<number> {
    let count = 0;
    // A parallel login or rotation may add one.
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const listed = (await owners.list(storedOwner)).filter(
        ({ id, session }) => id !== except && !isEnded(session.value) && !isUndone(session.value),
      );
      if (listed.length === 0) return count;
      count += listed.filter(({ session }) => this.#unexpired(session) !== undefined).length;
      const ended = await Promise.allSettled(listed.map(({ id }) => this.#ending.end(id, 'revoked')));
      for (const result of ended) if (result.status === 'rejected') throw result.reason;
    }
    return count;
  }

  // The id may be a rotated one.
  async #presentHandle(id: string): Promise<string> {
    const handle = this.#storedId(id);
    if (!this.#grace) return handle;
    const stored = await this.storage.read(handle);
    const successor = stored && isRotated(stored.value) ? await this.#grace.follow(stored) : undefined;
    return typeof successor === 'object' ? successor.storedId : handle;
  }

  /** The owner's key in the storage, which separates sessions of different names. */
  storedOwnerOf(owner: string): string {
    return this.#records.storedOwnerOf(owner);
  }

  /** The handle of an id: its key in the storage. */
  handleOf(id: string): string {
    return this.#storedId(id);
  }

  /** Whether a value has the form of a handle. */
  isHandle(handle: unknown): handle is string {
    return this.#storedId === hashSessionId ? isHashedSessionId(handle) : isSessionId(handle);
  }

  isRotationDue({ createdAt, details, byOldId }: TrackedSession<S>): boolean {
    if (this.#rotateEvery === 0 || byOldId) return false;
    return this.now() - (details?.rotatedAt ?? createdAt) >= this.#rotateEvery;
  }

  changesTransportValue(value: S, previous: TrackedSession<S> | undefined): boolean {
    return previous === undefined || this.ownerOf(value) !== previous.owner;
  }

  override toString(): string {
    return `SessionTrackerById: ${this.storage.constructor.name}`;
  }
}
