import { EMPTY_CALL, type SessionCall } from '../call/session-call.js';
import { actorSessionOf } from './session-acting.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { OwnerIndex, StoredSession } from '../storage/session-storage.js';
import { OwnerLimit, type MaxPerOwner, type MaxPerOwnerOf } from './owner-limit.js';
import type { SessionClass } from './session-class.js';
import { SessionEnding } from './session-ending.js';
import type { SessionTimes } from './session-lifetime.js';
import { SessionTrackerBase, unreadable, type SessionTrackerOptions } from './session-tracker-base.js';
import type { SessionMerge } from './session-merge.js';
import {
  generateSessionId,
  hashSessionId,
  isHashedSessionId,
  isSessionId,
  MAX_ID_LENGTH,
  type SessionIdProvider,
} from './session-id-provider.js';
import { SessionCreation } from './session-creation.js';
import { SessionWriter, type Pause } from './session-writer.js';
import {
  endReasonOf,
  isEnded,
  isRotated,
  isUndone,
  rotatedRecordOf,
  SessionRecords,
  type EndReason,
  type OpenedRecord,
} from './session-records.js';
import { RotationGrace, rotatedIdLifetime, type RotationOptions } from './rotation-grace.js';
import { SessionRotation } from './session-rotation.js';
import {
  trackedById,
  type LoadResult,
  type RejectionReason,
  type Replay,
  type SessionIds,
  type SessionToTrack,
  type SessionTracker,
  type StoreResult,
  type TrackedSession,
} from './session-tracker.js';

export interface SessionTrackerByIdOptions<S extends object> extends SessionTrackerOptions<S> {
  /** Separates sessions in one storage. */
  readonly name: string;
  readonly merge: SessionMerge<S>;
  /** Default {@link generateSessionId}. */
  readonly sessionIdProvider?: SessionIdProvider;
  /** Needs `ownerOf` and a storage with an owner index. Default: no limit. */
  readonly maxPerOwner?: MaxPerOwner | MaxPerOwnerOf<S>;
  /** The key of an id in the storage. Default {@link hashSessionId}. */
  readonly storedId?: (id: string) => string;
  /** In bare mode: the storage hides rotated ids and ends both ids together. Default `false`. */
  readonly followsRotation?: boolean;
  /** Default: rotated ids are not accepted. Not in bare mode. */
  readonly rotation?: RotationOptions & {
    /** The age of an id at which it is rotated. `0`: never. */
    readonly rotateEveryInSeconds: number;
  };
  /** How long a tombstone keeps the reason. Not in bare mode. Default `0`. */
  readonly explainInSeconds?: number;
  readonly pause?: Pause;
}

/** Between the first and last write of a login, without `onOwnerChange`. */
const MAX_LOGIN_IN_MILLISECONDS = 5000;
const MAX_LISTINGS = 5;

/**
 * The client has an id, the content is in a storage (Ktor: `SessionTrackerById`). An unknown id is never adopted.
 * Changes never create a session; parallel ones are merged. See ARCHITECTURE.md.
 */
export class SessionTrackerById<S extends object> extends SessionTrackerBase<S> {
  readonly kind = 'by-id';
  readonly storage: ConditionalSessionStorage;
  readonly sessionIdProvider: SessionIdProvider;
  readonly isRotationDue?: NonNullable<SessionTracker<S>['isRotationDue']>;
  readonly #storedId: (id: string) => string;
  readonly #records: SessionRecords;
  readonly #creation: SessionCreation<S>;
  readonly #rotation: SessionRotation<S>;
  readonly #grace: RotationGrace<S> | undefined;
  readonly #explains: boolean;
  readonly #revokesReplays: boolean;
  readonly #writer: SessionWriter<S>;
  readonly #ending: SessionEnding;

