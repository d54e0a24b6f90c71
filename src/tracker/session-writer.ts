import { SessionError, SessionStorageUnavailableError } from '../errors/session.errors.js';
import type { SessionSerializer, SessionSnapshot } from '../serializer/session-serializer.js';
import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { ReplaceResult, SessionToStore, StoredSession } from '../storage/session-storage.js';
import type { Login, OwnerLimit } from './owner-limit.js';
import { isSessionId, LONGEST_ID, SHORTEST_ID, type SessionIdProvider } from './session-id-provider.js';
import type { SessionLifetime, SessionTimes } from './session-lifetime.js';
import type { SessionMerge } from './session-merge.js';
import { isEnded, isRotated, type SessionRecords } from './session-records.js';
import { refreshSession } from './session-refresh.js';
import {
  trackedById,
  type SessionIds,
  type SessionToTrack,
  type StoreResult,
  type TrackedSession,
} from './session-tracker.js';

/** Each round of parallel writers has a winner, so this many parallel writers of one session all land. */
const MOST_ATTEMPTS = 256;

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
  /** Fields that others have changed as well. */
  readonly conflicts: readonly string[];
}

type Landed<S extends object> = Extract<StoreResult<S>, { readonly transportValue: string }>;
type Attempt<S extends object> = Landed<S> | Extract<ReplaceResult, { readonly status: 'conflict' | 'gone' }>;

/** What a {@link SessionWriter} works with. */
export interface SessionWriterParts<S extends object> {
  readonly storage: ConditionalSessionStorage;
  readonly records: SessionRecords;
  readonly serializer: SessionSerializer<S>;
  readonly merge: SessionMerge<S>;
  readonly lifetime: SessionLifetime;
  readonly limit: OwnerLimit | undefined;
  readonly newId: SessionIdProvider;
  readonly storedId: (id: string) => string;
  readonly ownerOf: (value: S) => string | undefined;
  /** Only the serialized text is stored, so that two writes may be equal. */
  readonly bare: boolean;
  readonly now: () => number;
}

/** Writes by-id sessions: new ones, changed ones and renewed ones, against whatever other requests do meanwhile. */
export class SessionWriter<S extends object> {
  readonly #storage: ConditionalSessionStorage;
  readonly #records: SessionRecords;
  readonly #serializer: SessionSerializer<S>;
  readonly #merge: SessionMerge<S>;
  readonly #lifetime: SessionLifetime;
  readonly #limit: OwnerLimit | undefined;
  readonly #newId: SessionIdProvider;
  readonly #storedId: (id: string) => string;
  readonly #ownerOf: (value: S) => string | undefined;
  readonly #bare: boolean;
  readonly #now: () => number;

  constructor(parts: SessionWriterParts<S>) {
    this.#storage = parts.storage;
    this.#records = parts.records;
    this.#serializer = parts.serializer;
    this.#merge = parts.merge;
    this.#lifetime = parts.lifetime;
    this.#limit = parts.limit;
    this.#newId = parts.newId;
    this.#storedId = parts.storedId;
    this.#ownerOf = parts.ownerOf;
    this.#bare = parts.bare;
    this.#now = parts.now;
  }

