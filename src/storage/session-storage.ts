/** A moment that never comes, as the `expiresAt` of a session without any limit: 13 digits, in the year 2286. */
export const NEVER = 9_999_999_999_999;

/** A session as a storage keeps it. The storage never looks into `value`. */
export interface StoredSession {
  readonly value: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Opaque; changes with every `write` and `replace`, never with `touch`. Absent: the storage has no versions. */
  readonly version?: string;
  /** Whose session it is. Fixed when the id is written first. */
  readonly owner?: string;
}

/** A session on its way into a storage. */
export interface SessionToStore {
  readonly value: string;
  /** Epoch milliseconds. A moment that has passed: the session is stored as if it were not. */
  readonly expiresAt: number;
  /** Epoch milliseconds that no later `touch` or `replace` of this id will exceed; bounds the owner index. */
  readonly latestExpiry?: number;
  readonly owner?: string;
}

/** What became of a {@link ConditionalStorage.replace}. */
export type ReplaceResult =
  | { readonly status: 'replaced'; readonly version?: string }
  /** The stored version is another one. Nothing was written; `current` is what is stored now. */
  | { readonly status: 'conflict'; readonly current: StoredSession }
  /** There is no such session any more: ended or expired. Nothing was written. */
  | { readonly status: 'gone' };

/** How long the tombstone of an ended id stays, in milliseconds: longer than any request or resent command. */
export const TOMBSTONE_IN_MILLISECONDS = 60_000;

/**
 * Keeps sessions by id (Ktor: `SessionStorage`, with its three verbs).
 *
 * **Ids** that reach a storage are SHA-256 hashes of the client's id: 43 characters of `[A-Za-z0-9_-]`. A storage that
 * may be called with other ids must treat every id as data, never as a path, pattern or statement.
 *
 * **Absence is a value, failure is a rejection**, and the two are never confused: an unknown, ended or expired id reads
 * as `undefined`; a backend that cannot answer rejects.
 *
 * **Expiry** is the storage's duty: from `expiresAt` on, a session reads as absent, no matter when it is removed.
 *
 * **Tombstones.** A storage with `create` remembers an ended id for a minute ({@link TOMBSTONE_IN_MILLISECONDS}): it reads
 * as absent, and neither `create` nor `replace` nor `touch` revives it. So a command that a client sends again after a
 * broken connection cannot undo a logout. Where the tombstone cannot be written, because the backend is full or refuses
 * writes, the session is removed without one.
 *
 * The three verbs alone are enough; a storage without {@link ConditionalStorage} is guarded within one process. The
 * other interfaces are capabilities, recognized by their methods.
 */
export interface SessionStorage
  extends
    Partial<ConditionalStorage>,
    Partial<TouchableStorage>,
    Partial<BatchReading>,
    Partial<OwnedStorage>,
    Partial<SweptStorage>,
    Partial<MonitoredStorage>,
    Partial<EvictingStorage>,
    Partial<ClosableStorage> {
  /** @returns the session, or `undefined` for an unknown, ended or expired id. */
  read(id: string): Promise<StoredSession | undefined>;

  /**
   * Stores unconditionally, also over a tombstone. The library calls it only where there is no `create`.
   * @returns the version written, where the storage has versions.
   */
  write(id: string, session: SessionToStore): Promise<string | void>;

  /**
   * Ends a session. Idempotent.
   * @returns whether there was one, where the storage can tell.
   */
  invalidate(id: string): Promise<boolean | void>;
}

/** Writes that look at what is stored. Both methods or neither. */
export interface ConditionalStorage {
  /**
   * Stores a new session, unless the id is taken: by a session that has not expired, or by a tombstone.
   * @returns the version written, or `undefined` where the id is taken and nothing was written.
   */
  create(id: string, session: SessionToStore): Promise<string | undefined>;

  /**
   * Replaces an existing session; never creates one. With `version`, only if that is still the stored version.
   * `session.owner` is the one that was read: the owner of an id never changes.
   */
  replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult>;
}

/** Renewal without writing the value. */
export interface TouchableStorage {
  /**
   * Moves the expiry later; never earlier, never creates, never changes value or version. With `version`, only if
   * that is still the stored version: a session that was changed or rotated meanwhile is left alone.
   * @param latestExpiry epoch milliseconds that no later `touch` will exceed; extends the owner index where needed.
   * @returns `false` when there is no such session, or no longer that version of it.
   */
  touch(id: string, expiresAt: number, version?: string, latestExpiry?: number): Promise<boolean>;
}

/** Several reads in one round trip. */
export interface BatchReading {
  /** @returns for each id what {@link SessionStorage.read} would, in the same order. */
  readMany(ids: readonly string[]): Promise<ReadonlyArray<StoredSession | undefined>>;
}

/** Knows whose sessions it keeps. */
export interface OwnedStorage {
  readonly owners: OwnerIndex;
}

/** Keeps expired sessions until it is told to remove them. */
export interface SweptStorage {
  /**
   * Removes expired sessions of an engine that does not do so by itself.
   * @param limit how many at most; default: all.
   * @returns how many were removed.
   */
  sweep(limit?: number): Promise<number>;
}

/** Tells how its backend is. */
export interface MonitoredStorage {
  /** Resolves when the backend answers, rejects when it does not. For health checks. */
  ping(): Promise<void>;

  /**
   * Checks whether the backend is set up in a way that endangers sessions. Called once, when the application has
   * started; a rejection is ignored.
   * @returns one sentence for the log per problem, with what to do about it; empty when all is well or unknown.
   */
  inspect(): Promise<readonly string[]>;
}

/** Has bounds, and ends live sessions to stay within them. */
export interface EvictingStorage {
  /**
   * Calls `listener` with the number of live sessions that had to go, each time that some had.
   * @returns what stops that.
   */
  watchEvictions(listener: (count: number) => void): () => void;
}

/** Holds resources of its own. */
export interface ClosableStorage {
  /** It owns the client that it was given: {@link close} closes it, and `SessionsModule` calls that last of all. */
  readonly ownsClient?: boolean;

  /** Frees what the storage itself opened: timers, files. Never a client or pool that was handed to it. */
  close(): Promise<void>;
}

/** Finds and ends the sessions of one owner. */
export interface OwnerIndex {
  /** The owner's live sessions, in no promised order. */
  list(owner: string): Promise<ReadonlyArray<{ readonly id: string; readonly session: StoredSession }>>;

  /**
   * Ends all sessions of an owner, each with a tombstone, also one that is being rotated at the same time.
   * @param except the id of one that stays.
   * @returns how many were ended.
   */
  invalidateAll(owner: string, except?: string): Promise<number>;
}
