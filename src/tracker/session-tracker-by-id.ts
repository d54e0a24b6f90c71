import { randomBytes } from 'node:crypto';
import { SessionError, SessionStorageUnavailableError } from '../errors/session.errors.js';
import type { SessionSerializer, SessionSnapshot } from '../serializer/session-serializer.js';
import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { ReplaceResult, SessionToStore, StoredSession } from '../storage/session-storage.js';
import { fieldSizes } from './field-sizes.js';
import { OwnerLimit, type Login, type MaxPerOwner } from './owner-limit.js';
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
  /** How many sessions an owner may have. Needs `ownerOf`, and a storage with an owner index. Default: no limit. */
  readonly maxPerOwner?: MaxPerOwner;
  /** The name of an id in the storage. Default {@link hashSessionId}. */
  readonly storedId?: (id: string) => string;
  /** Leaves the times out, so that only the serialized text is stored: the format of Ktor. Default `false`. */
  readonly bare?: boolean;
  /**
   * In bare mode: the storage keeps the mark of an exchanged id to itself, so that the mark may name the new one, and
   * ends that with the old one. Default `false`.
   */
  readonly followsRotation?: boolean;
  /** The clock, in epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Begins the value under an id that was exchanged for a new one; behind it stand a dot and the stored name of the new
 * one, except in bare mode.
 */
export const ROTATED = '~rotated';
/** The value under an id that is being ended, for the moment until it is gone. No envelope begins like these two. */
const ENDED = '~ended';
/** How long they stand there: as long as a request may be under way that still carries the id. */
const MARKED_FOR_MILLISECONDS = 60_000;
/** Each round of parallel writers has a winner, so this many parallel writers of one session all land. */
const MOST_ATTEMPTS = 256;
/** How often a session may be given a new id within a minute and still be ended by a request with its first one. */
const MOST_ROTATIONS = 16;
/** No id of ours or of a sane provider is longer; a longer one is not worth hashing. */
const LONGEST_ID = 512;

/** One attempt to store what a request made of a session. */
interface Revision {
  /** The text that the change is measured against: what was loaded, or what another request stored meanwhile. */
  readonly base: string;
  /** The text to be stored. */
  readonly mine: string;
  /** The same before `revise` was applied. */
  readonly unrevised: string;
  /** The stored version that it may replace. */
  readonly version: string | undefined;
}

