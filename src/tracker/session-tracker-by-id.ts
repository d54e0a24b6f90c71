import { ownOf } from './session-acting.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionSerializer, SessionSnapshot } from '../serializer/session-serializer.js';
import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { StoredSession } from '../storage/session-storage.js';
import { fieldSizes } from './field-sizes.js';
import { isSameAsRead } from './same-as-read.js';
import { OwnerLimit, type MaxPerOwner, type MaxPerOwnerOf } from './owner-limit.js';
import { wrongValue, type SessionClass } from './session-class.js';
import { SessionEnding } from './session-ending.js';
import { SessionLifetime, type SessionTimes } from './session-lifetime.js';
import type { SessionMerge } from './session-merge.js';
import {
  generateSessionId,
  hashSessionId,
  isHashedSessionId,
  isSessionId,
  LONGEST_ID,
  type SessionIdCall,
  type SessionIdProvider,
} from './session-id-provider.js';
import { SessionCreation } from './session-creation.js';
import { SessionWriter, type Pause } from './session-writer.js';
import { unreadable } from './unreadable-session.js';
import { isEnded, isRotated, isUndone, SessionRecords, type OpenedRecord } from './session-records.js';
import { SessionRotation } from './session-rotation.js';
import {
  trackedById,
  type CompleteSessionTracker,
  type LoadResult,
  type SessionToTrack,
  type StoreResult,
  type TrackedSession,
} from './session-tracker.js';

/** What a {@link SessionTrackerById} may be told. */
export interface SessionTrackerByIdOptions<S extends object> {
  /** The session's name: keeps it apart from others in the same storage, contents and owners alike. */
  readonly name: string;
  /** Joins parallel changes. */
  readonly merge: SessionMerge<S>;
  readonly lifetime?: SessionLifetime;
  /** Makes the ids. Default {@link generateSessionId}. */
  readonly sessionIdProvider?: SessionIdProvider;
  /** Whose session it is. A change of it gives the session a new id. */
  readonly ownerOf?: (value: S) => string | undefined;
  /** How many sessions an owner may have. Needs `ownerOf`, and a storage with an owner index. Default: no limit. */
  readonly maxPerOwner?: MaxPerOwner | MaxPerOwnerOf<S>;
  /** The name of an id in the storage. Default {@link hashSessionId}. */
  readonly storedId?: (id: string) => string;
  /** Throws {@link InvalidSession} for a loaded session that does not count. */
  readonly check?: (value: S) => void;
  /** Leaves the times out, so that only the serialized text is stored: the format of Ktor. Default `false`. */
  readonly bare?: boolean;
  /**
   * In bare mode: the storage keeps the mark of an exchanged id to itself, so that the mark may name the new one, and
   * ends that with the old one. Default `false`.
   */
  readonly followsRotation?: boolean;
  /** The clock, in epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
  /** Waits between attempts of a change that loses to other processes. Default: a random time that grows. */
  readonly pause?: Pause;
}

/**
 * An id travels, the content is in a storage (Ktor: `SessionTrackerById`). Ids are made by the server only; one that
 * it does not know is never adopted. Updates never create a session, and never overwrite what another request wrote
 * meanwhile: parallel changes are merged.
 */
export class SessionTrackerById<S extends object> implements CompleteSessionTracker<S> {
  readonly kind = 'by-id';
  readonly storage: ConditionalSessionStorage;
  /** Makes the ids (Ktor: `sessionIdProvider`). */
  readonly sessionIdProvider: SessionIdProvider;
  readonly type: SessionClass<S>;
  readonly serializer: SessionSerializer<S>;
  readonly lifetime: SessionLifetime | undefined;
  readonly keepsActors: boolean;
  readonly #lifetime: SessionLifetime;
  readonly #ownerOf: (value: S) => string | undefined;
  readonly #storedId: (id: string) => string;
  readonly #now: () => number;
  readonly #check: ((value: S) => void) | undefined;
  readonly #records: SessionRecords;
  readonly #creation: SessionCreation<S>;
  readonly #rotation: SessionRotation<S>;
  readonly #writer: SessionWriter<S>;
  readonly #ending: SessionEnding;

