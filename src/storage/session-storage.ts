/** The `expiresAt` of a session without a limit: 13 digits, in the year 2286. */
export const NEVER = 9_999_999_999_999;

/** A session as stored. `value` is opaque to the storage. */
export interface StoredSession {
  readonly value: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Opaque; changes with every `write` and `replace`, never with `touch`. Absent: the storage has no versions. */
  readonly version?: string;
  /** The session's owner. Set by the first write of the id, then fixed. */
  readonly owner?: string;
}

/** A session to be written. */
export interface SessionToStore {
  readonly value: string;
  /** Epoch milliseconds. In the past: the session reads as absent. */
  readonly expiresAt: number;
  /**
   * Epoch milliseconds that no later `touch` or `replace` of this id will exceed; limits the lifetime of the owner
   * index.
   */
  readonly latestExpiry?: number;
  readonly owner?: string;
}

/** The result of {@link ConditionalStorage.replace}. */
export type ReplaceResult =
  | { readonly status: 'replaced'; readonly version?: string }
  /** Another version is stored. Nothing was written; `current` is the stored session. */
  | { readonly status: 'conflict'; readonly current: StoredSession }
  /** The session has ended or expired. Nothing was written. */
  | { readonly status: 'gone' };

/** Milliseconds that the tombstone of an ended id is kept: longer than any request or resent command. */
export const TOMBSTONE_IN_MILLISECONDS = 60_000;

/**
 * Stores sessions by id (Ktor: `SessionStorage`, with its three methods).
 *
 * **Ids** are SHA-256 hashes of the client's id: 43 characters of `[A-Za-z0-9_-]`. A storage that accepts other ids
 * must treat them as data, never as a path, pattern or statement.
 *
 * **Absence is a value, failure is a rejection**: an unknown, ended or expired id reads as `undefined`; a backend that
 * cannot answer rejects.
 *
 * **Expiry** is the storage's duty: from `expiresAt` on, a session reads as absent, no matter when it is removed.
 *
 * **Tombstones.** A storage with `create` remembers an ended id for a minute ({@link TOMBSTONE_IN_MILLISECONDS}): it
 * reads as absent, and neither `create` nor `replace` nor `touch` revives it. So a command that a client resends after
 * a broken connection cannot undo a logout. If the tombstone cannot be written (backend full or read-only), the session
 * is removed without one.
 *
 * The three methods are enough; a storage without {@link ConditionalStorage} is guarded within one process. The other
 * interfaces are capabilities, detected by their methods.
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
    Partial<DistributedStorage>,
    Partial<ClosableStorage> {
  /** @returns the session, or `undefined` for an unknown, ended or expired id. */
  read(id: string): Promise<StoredSession | undefined>;

  /**
   * Stores unconditionally, also over a tombstone. The library calls it only if there is no `create`.
   * @returns the version written, if the storage has versions.
   */
  write(id: string, session: SessionToStore): Promise<string | void>;

  /**
   * Ends a session. Idempotent.
   * @returns whether it existed, if the storage can tell.
   */
  invalidate(id: string): Promise<boolean | void>;
}

/** Conditional writes. Implement both methods or neither. */
export interface ConditionalStorage {
  /**
   * Stores a new session, unless a live session or a tombstone has the id.
   * @returns the version written, or `undefined` if the id is taken and nothing was written.
   */
  create(id: string, session: SessionToStore): Promise<string | undefined>;

  /**
   * Replaces an existing session; never creates one. With `version`, only if that is still the stored version.
   * `session.owner` is the stored one: the owner of an id never changes.
   */
  replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult>;
}

/** Renewal without writing the value. */
export interface TouchableStorage {
  /**
   * Extends the expiry; never shortens it, never creates, never changes value or version. With `version`, only if that
   * is still the stored version.
   * @param latestExpiry epoch milliseconds that no later `touch` will exceed; extends the owner index if needed.
   * @returns `false` if the session does not exist or has another version.
   */
  touch(id: string, expiresAt: number, version?: string, latestExpiry?: number): Promise<boolean>;
}

/** Several reads in one round trip. */
export interface BatchReading {
  /** @returns the result of {@link SessionStorage.read} for each id, in the same order. */
  readMany(ids: readonly string[]): Promise<ReadonlyArray<StoredSession | undefined>>;
}

/** Indexes sessions by owner. */
export interface OwnedStorage {
  readonly owners: OwnerIndex;
}

/** Keeps expired sessions until `sweep` is called. */
export interface SweptStorage {
  /**
   * Removes expired sessions, for engines that do not do so themselves.
   * @param limit maximum number; default: all.
   * @returns the number removed.
   */
  sweep(limit?: number): Promise<number>;
}

/** Health checks of the backend. */
export interface MonitoredStorage {
  /** Resolves if the backend answers, else rejects. For health checks. */
  ping(): Promise<void>;

  /**
   * Checks the backend for settings that endanger sessions. Called once after start; a rejection is ignored.
   * @returns one sentence per problem, with the fix; empty if there is none or it is unknown.
   */
  inspect(): Promise<readonly string[]>;
}

/** Has a size limit and evicts live sessions. */
export interface EvictingStorage {
  /**
   * Calls `listener` with the number of live sessions at each eviction.
   * @returns a function that stops it.
   */
  watchEvictions(listener: (count: number) => void): () => void;
}

/** Keeps sessions on several nodes that fail one by one. */
export interface DistributedStorage {
  /**
   * Names the node that keeps a session, without a call of the backend.
   * @returns `undefined` if it is unknown.
   */
  nodeOf(id: string): string | undefined;
}

/** Holds resources. */
export interface ClosableStorage {
  /** The storage owns its client: {@link close} closes it, and `SessionsModule` calls that last. */
  readonly ownsClient?: boolean;

  /** Releases what the storage opened: timers, files. Never a client or pool that it was given, unless `ownsClient`. */
  close(): Promise<void>;
}

/** Lists and ends the sessions of one owner. */
export interface OwnerIndex {
  /** The owner's live sessions, in any order. */
  list(owner: string): Promise<ReadonlyArray<{ readonly id: string; readonly session: StoredSession }>>;

  /**
   * Ends all sessions of an owner, each with a tombstone, including one that is rotating.
   * @param except the id of a session to keep.
   * @returns the number ended.
   */
  invalidateAll(owner: string, except?: string): Promise<number>;
}
