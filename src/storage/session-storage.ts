/** `expiresAt` of an unlimited session: 13 digits, in the year 2286. */
export const NEVER = 9_999_999_999_999;

export interface StoredSession {
  readonly value: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Changes with every `write` and `replace`, never with `touch`. */
  readonly version?: string;
  /** Fixed by the first write. */
  readonly owner?: string;
}

export interface SessionToStore {
  readonly value: string;
  /** Epoch milliseconds. In the past: the session reads as absent. */
  readonly expiresAt: number;
  /**
   * Milliseconds until `expiresAt`, for short-lived records, to be counted by the clock of the storage, see
   * {@link expiryOf}. A storage without a clock may ignore it.
   */
  readonly expiresIn?: number;
  /** The greatest `expiresAt` that a later `touch` or `replace` may set; the lifetime of the owner index. */
  readonly latestExpiry?: number;
  readonly owner?: string;
}

export type ReplaceResult =
  | { readonly status: 'replaced'; readonly version?: string }
  | { readonly status: 'conflict'; readonly current: StoredSession }
  /** Unknown, expired or ended. */
  | { readonly status: 'gone' };

/** The expiry of a session that is stored at `now` by the clock of the storage, in epoch milliseconds. */
export function expiryOf({ expiresAt, expiresIn }: SessionToStore, now: number): number {
  return expiresIn === undefined ? expiresAt : now + expiresIn;
}

/** Longer than any request or resent command. */
export const TOMBSTONE_IN_MILLISECONDS = 60_000;

/**
 * Stores sessions by id (Ktor: `SessionStorage`). `read`, `write` and `invalidate` are enough; the other interfaces are
 * capabilities, detected by their methods.
 *
 * **Ids** are 43 characters of `[A-Za-z0-9_-]`. Never use others as a path, pattern or statement.
 *
 * **Absence and failure.** An unknown, ended or expired id reads as `undefined`; a backend failure rejects.
 *
 * **Tombstones.** A storage with `create` remembers an ended id for {@link TOMBSTONE_IN_MILLISECONDS}: a resent
 * `create`, `replace` or `touch` does not revive it. A full or read-only backend removes the session without a
 * tombstone.
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
   * @returns the new version, if any.
   */
  write(id: string, session: SessionToStore): Promise<string | void>;

  /**
   * Ends a session. Idempotent.
   * @returns whether it existed, if known.
   */
  invalidate(id: string): Promise<boolean | void>;
}

export interface ConditionalStorage {
  /**
   * Stores a session unless a live session or tombstone has the id.
   * @returns the new version, or `undefined` if the id is taken.
   */
  create(id: string, session: SessionToStore): Promise<string | undefined>;

  /** Replaces a session; never creates one. With `version`, only that version. `session.owner` is the stored one. */
  replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult>;
}

export interface TouchableStorage {
  /**
   * Extends the expiry; never shortens it, creates a session, or changes value or version. With `version`, only that
   * version.
   * @param latestExpiry as in {@link SessionToStore}.
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

export interface SweptStorage {
  /**
   * @param limit default: all.
   * @returns the number of removed sessions.
   */
  sweep(limit?: number): Promise<number>;
}

export interface MonitoredStorage {
  /** Rejects if the backend does not answer. */
  ping(): Promise<void>;

  /**
   * Called once after start; a rejection is ignored.
   * @returns one sentence per endangering setting, with its fix.
   */
  inspect(): Promise<readonly string[]>;
}

export interface EvictingStorage {
  /**
   * Calls `listener` with the number of evicted live sessions.
   * @returns a function that stops it.
   */
  watchEvictions(listener: (count: number) => void): () => void;
}

export interface DistributedStorage {
  /** The cluster node of a session, if known. Sends nothing. */
  nodeOf(id: string): string | undefined;
}

export interface ClosableStorage {
  /** {@link close} closes the client, too; `SessionsModule` calls it last. */
  readonly ownsClient?: boolean;

  /** Releases timers and files of the storage; its client only if `ownsClient`. */
  close(): Promise<void>;
}

export interface OwnerIndex {
  /** Includes a session that rotates meanwhile. A rotation adds the new id before it ends the old one. */
  list(owner: string): Promise<ReadonlyArray<{ readonly id: string; readonly session: StoredSession }>>;

  /**
   * Ends all sessions with tombstones, including rotating ones.
   * @param except an id to keep.
   * @returns the number ended.
   */
  invalidateAll(owner: string, except?: string): Promise<number>;
}
