import { randomBytes } from 'node:crypto';
import { SessionError, SessionStorageUnavailableError } from '../errors/session.errors.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { ReplaceResult, SessionToStore, StoredSession } from '../storage/session-storage.js';
import { fieldSizes } from './field-sizes.js';
import { wrongValue, type SessionClass } from './session-class.js';
import { openEnvelope, sealEnvelope } from './session-envelope.js';
import { generateSessionId, hashSessionId, type SessionIdProvider } from './session-id-provider.js';
import { SessionLifetime, type SessionTimes } from './session-lifetime.js';
import type { SessionMerge } from './session-merge.js';
import { refreshSession } from './session-refresh.js';
import type { LoadResult, SessionToTrack, SessionTracker, StoreResult, TrackedSession } from './session-tracker.js';

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
  /** The name of an id in the storage. Default {@link hashSessionId}. */
  readonly storedId?: (id: string) => string;
  /** Leaves the times out, so that only the serialized text is stored: the format of Ktor. Default `false`. */
  readonly bare?: boolean;
  /** The clock, in epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/** The value that stands under an id which was exchanged for a new one; no envelope begins like it. */
export const ROTATED = '~rotated';
/** How long it stands there: as long as a request may be under way that still carries the old id. */
const ROTATED_FOR_MILLISECONDS = 60_000;
/** Each round of parallel writers has a winner, so this many parallel writers of one session all land. */
const MOST_ATTEMPTS = 256;
/** No id of ours or of a sane provider is longer; a longer one is not worth hashing. */
const LONGEST_ID = 512;

/**
 * An id travels, the content is in a storage (Ktor: `SessionTrackerById`). Ids are made by the server only; one that
 * it does not know is never adopted. Updates never create a session, and never overwrite what another request wrote
 * meanwhile: parallel changes are merged.
 */
export class SessionTrackerById<S extends object> implements SessionTracker<S> {
  readonly kind = 'by-id';
  readonly storage: ConditionalSessionStorage;
  readonly #name: string;
  readonly #type: SessionClass<S>;
  readonly #serializer: SessionSerializer<S>;
  readonly #merge: SessionMerge<S>;
  readonly #lifetime: SessionLifetime;
  readonly #newId: SessionIdProvider;
  readonly #ownerOf: (value: S) => string | undefined;
  readonly #storedId: (id: string) => string;
  readonly #bare: boolean;
  readonly #now: () => number;
  /** Begins the mark of each write of this tracker, so that no two writes anywhere are equal. */
  readonly #writer = randomBytes(4).toString('base64url');
  #writes = 0;

  constructor(
    type: SessionClass<S>,
    serializer: SessionSerializer<S>,
    storage: ConditionalSessionStorage,
    options: SessionTrackerByIdOptions<S>,
  ) {
    this.#name = options.name;
    this.#type = type;
    this.#serializer = serializer;
    this.storage = storage;
    this.#merge = options.merge;
    this.#lifetime = options.lifetime ?? new SessionLifetime();
    this.#newId = options.sessionIdProvider ?? generateSessionId;
    this.#ownerOf = options.ownerOf ?? (() => undefined);
    this.#storedId = options.storedId ?? hashSessionId;
    this.#bare = options.bare ?? false;
    this.#now = options.now ?? Date.now;
  }