  /** Stores a new session. */
  async create(session: SessionToTrack<S>, text: string): Promise<StoreResult<S>> {
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
    // Ktor's format leaves the length of ids to the application.
    const shortest = this.#bare ? 1 : SHORTEST_ID;
    if (!isSessionId(id) || id.length < shortest) {
      throw new SessionError(
        'SESSION_WRONG_VALUE',
        `A session id must be a text of ${shortest} to ${LONGEST_ID} characters. Let identity make it ` +
          'from random bytes, never from the request: whoever knows an id has the session.',
      );
    }
    if (id === session.previous?.id) {
      throw new SessionError('SESSION_WRONG_VALUE', 'A session id must be a new one each time. Make it random.');
    }
    const owner = this.#ownerOf(session.value);
    const handle = this.#storedId(id);
    const write = async (at: SessionTimes): Promise<Landed<S>> => {
      const version = await this.#storage.write(handle, this.#records.toStore(text, at, owner));
      return {
        status,
        session: trackedById(
          session.value,
          text,
          at,
          { id, storedId: handle },
          version ?? undefined,
          owner,
          snapshotOf(session, text),
        ),
        transportValue: id,
      };
    };
    if (owner === undefined || !this.#limit || owner === session.previous?.owner) return write(times);
    return this.#limit.admit(this.#loginOf(session, handle, owner), times, write);
  }

  #loginOf({ replaces, onRevoked }: SessionToTrack<S>, handle: string, owner: string): Login {
    const replaced = replaces === undefined ? undefined : this.#storedId(replaces);
    return { owner: this.#records.storedOwnerOf(owner), handle, replaces: replaced, onRevoked };
  }

  /** Moves the expiry alone. */
  async renew(previous: TrackedSession<S>): Promise<StoreResult<S>> {
    const times = { createdAt: previous.createdAt, renewedAt: this.#now() };
    const renewed = { ...previous, ...times };
    const { id, storedId } = this.#idsOf(previous);
    const expiresAt = this.#lifetime.expiresAt(times);
    if (this.#storage.touch) {
      // Changed, ended or rotated meanwhile: whoever did that has sent the client what it needs.
      if (!(await this.#storage.touch(storedId, expiresAt, previous.version)))
        return { status: 'unchanged', session: previous };
      return { status: 'renewed', session: renewed, transportValue: previous.id! };
    }
    const toStore = this.#records.toStore(previous.text, times, previous.owner);
    const result = await this.#storage.replace(storedId, toStore, previous.version);
    if (result.status !== 'replaced') return { status: 'unchanged', session: previous };
    const { value, text, owner, snapshot } = previous;
    const session = trackedById(value, text, times, { id, storedId }, result.version, owner, snapshot);
    return { status: 'renewed', session, transportValue: previous.id! };
  }

  /** Stores a change of a session under its id, or under a new one; joins it with what others stored meanwhile. */
  async update(session: SessionToTrack<S>, previous: TrackedSession<S>, first: Revision): Promise<StoreResult<S>> {
    let revision = first;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      // Asked each time: what was joined, or revised anew, may be somebody else's.
      const isRotation = session.rotate || this.#ownerOf(session.value) !== previous.owner;
      let result: Attempt<S>;
      if (isRotation) result = await this.#rotate(session, previous, revision);
      else {
        // Here, and not in a method that would be one promise more: nearly every change comes through here.
        const ids = this.#idsOf(previous);
        const times = { createdAt: previous.createdAt, renewedAt: this.#now() };
        const toStore = this.#records.toStore(revision.mine, times, previous.owner);
        const answer = met(await this.#storage.replace(ids.storedId, toStore, revision.version), toStore);
        result = answer.status === 'replaced' ? changed(session, previous, revision, times, ids, answer) : answer;
      }
      if (result.status === 'gone') return { status: 'gone', reason: 'ended' };
      if (result.status !== 'conflict') return result;
      const { current } = result;
      if (isEnded(current.value)) return { status: 'gone', reason: 'ended' };
      if (isRotated(current.value)) return { status: 'gone', reason: 'rotated' };
      revision = this.#join(session, revision, current);
    }
    throw tooManyConflicts();
  }

  /** Brings a change, and the instance that the application holds, up to what another request has stored. */
  #join(session: SessionToTrack<S>, lost: Revision, current: StoredSession): Revision {
    const { value, revise } = session;
    const theirs = this.#records.open(current)?.text ?? lost.base;
    const merged = this.#merge.merge(lost.base, revise ? lost.unrevised : lost.mine, theirs);
    const joined = this.#canonical(merged.text);
    refreshSession(this.#serializer, value, lost.mine, joined);
    revise?.(value);
    const mine = revise ? this.#serializer.serialize(value) : joined;
    const conflicts = [...new Set([...lost.conflicts, ...merged.conflicts])];
    return { base: theirs, mine, unrevised: joined, version: current.version, conflicts };
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
    { mine, version, conflicts }: Revision,
  ): Promise<Attempt<S>> {
    const now = this.#now();
    const goesOn = !session.restart && this.#ownerOf(session.value) === previous.owner;
    const times = { createdAt: goesOn ? previous.createdAt : now, renewedAt: now };
    const rotated = await this.#created('rotated', session, mine, times);
    const storedId = this.#storedId(rotated.transportValue);
    const retired = this.#records.rotated(storedId, previous.owner);
    try {
      const answer = await this.#storage.replace(this.#idsOf(previous).storedId, retired, version);
      const result = this.#bare ? answer : met(answer, retired);
      if (result.status === 'replaced') return { ...rotated, conflicts };
      await this.#storage.invalidate(storedId);
      return result;
    } catch (error) {
      await this.#storage.invalidate(storedId).catch(() => undefined);
      throw error;
    }
  }

  #idsOf({ id, storedId }: TrackedSession<S>): SessionIds {
    return { id: id!, storedId: storedId ?? this.#storedId(id!) };
  }

  // A merged text may have its fields in another order than the class gives them; change detection compares texts.
  #canonical(text: string): string {
    return this.#serializer.serialize(this.#serializer.deserialize(text));
  }
}

function changed<S extends object>(
  session: SessionToTrack<S>,
  { owner }: TrackedSession<S>,
  { mine, conflicts }: Revision,
  times: SessionTimes,
  ids: SessionIds,
  { version }: Extract<ReplaceResult, { readonly status: 'replaced' }>,
): Landed<S> {
  return {
    status: 'changed',
    session: trackedById(session.value, mine, times, ids, version, owner, snapshotOf(session, mine)),
    transportValue: ids.id,
    conflicts,
  };
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