  constructor(
    type: SessionClass<S>,
    serializer: SessionSerializer<S>,
    storage: ConditionalSessionStorage,
    options: SessionTrackerByIdOptions<S>,
  ) {
    super(type, serializer, options);
    const { name, maxPerOwner, bare = false, followsRotation = false } = options;
    if (maxPerOwner && !options.ownerOf) {
      throw new SessionConfigurationError(
        `Session "${name}": maxPerOwner needs ownerOf, which returns the owner of a session.`,
      );
    }
    const { rotation, explainInSeconds = 0 }: Partial<typeof options> = bare ? {} : options;
    const { graceInSeconds = 0, rotateEveryInSeconds = 0 } = rotation ?? {};
    const { now, ownerOf, limits: lifetime } = this;
    const storedId = options.storedId ?? hashSessionId;
    this.storage = storage;
    this.sessionIdProvider = options.sessionIdProvider ?? generateSessionId;
    this.#explains = explainInSeconds > 0;
    this.#revokesReplays = rotation?.onReplay === 'revoke';
    if (rotateEveryInSeconds > 0) this.isRotationDue = isOlderThan(rotateEveryInSeconds * 1000, now);
    const records = new SessionRecords({
      name,
      lifetime,
      bare,
      followsRotation,
      explainFor: explainInSeconds * 1000,
      ...(rotation && { rotatedIdLifetime: (before) => rotatedIdLifetime(rotation, lifetime, before, now()) }),
      now,
    });
    const limit = maxPerOwner && new OwnerLimit(name, maxPerOwner, this);
    const parts = { storage, records, serializer, lifetime, storedId, ownerOf, bare, now };
    this.#storedId = storedId;
    this.#records = records;
    this.#grace = graceInSeconds > 0 ? new RotationGrace(parts, graceInSeconds) : undefined;
    this.#creation = new SessionCreation(parts, this.sessionIdProvider, limit);
    this.#rotation = new SessionRotation(parts, this.#creation);
    this.#writer = new SessionWriter({
      ...parts,
      rotation: this.#rotation,
      grace: this.#grace,
      recordsRotation: rotateEveryInSeconds > 0,
      merge: options.merge,
      pause: options.pause,
    });
    this.#ending = new SessionEnding(parts, this.#explains);
  }

  // Not async, because each promise slows down every request.
  load(transportValue: string, call = EMPTY_CALL): Promise<LoadResult<S>> {
    if (transportValue === '' || transportValue.length > MAX_ID_LENGTH) {
      return Promise.resolve({ status: 'rejected', reason: 'malformed' });
    }
    const storedId = this.#storedId(transportValue);
    return Promise.resolve(this.storage.read(storedId)).then((stored) =>
      this.#loaded(transportValue, storedId, stored, call),
    );
  }

  async reload({ id }: TrackedSession<S>): Promise<LoadResult<S>> {
    if (id === undefined) return { status: 'rejected', reason: 'malformed' };
    const storedId = this.#storedId(id);
    return this.#loaded(id, storedId, await this.storage.read(storedId), undefined);
  }

  /** @param call absent if the id was not sent with this request. */
  #loaded(
    id: string,
    storedId: string,
    stored: StoredSession | undefined,
    call: SessionCall | undefined,
  ): LoadResult<S> | Promise<LoadResult<S>> {
    if (!stored) return { status: 'rejected', reason: 'unknown-id', handle: storedId };
    const opened = this.#records.open(stored);
    if (!opened) {
      if (isRotated(stored.value)) return this.#loadRotated(id, storedId, stored, call);
      return { status: 'rejected', reason: this.#reasonOf(stored), handle: storedId };
    }
    const reason = this.limits.rejection(opened, this.now());
    if (reason === undefined) return this.#deserialized(opened, opened, { id, storedId }, stored.version);
    const { createdAt } = opened;
    return { status: 'rejected', reason, handle: storedId, createdAt, ...(reason === 'future' && { id }) };
  }

  #reasonOf(stored: StoredSession): RejectionReason {
    if (isUndone(stored.value)) return 'unknown-id';
    if (isEnded(stored.value)) return endReasonOf(stored.value);
    return this.#records.isOfAnother(stored) ? 'wrong-session' : 'undecodable';
  }

  #deserialized(
    { text, marks }: OpenedRecord,
    times: SessionTimes,
    ids: SessionIds,
    version: string | undefined,
  ): LoadResult<S> {
    try {
      const value = this.serializer.deserialize(text);
      this.check?.(value);
      const owner = this.ownerOf(value);
      const snapshot = this.serializer.capture?.(value);
      return { status: 'loaded', session: trackedById(value, text, times, ids, version, owner, snapshot, marks) };
    } catch (error) {
      return unreadable(this.serializer, text, error, ids.id);
    }
  }

  async #loadRotated(
    id: string,
    storedId: string,
    stored: StoredSession,
    call: SessionCall | undefined,
  ): Promise<LoadResult<S>> {
    const restored = await this.#rotation.restored(storedId, stored);
    if (restored) return this.#loaded(id, storedId, restored, call);
    const rejected = { status: 'rejected', reason: 'rotated', id, handle: storedId } as const;
    const { isEvicted, successor: evictor } = rotatedRecordOf(stored.value);
    if (isEvicted) {
      const login = await this.storage.read(evictor);
      const opened = login && this.open(login);
      // If that login fails, the session can be used again: the cookie is kept.
      const isOpen = opened ? this.#records.isPending(login, opened) : login !== undefined && isUndone(login.value);
      if (isOpen) return rejected;
      return { status: 'rejected', reason: this.#explains ? 'evicted' : 'unknown-id', handle: storedId };
    }
    const successor = await this.#grace?.successorOf(stored);
    if (successor === 'replayed') return { ...rejected, replayed: await this.#replayed(stored, call) };
    if (!successor) return rejected;
    const { opened, details, isPending } = successor;
    const { createdAt, renewedAt } = opened;
    const ids = { id, storedId: successor.storedId, byOldId: { details: opened.details, isPending } };
    return this.#deserialized(opened, { createdAt, renewedAt, details }, ids, successor.stored.version);
  }

  async #replayed(rotated: StoredSession, call: SessionCall | undefined): Promise<Replay> {
    const handle = await this.#grace?.storedIdOf(rotated);
    // A connection from before the rotation cannot know the new id.
    const isSent = call !== undefined && call.hasResponse !== false;
    const revoked = handle !== undefined && isSent && this.#revokesReplays;
    if (revoked) await this.#ending.end(handle, 'revoked');
    return { handle, revoked };
  }

  /** `undefined` for a foreign, rotated or ended session. */
  open(stored: StoredSession): OpenedRecord | undefined {
    return this.#records.open(stored);
  }

  /** For lists; of an actor, the actor's own session. Includes sessions of a server whose clock is ahead. */
  peek(stored: StoredSession): (SessionTimes & { readonly value: S }) | undefined {
    const opened = this.#unexpired(stored);
    if (!opened) return undefined;
    try {
      return {
        createdAt: opened.createdAt,
        renewedAt: opened.renewedAt,
        value: this.serializer.deserialize(actorSessionOf(opened).text),
      };
    } catch {
      return undefined;
    }
  }

  #unexpired(stored: StoredSession): OpenedRecord | undefined {
    const opened = this.open(stored);
    return opened && this.limits.expiresAt(opened) > this.now() ? opened : undefined;
  }

  /** For `maxPerOwner`; also a session that a login is about to end. */
  peekPlace(stored: StoredSession):
    | {
        readonly createdAt: number;
        readonly renewedAt: number;
        readonly state: 'settled' | 'pending' | 'stale' | 'leaving';
      }
    | undefined {
    const rotated = isRotated(stored.value) ? rotatedRecordOf(stored.value) : undefined;
    if (rotated?.isEvicted) {
      const before = this.#records.before(rotated);
      return before && { createdAt: before.createdAt, renewedAt: before.renewedAt, state: 'leaving' };
    }
    const session = this.peek(stored);
    if (!session) return undefined;
    const { createdAt, renewedAt } = session;
    if (!this.#records.isPending(stored, this.open(stored) ?? session))
      return { createdAt, renewedAt, state: 'settled' };
    return { createdAt, renewedAt, state: this.now() - createdAt > MAX_LOGIN_IN_MILLISECONDS ? 'stale' : 'pending' };
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

  async restore(handle: string): Promise<void> {
    const stored = await this.storage.read(handle);
    if (stored && isRotated(stored.value)) await this.#rotation.restored(handle, stored);
  }

  /** As {@link peek}, of a handle whose id may have been rotated. */
  async peekByHandle(handle: string): Promise<{ readonly value: S } | undefined> {
    let stored = await this.storage.read(handle);
    for (let rotations = 0; stored && isRotated(stored.value) && rotations < MAX_LISTINGS; rotations++) {
      const { successor, hasGrace } = rotatedRecordOf(stored.value);
      // Without grace, it may be the session of another owner.
      stored = hasGrace ? await this.storage.read(successor) : undefined;
    }
    return stored && this.peek(stored);
  }

  /** Undoes half-done rotations, whose old id still gives its session. */
  listByOwner(storedOwner: string): ReturnType<OwnerIndex['list']> {
    return this.#listByOwner(storedOwner, MAX_LISTINGS);
  }

  async #listByOwner(storedOwner: string, rounds: number): ReturnType<OwnerIndex['list']> {
    const listed = (await this.storage.owners?.list(storedOwner)) ?? [];
    const live = new Set(listed.flatMap(({ id, session }) => (this.open(session) ? [id] : [])));
    let hasMoved = false;
    const present = await Promise.all(
      listed.map(async ({ id, session }) => {
        if (!isRotated(session.value) || live.has(rotatedRecordOf(session.value).successor)) return { id, session };
        const successor = await this.storage.read(rotatedRecordOf(session.value).successor);
        if (!successor || !isUndone(successor.value)) return { id, session };
        const restored = await this.#rotation.restored(id, session);
        hasMoved ||= restored === undefined;
        return { id, session: restored ?? session };
      }),
    );
    // Another request restored it first.
    return hasMoved && rounds > 1 ? this.#listByOwner(storedOwner, rounds - 1) : present;
  }

  async store(session: SessionToTrack<S>): Promise<StoreResult<S>> {
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
    return session.force
      ? { status: 'renewed', session: previous, transportValue: previous.id! }
      : { status: 'unchanged', session: previous };
  }

  async clear(session: TrackedSession<S>): Promise<void> {
    if (session.id === undefined) return;
    const { version, byOldId } = session;
    const present =
      version === undefined || byOldId
        ? undefined
        : { value: '', version, ...this.#records.storedOwner(session.owner, session) };
    await this.#ending.end(this.#storedId(session.id), 'ended', present);
  }

  /** Ignores malformed ids. */
  async clearById(id: string): Promise<void> {
    if (!isSessionId(id)) return;
    await this.#ending.end(this.#storedId(id), 'ended');
  }

  async clearByHandle(handle: string, reason: EndReason = 'revoked'): Promise<void> {
    await this.#ending.end(handle, reason);
  }

  newId(call: SessionCall): string {
    return this.#creation.newId(call);
  }

  /** @param except an id to keep. @param onEnded called with handles. @returns how many were ended. */
  async clearByOwner(
    owner: string,
    except?: string,
    onEnded?: (this: void, handles: readonly string[]) => void,
  ): Promise<number> {
    const { owners } = this.storage;
    if (!owners) return 0;
    const storedOwner = this.storedOwnerOf(owner);
    const exceptHandle = except === undefined ? undefined : await this.#liveHandle(except);
    const listed = (await owners.list(storedOwner)).filter(({ id }) => id !== exceptHandle);
    const handles = listed.filter(({ session }) => this.#unexpired(session) !== undefined).map(({ id }) => id);
    const others = listed.length - handles.length;
    const count = this.#explains
      ? await this.#revokeEach(owners, storedOwner, exceptHandle)
      : Math.max(0, (await owners.invalidateAll(storedOwner, exceptHandle)) - others);
    onEnded?.(handles);
    return count;
  }

  /** One by one, so that each leaves a tombstone. */
  async #revokeEach(owners: OwnerIndex, storedOwner: string, except: string | undefined): Promise<number> {
    let count = 0;
    // A parallel login or rotation may add one.
    for (let round = 0; round < MAX_LISTINGS; round++) {
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

  async #liveHandle(id: string): Promise<string> {
    const handle = this.#storedId(id);
    if (!this.#grace) return handle;
    const stored = await this.storage.read(handle);
    const successor = stored && isRotated(stored.value) ? await this.#grace.successorOf(stored) : undefined;
    return typeof successor === 'object' ? successor.storedId : handle;
  }

  storedOwnerOf(owner: string): string {
    return this.#records.storedOwnerOf(owner);
  }

  handleOf(id: string): string {
    return this.#storedId(id);
  }

  isHandle(handle: unknown): handle is string {
    return this.#storedId === hashSessionId ? isHashedSessionId(handle) : isSessionId(handle);
  }

  changesTransportValue(value: S, previous: TrackedSession<S> | undefined): boolean {
    return previous === undefined || this.ownerOf(value) !== previous.owner;
  }

  override toString(): string {
    return `SessionTrackerById: ${this.storage.constructor.name}`;
  }
}

function isOlderThan(age: number, now: () => number): (session: TrackedSession) => boolean {
  return ({ createdAt, details, byOldId }) => !byOldId && now() - (details?.rotatedAt ?? createdAt) >= age;
}