type Landed<S extends object> = Extract<StoreResult<S>, { readonly transportValue: string }>;
type Attempt<S extends object> = Landed<S> | Extract<ReplaceResult, { readonly status: 'conflict' | 'gone' }>;

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
  readonly #limit: OwnerLimit | undefined;
  readonly #storedId: (id: string) => string;
  readonly #bare: boolean;
  readonly #followed: boolean;
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
    this.#followed = options.followsRotation ?? false;
    this.#now = options.now ?? Date.now;
    this.#limit = options.maxPerOwner && new OwnerLimit(options.name, options.maxPerOwner, this);
  }

  async load(transportValue: string): Promise<LoadResult<S>> {
    if (transportValue === '' || transportValue.length > LONGEST_ID) return { status: 'rejected', reason: 'malformed' };
    const stored = await this.storage.read(this.#storedId(transportValue));
    if (!stored || stored.value === ENDED) return { status: 'rejected', reason: 'unknown' };
    if (stored.value.startsWith(ROTATED)) return { status: 'rejected', reason: 'rotated', id: transportValue };
    const opened = this.open(stored);
    if (!opened) return { status: 'rejected', reason: 'undecodable' };
    if (!this.#lifetime.isAlive(opened, this.#now())) return { status: 'rejected', reason: 'expired' };
    try {
      const value = this.#serializer.deserialize(opened.text);
      const owner = this.#ownerOf(value);
      return {
        status: 'loaded',
        session: tracked(value, opened.text, opened, transportValue, stored.version, owner, this.capture(value)),
      };
    } catch {
      return { status: 'rejected', reason: 'undecodable' };
    }
  }

  /** The times and the text of a stored session; `undefined` for one that is not ours, was rotated away or ended. */
  open(stored: StoredSession): (SessionTimes & { readonly text: string }) | undefined {
    if (stored.value === ENDED || stored.value.startsWith(ROTATED)) return undefined;
    if (this.#bare) {
      const renewedAt = this.#touchedAt(stored, this.#lifetime.idle) ?? this.#now();
      return { createdAt: renewedAt, renewedAt, text: stored.value };
    }
    const envelope = openEnvelope(stored.value, this.#name);
    if (!envelope) return undefined;
    const mark = envelope.text.slice(0, envelope.text.indexOf('.'));
    const touchedAt = this.#touchedAt(stored, Number.parseInt(mark, 36));
    return {
      createdAt: envelope.createdAt,
      renewedAt: Math.max(envelope.renewedAt, touchedAt ?? 0),
      text: envelope.text.slice(mark.length + 1),
    };
  }

  /**
   * A touch moves the expiry alone, so the last renewal shows there.
   * @param idleThen the idle timeout in milliseconds when the session was written. Where the application has another
   *   one now, the longer counts: a session is never taken for younger than it is.
   */
  #touchedAt(stored: StoredSession, idleThen: number): number | undefined {
    const { idle } = this.#lifetime;
    if (idle === 0 || !(idleThen > 0)) return undefined;
    const touchedAt = stored.expiresAt - Math.max(idle, idleThen);
    return touchedAt > 0 && touchedAt <= this.#now() ? touchedAt : undefined;
  }

  /** A stored session as an instance, for lists; `undefined` for one that does not count or cannot be read. */
  peek(stored: StoredSession): (SessionTimes & { readonly value: S }) | undefined {
    const opened = this.open(stored);
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
    if (
      session.rotate ||
      this.#ownerOf(value) !== previous.owner ||
      text !== previous.text ||
      (session.force && revise)
    )
      return this.#update(session, previous, { base: previous.text, mine: text, unrevised, version: previous.version });
    if (this.#lifetime.isRenewalDue(previous, this.#now())) return this.#renew(previous);
    if (session.force) return { status: 'renewed', session: previous, transportValue: previous.id! };
    return { status: 'unchanged', session: previous };
  }

  async clear(session: TrackedSession<S>): Promise<void> {
    if (session.id === undefined) return;
    const { version } = session;
    const present = version === undefined ? undefined : { value: '', version, ...this.#storedOwner(session.owner) };
    await this.#end(this.#storedId(session.id), present);
  }

  async clearById(id: string): Promise<void> {
    await this.#end(this.#storedId(id));
  }

  /** Ends a session by its name in the storage, the handle that lists show; also one that is being rotated. */
  async clearByHandle(handle: string): Promise<void> {
    await this.#end(handle);
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

  capture(value: S): SessionSnapshot<S> | undefined {
    return this.#serializer.capture?.(value);
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
  ): Promise<Landed<S>> {
    const id = this.#newId(session.call);
    if (typeof id !== 'string' || id === '' || id.length > LONGEST_ID) {
      throw new SessionError('SESSION_WRONG_VALUE', `A session id must be a text of 1 to ${LONGEST_ID} characters.`);
    }
    if (id === session.previous?.id) {
      throw new SessionError('SESSION_WRONG_VALUE', 'A session id must be a new one each time. Make it random.');
    }
    const owner = this.#ownerOf(session.value);
    const handle = this.#storedId(id);
    const write = async (at: SessionTimes): Promise<Landed<S>> => {
      const version = await this.storage.write(handle, this.#toStore(text, at, owner));
      return {
        status,
        session: tracked(session.value, text, at, id, version ?? undefined, owner, snapshotOf(session, text)),
        transportValue: id,
      };
    };
    if (owner === undefined || !this.#limit || owner === session.previous?.owner) return write(times);
    return this.#limit.admit(this.#loginOf(session, handle, owner), times, write);
  }

  #loginOf({ replaces, onRevoked }: SessionToTrack<S>, handle: string, owner: string): Login {
    const replaced = replaces === undefined ? undefined : this.#storedId(replaces);
    return { owner: this.storedOwnerOf(owner), handle, replaces: replaced, onRevoked };
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
    const { value, text, owner, snapshot } = previous;
    const session = tracked(value, text, times, previous.id!, result.version, owner, snapshot);
    return { status: 'renewed', session, transportValue: previous.id! };
  }

  /** Stores a change of a session under its id, or under a new one; joins it with what others stored meanwhile. */
  async #update(session: SessionToTrack<S>, previous: TrackedSession<S>, first: Revision): Promise<StoreResult<S>> {
    const conflicts = new Set<string>();
    let revision = first;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      // Asked each time: what was joined, or revised anew, may be somebody else's.
      const isRotation = session.rotate || this.#ownerOf(session.value) !== previous.owner;
      const result = isRotation
        ? await this.#rotate(session, previous, revision)
        : await this.#replace(session, previous, revision);
      if (result.status === 'gone') return { status: 'gone', reason: 'ended' };
      if (result.status !== 'conflict') return { ...result, conflicts: [...conflicts] };
      const { current } = result;
      if (current.value === ENDED) return { status: 'gone', reason: 'ended' };
      if (current.value.startsWith(ROTATED)) return { status: 'gone', reason: 'rotated' };
      revision = this.#join(session, revision, current, conflicts);
    }
    throw tooManyConflicts();
  }

  /** Brings a change, and the instance that the application holds, up to what another request has stored. */
  #join(session: SessionToTrack<S>, lost: Revision, current: StoredSession, conflicts: Set<string>): Revision {
    const { value, revise } = session;
    const theirs = this.open(current)?.text ?? lost.base;
    const merged = this.#merge.merge(lost.base, revise ? lost.unrevised : lost.mine, theirs);
    for (const field of merged.conflicts) conflicts.add(field);
    const joined = this.#canonical(merged.text);
    refreshSession(this.#serializer, value, lost.mine, joined);
    revise?.(value);
    const mine = revise ? this.#serializer.serialize(value) : joined;
    return { base: theirs, mine, unrevised: joined, version: current.version };
  }

  async #replace(
    session: SessionToTrack<S>,
    previous: TrackedSession<S>,
    { mine, version }: Revision,
  ): Promise<Attempt<S>> {
    const id = previous.id!;
    const times = { createdAt: previous.createdAt, renewedAt: this.#now() };
    const toStore = this.#toStore(mine, times, previous.owner);
    const result = met(await this.storage.replace(this.#storedId(id), toStore, version), toStore);
    if (result.status !== 'replaced') return result;
    return {
      status: 'changed',
      session: tracked(session.value, mine, times, id, result.version, previous.owner, snapshotOf(session, mine)),
      transportValue: id,
    };
  }

  /**
   * Writes the session under a new id, then retires the old one: never the other way round, or a failure between the
   * two would lose the session. The old id keeps a mark for a while, so that a request under way that still carries it
   * neither ends the new session's cookie nor finds a session, and can still end it. Where the old one cannot be
   * retired, the new one goes: there are never two.
   */
  async #rotate(
    session: SessionToTrack<S>,
    previous: TrackedSession<S>,
    { mine, version }: Revision,
  ): Promise<Attempt<S>> {
    const now = this.#now();
    const isSameOwner = this.#ownerOf(session.value) === previous.owner;
    const times = { createdAt: isSameOwner ? previous.createdAt : now, renewedAt: now };
    const rotated = await this.#created('rotated', session, mine, times);
    const storedId = this.#storedId(rotated.transportValue);
    const retired = {
      value: this.#bare && !this.#followed ? ROTATED : `${ROTATED}.${storedId}`,
      expiresAt: now + MARKED_FOR_MILLISECONDS,
      ...this.#storedOwner(previous.owner),
    };
    try {
      const answer = await this.storage.replace(this.#storedId(previous.id!), retired, version);
      const result = this.#bare ? answer : met(answer, retired);
      if (result.status === 'replaced') return rotated;
      await this.storage.invalidate(storedId);
      return result;
    } catch (error) {
      await this.storage.invalidate(storedId).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Ends what is stored under an id, or under the one that it was exchanged for meanwhile: a request that ends a session
   * must not lose to one that rotates it. The mark in between tells a rotation under way that it came too late. In bare
   * mode, where others read the storage too, there is none, and only what stands under the id is ended, unless the storage
   * follows rotations itself.
   * @param present what is known to be stored; read where it is not.
   */
  async #end(
    storedId: string,
    present?: Pick<StoredSession, 'value' | 'version' | 'owner'>,
    rotations = 0,
  ): Promise<void> {
    if (this.#bare) return void (await this.storage.invalidate(storedId));
    let current = present ?? (await this.storage.read(storedId));
    for (let attempt = 0; current?.version !== undefined && attempt < MOST_ATTEMPTS; attempt++) {
      if (current.value.startsWith(ROTATED)) break;
      const ended = {
        value: ENDED,
        expiresAt: this.#now() + MARKED_FOR_MILLISECONDS,
        ...(current.owner === undefined ? {} : { owner: current.owner }),
      };
      const result = await this.storage.replace(storedId, ended, current.version);
      current = result.status === 'conflict' ? result.current : undefined;
    }
    if (current?.value.startsWith(ROTATED) && rotations < MOST_ROTATIONS) {
      await this.#end(current.value.slice(ROTATED.length + 1), undefined, rotations + 1);
    }
    await this.storage.invalidate(storedId);
  }

  // A merged text may have its fields in another order than the class gives them; change detection compares texts.
  #canonical(text: string): string {
    return this.#serializer.serialize(this.#serializer.deserialize(text));
  }

  #toStore(text: string, times: SessionTimes, owner: string | undefined): SessionToStore {
    return {
      value: this.#bare ? text : sealEnvelope(times, `${this.#mark()}.${text}`, this.#name),
      expiresAt: this.#lifetime.expiresAt(times),
      latestExpiry: this.#lifetime.latestExpiry(times),
      ...this.#storedOwner(owner),
    };
  }

  // The idle timeout, by which a touch is found again, and what makes no two writes anywhere equal.
  #mark(): string {
    return `${this.#lifetime.idle.toString(36)}~${this.#writer}${(this.#writes++).toString(36)}`;
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
  snapshot: SessionSnapshot<S> | undefined,
): TrackedSession<S> {
  const { createdAt, renewedAt } = times;
  return { value, text, createdAt, renewedAt, id, version, owner, snapshot };
}

// What was joined with other requests' changes is not what the caller has seen.
function snapshotOf<S extends object>(session: SessionToTrack<S>, stored: string): SessionSnapshot<S> | undefined {
  return stored === session.text ? session.snapshot : undefined;
}

// A client that lost its connection may have sent the write twice; the second one meets the first.
function met(result: ReplaceResult, toStore: SessionToStore): ReplaceResult {
  if (result.status !== 'conflict' || result.current.value !== toStore.value) return result;
  const { version } = result.current;
  return { status: 'replaced', ...(version === undefined ? {} : { version }) };
}

function tooManyConflicts(): SessionStorageUnavailableError {
  return new SessionStorageUnavailableError(
    `A session was changed by other requests ${MOST_ATTEMPTS} times while it was being stored. Try again.`,
  );
}
