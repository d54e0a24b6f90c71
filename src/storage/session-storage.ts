/** `expiresAt` of an unlimited session: 13 digits, in the year 2286. */
export const NEVER = 9_999_999_999_999;

/** `value` is opaque to the storage. */
export interface StoredSession {
  readonly value: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Opaque; changes with every `write` and `replace`, never with `touch`. Absent if the storage has no versions. */
  readonly version?: string;
  /** Set by the first write of the id, then fixed. */
  readonly owner?: string;
}

export interface SessionToStore {
  readonly value: string;
  /** Epoch milliseconds. In the past: the session reads as absent. */
  readonly expiresAt: number;
  /**
   * Milliseconds from now until `expiresAt`, for short-lived records. `create` and `replace` count them by the clock
   * of the storage, see {@link expiryOf}. A storage without a clock of its own may ignore it.
   */
  readonly expiresIn?: number;
  /** Epoch milliseconds that no later `touch` or `replace` will exceed; the lifetime of the owner index. */
  readonly latestExpiry?: number;
  readonly owner?: string;
}

export type ReplaceResult =
  | { readonly status: 'replaced'; readonly version?: string }
  /** Another version is stored: `current`. Nothing was written. */
  | { readonly status: 'conflict'; readonly current: StoredSession }
  /** The session has ended or expired. Nothing was written. */
  | { readonly status: 'gone' };

/** The expiry of a session that is stored at `now` by the clock of the storage, in epoch milliseconds. */
export function expiryOf({ expiresAt, expiresIn }: SessionToStore, now: number): number {
  return expiresIn === undefined ? expiresAt : now + expiresIn;
}

/** Lifetime of a tombstone: longer than any request or resent command. */
export const TOMBSTONE_IN_MILLISECONDS = 60_000;

/**
 * Stores sessions by id (Ktor: `SessionStorage`). The three methods are enough; the other interfaces are capabilities,
 * detected by their methods.
 *
 * **Ids** are SHA-256 hashes of the client's id: 43 characters of `[A-Za-z0-9_-]`. Never use others as a path, pattern
 * or statement.
 *
 * **Absence and failure.** An unknown, ended or expired id reads as `undefined`; a backend failure rejects.
 *
 * **Expiry.** From `expiresAt` on, a session reads as absent, whether removed or not.
 *
 * **Tombstones.** A storage with `create` remembers an ended id for {@link TOMBSTONE_IN_MILLISECONDS}: `create`,
 * `replace` and `touch` do not revive it, so a resent command cannot undo a logout. If the tombstone cannot be written
 * (backend full or read-only), the session is removed without one.
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
  /** @returns `undefined` for an unknown, ended or expired id. */
  read(id: string): Promise<StoredSession | undefined>;

  /**
   * Writes unconditionally, even over a tombstone. Called only if there is no `create`.
   * @returns the new version, if supported.
   */
  write(id: string, session: SessionToStore): Promise<string | void>;

  /**
   * Ends a session. Idempotent.
   * @returns whether it existed, if known.
   */
  invalidate(id: string): Promise<boolean | void>;
}

/** Conditional writes. Implement both methods or neither. */
export interface ConditionalStorage {
  /**
   * Stores a new session unless a live session or tombstone has the id.
   * @returns the new version, or `undefined` if the id is taken.
   */
  create(id: string, session: SessionToStore): Promise<string | undefined>;

  /**
   * Replaces a session; never creates one. With `version`, only if that is the stored version. `session.owner` is the
   * stored one.
   */
  replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult>;
}

/** Renewal without writing the value. */
export interface TouchableStorage {
  /**
   * Extends the expiry; never shortens it, never creates, never changes value or version. With `version`, only if that
   * is the stored version.
   * @param latestExpiry epoch milliseconds that no later `touch` will exceed; extends the owner index.
   * @returns `false` if the session does not exist or has another version.
   */
  touch(id: string, expiresAt: number, version?: string, latestExpiry?: number): Promise<boolean>;
}

export interface BatchReading {
  /** {@link SessionStorage.read} of several ids in one round trip, in the same order. */
  readMany(ids: readonly string[]): Promise<ReadonlyArray<StoredSession | undefined>>;
}

/** Indexes sessions by owner. */
export interface OwnedStorage {
  readonly owners: OwnerIndex;
}

/** Keeps expired sessions until `sweep`. */
export interface SweptStorage {
  /**
   * Removes expired sessions.
   * @param limit maximum number. Default: all.
   * @returns the number removed.
   */
  sweep(limit?: number): Promise<number>;
}

/** Health checks of the backend. */
export interface MonitoredStorage {
  /** Rejects if the backend does not answer. */
  ping(): Promise<void>;

  /**
   * Checks for settings that endanger sessions. Called once after start; a rejection is ignored.
   * @returns one sentence per problem, with its fix.
   */
  inspect(): Promise<readonly string[]>;
}

/** Evicts live sessions. */
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
  /** {@link close} closes the client, too; `SessionsModule` calls it last. */
  readonly ownsClient?: boolean;

  /** Releases timers and files of the storage; its client only if `ownsClient`. */
  close(): Promise<void>;
}

/** The sessions of an owner. */
export interface OwnerIndex {
  /** The live sessions, in any order. */
  list(owner: string): Promise<ReadonlyArray<{ readonly id: string; readonly session: StoredSession }>>;

  /**
   * Ends all sessions with tombstones, including rotating ones.
   * @param except the id of a session to keep.
   * @returns the number ended.
   */
  invalidateAll(owner: string, except?: string): Promise<number>;
}