  constructor(
    type: SessionClass<S>,
    serializer: SessionSerializer<S>,
    storage: ConditionalSessionStorage,
    options: SessionTrackerByIdOptions<S>,
  ) {
    const { name, merge, maxPerOwner, bare = false, followsRotation = false } = options;
    if (maxPerOwner && !options.ownerOf) {
      throw new SessionConfigurationError(
        `Session "${name}": maxPerOwner needs ownerOf, which says whose session it is.`,
      );
    }
    this.type = type;
    this.#check = options.check;
    this.serializer = serializer;
    this.storage = storage;
    this.sessionIdProvider = options.sessionIdProvider ?? generateSessionId;
    this.#lifetime = options.lifetime ?? new SessionLifetime();
    this.lifetime = bare ? undefined : this.#lifetime;
    this.keepsActors = !bare;
    this.#ownerOf = options.ownerOf ?? (() => undefined);
    this.#storedId = options.storedId ?? hashSessionId;
    this.#now = options.now ?? (() => Date.now());
    this.#records = new SessionRecords({ name, lifetime: this.#lifetime, bare, followsRotation, now: this.#now });
    this.#creation = new SessionCreation({
      storage,
      records: this.#records,
      lifetime: this.#lifetime,
      limit: maxPerOwner && new OwnerLimit(name, maxPerOwner, this),
      newId: this.sessionIdProvider,
      storedId: this.#storedId,
      ownerOf: this.#ownerOf,
      bare,
      now: this.#now,
    });
    this.#rotation = new SessionRotation({ storage, records: this.#records, creation: this.#creation, bare });
    this.#writer = new SessionWriter({
      storage,
      records: this.#records,
      rotation: this.#rotation,
      serializer,
      merge,
      lifetime: this.#lifetime,
      storedId: this.#storedId,
      ownerOf: this.#ownerOf,
      now: this.#now,
      pause: options.pause,
    });
    this.#ending = new SessionEnding(storage, this.#records, bare);
  }

  // These are no async functions where a promise that is there already will do: every request comes through here.
  load(transportValue: string): Promise<LoadResult<S>> {
    if (transportValue === '' || transportValue.length > LONGEST_ID) {
      return Promise.resolve({ status: 'rejected', reason: 'malformed' });
    }
    const storedId = this.#storedId(transportValue);
    return Promise.resolve(this.storage.read(storedId)).then((stored) =>
      this.#loaded(transportValue, storedId, stored),
    );
  }

  reload(session: TrackedSession<S>): Promise<LoadResult<S>> {
    return this.load(session.id ?? '');
  }

  #loaded(id: string, storedId: string, stored: StoredSession | undefined): LoadResult<S> | Promise<LoadResult<S>> {
    if (!stored || isEnded(stored.value) || isUndone(stored.value)) return { status: 'rejected', reason: 'unknown' };
    if (isRotated(stored.value)) return this.#loadRotated(id, storedId, stored);
    const opened = this.#records.open(stored);
    if (!opened) return { status: 'rejected', reason: 'undecodable' };
    const now = this.#now();
    if (this.#lifetime.isInFuture(opened, now)) return { status: 'rejected', reason: 'future', id };
    if (!this.#lifetime.isAlive(opened, now)) return { status: 'rejected', reason: 'expired' };
    try {
      const value = this.serializer.deserialize(opened.text);
      this.#check?.(value);
      const owner = this.#ownerOf(value);
      const ids = { id, storedId };
      const { version } = stored;
      return {
        status: 'loaded',
        session: trackedById(value, opened.text, opened, ids, version, owner, this.capture(value), opened.marks),
      };
    } catch (error) {
      return unreadable(this.serializer, opened.text, error, id);
    }
  }

  async #loadRotated(id: string, storedId: string, stored: StoredSession): Promise<LoadResult<S>> {
    const restored = await this.#rotation.restored(storedId, stored);
    return restored ? this.#loaded(id, storedId, restored) : { status: 'rejected', reason: 'rotated', id };
  }

  /** A stored session; `undefined` for one that is not ours, was rotated away or ended. */
  open(stored: StoredSession): OpenedRecord | undefined {
    return this.#records.open(stored);
  }

  /**
   * A stored session as an instance, for lists; `undefined` for one that does not count or cannot be read. Where
   * somebody acts for another in it, it is their own session.
   */
  peek(stored: StoredSession): (SessionTimes & { readonly value: S }) | undefined {
    const opened = this.open(stored);
    if (!opened || !this.#lifetime.isAlive(opened, this.#now())) return undefined;
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
      this.#ownerOf(value) !== previous.owner ||
      text !== previous.text ||
      session.details !== undefined ||
      (session.force && revise)
    )
      return this.#writer.update(session, previous, text, unrevised);
    if (this.#lifetime.isRenewalDue(previous, this.#now())) return this.#writer.renew(previous);
    return Promise.resolve(
      session.force
        ? { status: 'renewed', session: previous, transportValue: previous.id! }
        : { status: 'unchanged', session: previous },
    );
  }

  async clear(session: TrackedSession<S>): Promise<void> {
    if (session.id === undefined) return;
    const { version } = session;
    const present =
      version === undefined ? undefined : { value: '', version, ...this.#records.storedOwner(session.owner, session) };
    await this.#ending.end(this.#storedId(session.id), present);
  }

  /** Ends a session by its id; does nothing for what can be no id. */
  async clearById(id: string): Promise<void> {
    if (!isSessionId(id)) return;
    await this.#ending.end(this.#storedId(id));
  }

  /** Ends a session by its name in the storage, the handle that lists show; also one that is being rotated. */
  async clearByHandle(handle: string): Promise<void> {
    await this.#ending.end(handle);
  }

  newId(call: SessionIdCall): string {
    return this.#creation.newId(call);
  }

  /**
   * Ends all sessions of an owner, for a storage with an owner index.
   * @param except the id of one that stays. @returns how many sessions were ended; records of ids that were given up
   *   do not count.
   */
  async clearByOwner(owner: string, except?: string): Promise<number> {
    const { owners } = this.storage;
    if (!owners) return 0;
    const storedOwner = this.storedOwnerOf(owner);
    const exceptHandle = except === undefined ? undefined : this.#storedId(except);
    const listed = (await owners.list(storedOwner)).filter(({ id }) => id !== exceptHandle);
    const others = listed.filter(({ session }) => this.open(session) === undefined).length;
    return Math.max(0, (await owners.invalidateAll(storedOwner, exceptHandle)) - others);
  }

  /** The name of an owner in the storage, which may hold sessions of other names too. */
  storedOwnerOf(owner: string): string {
    return this.#records.storedOwnerOf(owner);
  }

  /** The name of an id in the storage: the handle that lists show. */
  handleOf(id: string): string {
    return this.#storedId(id);
  }

  /** Whether something can be a handle. */
  isHandle(handle: unknown): handle is string {
    return this.#storedId === hashSessionId ? isHashedSessionId(handle) : isSessionId(handle);
  }

  serialize(value: S): string {
    return this.serializer.serialize(value);
  }

  read(text: string): S {
    return this.serializer.deserialize(text);
  }

  capture(value: S): SessionSnapshot<S> | undefined {
    return this.serializer.capture?.(value);
  }

  isUnchanged(value: S, { text }: TrackedSession<S>): boolean {
    return isSameAsRead(this.serializer, text, value);
  }

  isRenewalDue(session: TrackedSession<S>): boolean {
    return this.#lifetime.isRenewalDue(session, this.#now());
  }

  ownerOf(value: S): string | undefined {
    return this.#ownerOf(value);
  }

  changesTransportValue(value: S, previous: TrackedSession<S> | undefined): boolean {
    return previous === undefined || this.#ownerOf(value) !== previous.owner;
  }

  fieldSizes(value: S): ReadonlyArray<{ readonly name: string; readonly size: number }> {
    return fieldSizes(this.serializer, value);
  }

  validate(value: unknown): asserts value is S {
    if (!(value instanceof this.type)) throw wrongValue(this.type, value);
  }

  toString(): string {
    return `SessionTrackerById: ${this.storage.constructor.name}`;
  }
}