  async load(transportValue: string): Promise<LoadResult<S>> {
    if (transportValue === '' || transportValue.length > LONGEST_ID) return { status: 'rejected', reason: 'malformed' };
    const stored = await this.storage.read(this.#storedId(transportValue));
    if (!stored) return { status: 'rejected', reason: 'unknown' };
    if (stored.value === ROTATED) return { status: 'rejected', reason: 'rotated' };
    const opened = this.open(stored);
    if (!opened) return { status: 'rejected', reason: 'undecodable' };
    if (!this.#lifetime.isAlive(opened, this.#now())) return { status: 'rejected', reason: 'expired' };
    let value: S;
    try {
      value = this.#serializer.deserialize(opened.text);
    } catch {
      return { status: 'rejected', reason: 'undecodable' };
    }
    return {
      status: 'loaded',
      session: tracked(value, opened.text, opened, transportValue, stored.version, this.#ownerOf(value)),
    };
  }

  /** The times and the text of a stored session; `undefined` for one that is not ours or was rotated away. */
  open(stored: StoredSession): (SessionTimes & { readonly text: string }) | undefined {
    const { idle } = this.#lifetime;
    const now = this.#now();
    // A touch moves the expiry alone, so the last renewal shows there. One later than now comes from a time when the
    // idle timeout was longer: then only the envelope is to be believed.
    const touched = idle > 0 ? stored.expiresAt - idle : 0;
    if (this.#bare) {
      const renewedAt = touched > 0 && touched <= now ? touched : now;
      return { createdAt: renewedAt, renewedAt, text: stored.value };
    }
    const envelope = openEnvelope(stored.value, this.#name);
    if (!envelope) return undefined;
    const renewedAt = touched > envelope.renewedAt && touched <= now ? touched : envelope.renewedAt;
    const mark = envelope.text.indexOf('.');
    return { createdAt: envelope.createdAt, renewedAt, text: envelope.text.slice(mark + 1) };
  }

  /** A stored session as an instance, for lists; `undefined` for one that does not count or cannot be read. */
  peek(stored: StoredSession): (SessionTimes & { readonly value: S }) | undefined {
    const opened = stored.value === ROTATED ? undefined : this.open(stored);
    if (!opened || !this.#lifetime.isAlive(opened, this.#now())) return undefined;
    try {
      return {
        createdAt: opened.createdAt,
        renewedAt: opened.renewedAt,
        value: this.#serializer.deserialize(opened.text),
      };
    } catch {
      return undefined;
    }
  }

  async store(session: SessionToTrack<S>): Promise<StoreResult<S>> {
    const { value, previous, revise } = session;
    const unrevised = revise && previous ? this.#serializer.serialize(value) : '';
    revise?.(value);
    const text = (revise ? undefined : session.text) ?? this.#serializer.serialize(value);
    if (!previous) return this.#create(session, text);
    if (session.rotate || this.#ownerOf(value) !== previous.owner) return this.#rotate(session, previous, text);
    if (text !== previous.text || (session.force && revise)) return this.#replace(session, previous, text, unrevised);
    if (this.#lifetime.isRenewalDue(previous, this.#now())) return this.#renew(previous);
    if (session.force) return { status: 'renewed', session: previous, transportValue: previous.id! };
    return { status: 'unchanged', session: previous };
  }

  async clear(session: TrackedSession<S>): Promise<void> {
    if (session.id !== undefined) await this.storage.invalidate(this.#storedId(session.id));
  }

  async clearById(id: string): Promise<void> {
    await this.storage.invalidate(this.#storedId(id));
  }

  /** The name of an owner in the storage, which may hold sessions of other names too. */
  storedOwnerOf(owner: string): string {
    return this.#bare ? owner : `${this.#name}:${owner}`;
  }

  /** The name of an id in the storage: the handle that lists show. */
  handleOf(id: string): string {
    return this.#storedId(id);
  }

  serialize(value: S): string {
    return this.#serializer.serialize(value);
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
    return fieldSizes(this.#serializer, value);
  }

  validate(value: unknown): asserts value is S {
    if (!(value instanceof this.#type)) throw wrongValue(this.#type, value);
  }

  toString(): string {
    return `SessionTrackerById: ${this.storage.constructor.name}`;
  }

  async #create(session: SessionToTrack<S>, text: string): Promise<StoreResult<S>> {
    const now = this.#now();
    return this.#created('created', session, text, { createdAt: now, renewedAt: now });
  }

  async #created(
    status: 'created' | 'rotated',
    session: SessionToTrack<S>,
    text: string,
    times: SessionTimes,
  ): Promise<StoreResult<S> & { status: 'created' | 'rotated' }> {
    const id = this.#newId(session.call);
    if (typeof id !== 'string' || id === '' || id.length > LONGEST_ID) {
      throw new SessionError('SESSION_WRONG_VALUE', `A session id must be a text of 1 to ${LONGEST_ID} characters.`);
    }
    const owner = this.#ownerOf(session.value);
    const version = await this.storage.write(this.#storedId(id), this.#toStore(text, times, owner));
    return {
      status,
      session: tracked(session.value, text, times, id, version ?? undefined, owner),
      transportValue: id,
    };
  }

  async #renew(previous: TrackedSession<S>): Promise<StoreResult<S>> {
    const times = { createdAt: previous.createdAt, renewedAt: this.#now() };
    const renewed = { ...previous, ...times };
    const storedId = this.#storedId(previous.id!);
    const expiresAt = this.#lifetime.expiresAt(times);
    if (this.storage.touch) {
      // Changed, ended or rotated meanwhile: whoever did that has sent the client what it needs.
      if (!(await this.storage.touch(storedId, expiresAt, previous.version)))
        return { status: 'unchanged', session: previous };
      return { status: 'renewed', session: renewed, transportValue: previous.id! };
    }
    const toStore = this.#toStore(previous.text, times, previous.owner);
    const result = await this.storage.replace(storedId, toStore, previous.version);
    if (result.status !== 'replaced') return { status: 'unchanged', session: previous };
    const session = tracked(previous.value, previous.text, times, previous.id!, result.version, previous.owner);
    return { status: 'renewed', session, transportValue: previous.id! };
  }

  async #replace(
    session: SessionToTrack<S>,
    previous: TrackedSession<S>,
    text: string,
    unrevised: string,
  ): Promise<StoreResult<S>> {
    const { value, revise } = session;
    const storedId = this.#storedId(previous.id!);
    const times = { createdAt: previous.createdAt, renewedAt: this.#now() };
    const conflicts = new Set<string>();
    let [base, mine, before, version] = [previous.text, text, unrevised, previous.version];
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const toStore = this.#toStore(mine, times, previous.owner);
      const result = await this.storage.replace(storedId, toStore, version);
      if (result.status === 'gone') return { status: 'gone', reason: 'ended' };
      // A client that lost its connection may have sent the write twice; the second one meets the first.
      if (result.status === 'replaced' || result.current.value === toStore.value) {
        const landed = result.status === 'replaced' ? result.version : result.current.version;
        return {
          status: 'changed',
          session: tracked(value, mine, times, previous.id!, landed, previous.owner),
          transportValue: previous.id!,
          conflicts: [...conflicts],
        };
      }
      if (result.current.value === ROTATED) return { status: 'gone', reason: 'rotated' };
      const theirs = this.open(result.current)?.text ?? base;
      const merged = this.#merge.merge(base, revise ? before : mine, theirs);
      for (const field of merged.conflicts) conflicts.add(field);
      const joined = this.#canonical(merged.text);
      refreshSession(this.#serializer, value, mine, joined);
      revise?.(value);
      [base, before, version] = [theirs, joined, result.current.version];
      mine = revise ? this.#serializer.serialize(value) : joined;
    }
    throw tooManyConflicts();
  }

  /**
   * Writes the session under a new id, then retires the old one: never the other way round, or a failure between the
   * two would lose the session. The old id keeps a mark for a while, so that a request under way that still carries it
   * neither ends the new session's cookie nor finds a session. An old id that was ended meanwhile undoes the new one.
   */
  async #rotate(session: SessionToTrack<S>, previous: TrackedSession<S>, text: string): Promise<StoreResult<S>> {
    const now = this.#now();
    const sameOwner = this.#ownerOf(session.value) === previous.owner;
    const times = { createdAt: sameOwner ? previous.createdAt : now, renewedAt: now };
    let rotated = await this.#created('rotated', session, text, times);
    const retired: SessionToStore = {
      value: ROTATED,
      expiresAt: now + ROTATED_FOR_MILLISECONDS,
      ...this.#storedOwner(previous.owner),
    };
    const undo = async (reason: 'ended' | 'rotated'): Promise<StoreResult<S>> => {
      await this.clear(rotated.session);
      return { status: 'gone', reason };
    };
    let [base, version] = [previous.text, previous.version];
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      let result: ReplaceResult;
      try {
        result = await this.storage.replace(this.#storedId(previous.id!), retired, version);
      } catch (error) {
        await this.clear(rotated.session).catch(() => undefined);
        throw error;
      }
      if (result.status === 'replaced') return rotated;
      if (result.status === 'gone') return undo('ended');
      if (result.current.value === ROTATED) return undo('rotated');
      const theirs = this.open(result.current)?.text ?? base;
      const update = await this.#mergeInto(session, rotated, base, theirs);
      if (update.status !== 'rotated') return undo('ended');
      [rotated, base, version] = [update, theirs, result.current.version];
    }
    await this.clear(rotated.session);
    throw tooManyConflicts();
  }

  /** Adds what another request wrote under the old id to the new session. */
  async #mergeInto(
    session: SessionToTrack<S>,
    rotated: StoreResult<S> & { status: 'created' | 'rotated' },
    base: string,
    theirs: string,
  ): Promise<(StoreResult<S> & { status: 'created' | 'rotated' }) | { status: 'gone' }> {
    const held = rotated.session;
    const joined = this.#canonical(this.#merge.merge(base, held.text, theirs).text);
    if (joined === held.text) return rotated;
    refreshSession(this.#serializer, session.value, held.text, joined);
    const toStore = this.#toStore(joined, held, held.owner);
    const result = await this.storage.replace(this.#storedId(held.id!), toStore, held.version);
    if (result.status !== 'replaced') return { status: 'gone' };
    return { ...rotated, session: tracked(session.value, joined, held, held.id!, result.version, held.owner) };
  }

  // A merged text may have its fields in another order than the class gives them; change detection compares texts.
  #canonical(text: string): string {
    return this.#serializer.serialize(this.#serializer.deserialize(text));
  }

  #toStore(text: string, times: SessionTimes, owner: string | undefined): SessionToStore {
    return {
      value: this.#bare
        ? text
        : sealEnvelope(times, `${this.#writer}${(this.#writes++).toString(36)}.${text}`, this.#name),
      expiresAt: this.#lifetime.expiresAt(times),
      latestExpiry: this.#lifetime.latestExpiry(times),
      ...this.#storedOwner(owner),
    };
  }

  #storedOwner(owner: string | undefined): { owner?: string } {
    return owner === undefined ? {} : { owner: this.storedOwnerOf(owner) };
  }
}

function tracked<S extends object>(
  value: S,
  text: string,
  times: SessionTimes,
  id: string,
  version: string | undefined,
  owner: string | undefined,
): TrackedSession<S> {
  return {
    value,
    text,
    createdAt: times.createdAt,
    renewedAt: times.renewedAt,
    id,
    ...(version === undefined ? {} : { version }),
    ...(owner === undefined ? {} : { owner }),
  };
}

function tooManyConflicts(): SessionStorageUnavailableError {
  return new SessionStorageUnavailableError(
    `A session was changed by other requests ${MOST_ATTEMPTS} times while it was being stored. Try again.`,
  );
}
