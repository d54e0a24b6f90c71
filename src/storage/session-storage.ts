/** `expiresAt` of an unlimited session: 13 digits, in the year 2286. */
export const NEVER = 9_999_999_999_999;

export interface StoredSession {
  readonly value: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Changes with every `write` and `replace`, never with `touch`. Absent if the storage has no versions. */
  readonly version?: string;
  /** Fixed by the first write of the id. */
  readonly owner?: string;
}

export interface SessionToStore {
  readonly value: string;
  /** Epoch milliseconds. In the past: the session reads as absent. */
  readonly expiresAt: number;
  /**
   * Milliseconds until `expiresAt`, for short-lived records: `create` and `replace` count them by the clock of a
   * server; storages without one may ignore it.
   */
  readonly expiresIn?: number;
  /** Epoch milliseconds that no later `touch` or `replace` will exceed; the lifetime of the owner index. */
  readonly latestExpiry?: number;
  readonly owner?: string;
}

export type ReplaceResult =
  | { readonly status: 'replaced'; readonly version?: string }
  /** Another version is stored. Nothing was written. */
  | { readonly status: 'conflict'; readonly current: StoredSession }
  /** The session has ended or expired. Nothing was written. */
  | { readonly status: 'gone' };

/** Longer than any request or resent command. */
export const TOMBSTONE_IN_MILLISECONDS = 60_000;

/**
 * Stores sessions by id (Ktor: `SessionStorage`). `read`, `write` and `invalidate` are enough; the other interfaces are
 * capabilities, detected by their methods.
 *
 * **Ids** are 43 characters of `[A-Za-z0-9_-]`, hashes of the client's id. Never use others as a path, pattern or
 * statement.
 *
 * **Absence and failure.** An unknown, ended or expired id reads as `undefined`; a backend failure rejects.
 *
 * **Expiry.** From `expiresAt` on, a session reads as absent, whether removed or not.
 *
 * **Tombstones.** A storage with `create` remembers an ended id for {@link TOMBSTONE_IN_MILLISECONDS}: `create`,
 * `replace` and `touch` do not revive it, so a resent command cannot undo a logout. If the backend is full or
 * read-only, the session is removed without one.
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

/** Conditional writes. */
export interface ConditionalStorage {
  /**
   * Stores a new session unless a live session or tombstone has the id.
   * @returns the new version, or `undefined` if the id is taken.
   */
  create(id: string, session: SessionToStore): Promise<string | undefined>;

  /** Replaces a session; never creates one. With `version`, only that version. `session.owner` is the stored one. */
  replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult>;
}

export interface TouchableStorage {
  /**
   * Extends the expiry; never shortens it, never creates, never changes value or version. With `version`, only that
   * version.
   * @param latestExpiry as in {@link SessionToStore}; extends the owner index.
   * @returns `false` if the session does not exist or has another version.
   */
  touch(id: string, expiresAt: number, version?: string, latestExpiry?: number): Promise<boolean>;
}

export interface BatchReading {
  /** Reads several ids in one round trip. */
  readMany(ids: readonly string[]): Promise<ReadonlyArray<StoredSession | undefined>>;
}

export interface OwnedStorage {
  readonly owners: OwnerIndex;
}

/** Keeps expired sessions until `sweep`. */
export interface SweptStorage {
  /**
   * @param limit maximum number. Default: all.
   * @returns the number of removed sessions.
   */
  sweep(limit?: number): Promise<number>;
}

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
  /** Calls `listener` with the number of evicted live sessions. @returns a function that stops it. */
  watchEvictions(listener: (count: number) => void): () => void;
}

export interface DistributedStorage {
  /** The node that keeps a session, without a call of the backend; `undefined` if unknown. */
  nodeOf(id: string): string | undefined;
}

export interface ClosableStorage {
  /** {@link close} closes the client, too; `SessionsModule` calls it last. */
  readonly ownsClient?: boolean;

  /** Releases timers and files of the storage; its client only if `ownsClient`. */
  close(): Promise<void>;
}

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
