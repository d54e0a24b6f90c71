import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { cachedSessionStorage } from '../storage/cache-storage.js';
import { ConcurrencyLimit } from '../storage/concurrency-limit.js';
import { DirectoryFiles, madeDirectory, nameOf } from './directory-files.js';
import { DirectoryOwnerFiles } from './directory-owner-files.js';
import { DirectoryOwnerIndex } from './directory-owner-index.js';
import { TOMBSTONE_VERSION, type DirectoryRecord } from './directory-record.js';
import { DirectorySweep } from './directory-sweep.js';
import { KeyedMutex } from '../storage/keyed-mutex.js';
import { hasCode, LockFile } from './lock-file.js';
import { assertBoolean } from '../storage/option-type.js';
import {
  TOMBSTONE_IN_MILLISECONDS,
  type OwnerIndex,
  type ReplaceResult,
  type SessionStorage,
  type SessionToStore,
  type StoredSession,
} from '../storage/session-storage.js';

export interface SessionStorageDirectoryOptions {
  /** Path of the directory. Created with its parents if missing. */
  readonly directory: string;
  /** Waits until each change is on the disk: safe against power failure, five times slower. Default `false`. */
  readonly fsync?: boolean;
  /**
   * Whether several processes of this machine use the directory. `false` saves a lock file per change. Default `true`.
   */
  readonly shared?: boolean;
  /** Clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/** Concurrently open files: far below the limit of a process. */
const OPEN_FILES = 64;
const LOCK_TIMEOUT = 10_000;

/**
 * Stores each session in its own file in a directory (Ktor: `DirectoryStorage`). For one machine: network file systems
 * do not guarantee what it needs. SQLite is a faster alternative.
 *
 * **Files** are `<2 hex>/<62 hex>` of SHA-256 of the id, mode 0600 in directories of mode 0700; an id is never a path,
 * and reading an unknown id creates nothing. A file is one header line and the session's text; its modification time is
 * the expiry. About 5 KiB on the disk.
 *
 * **Crashes.** Changes are atomic: a process that crashes leaves the old session or the new one. On power failure the
 * last changes may be lost unless `fsync` is on; a truncated file counts as absent. A lock of a crashed process is
 * taken over after 0.75 s.
 *
 * **Errors** of the file system, such as a full disk or missing permissions, reject and leave the session unchanged.
 *
 * Expired files are removed a minute after they expired: when new sessions are stored (in the background, each part of
 * the directory about once an hour), and by {@link sweep}.
 */
export class SessionStorageDirectory implements SessionStorage {
  readonly owners: OwnerIndex;
  readonly #root: string;
  readonly #files: DirectoryFiles;
  readonly #ownerFiles: DirectoryOwnerFiles;
  readonly #sweep: DirectorySweep;
  readonly #shared: boolean;
  readonly #now: () => number;
  readonly #mutex = new KeyedMutex(LOCK_TIMEOUT);
  readonly #limit = new ConcurrencyLimit(OPEN_FILES);

  /**
   * @throws {SessionConfigurationError} if the path is not a directory and cannot be created, and for an invalid
   * option.
   */
  constructor(options: SessionStorageDirectoryOptions) {
    assertBoolean('fsync of directorySessionStorage', options?.fsync);
    assertBoolean('shared of directorySessionStorage', options?.shared);
    this.#root = madeDirectory(options?.directory);
    this.#files = new DirectoryFiles(this.#root, options.fsync ?? false);
    this.#ownerFiles = new DirectoryOwnerFiles(this.#root);
    this.#shared = options.shared ?? true;
    this.#now = options.now ?? (() => Date.now());
    this.#sweep = new DirectorySweep(this.#root, this.#now, (path, isDue) => this.#removeIf(path, isDue));
    this.owners = new DirectoryOwnerIndex(this.#ownerFiles, {
      read: (name) => this.#limit.run(() => this.#files.read(this.#files.pathOfName(name))),
      invalidate: (id) => this.invalidate(id),
      now: this.#now,
    });
  }

  async read(id: string): Promise<StoredSession | undefined> {
    return this.#limit.run(() => this.#live(this.#files.pathOf(id), id));
  }

  async write(id: string, session: SessionToStore): Promise<string> {
    const path = this.#files.pathOf(id);
    const version = newVersion();
    if (!(session.expiresAt > this.#now())) {
      await this.invalidate(id);
      return version;
    }
    await this.#mutex.run(path, () =>
      this.#limit.run(async () => {
        // The owner's entry first: a session without one could not be ended by its owner.
        if (session.owner !== undefined) await this.#ownerFiles.add(session.owner, id);
        const temporary = await this.#files.prepare(path, { id, session, version }, { mayMakeDirectory: true });
        await this.#commit(temporary!, path);
      }),
    );
    this.#sweep.runIfDue(nameOf(id));
    return version;
  }

  async create(id: string, session: SessionToStore): Promise<string | undefined> {
    const path = this.#files.pathOf(id);
    const version = newVersion();
    if (!(session.expiresAt > this.#now())) return version;
    const created = await this.#mutex.run(path, () => this.#limit.run(() => this.#create(path, id, session, version)));
    this.#sweep.runIfDue(nameOf(id));
    return created ? version : undefined;
  }

  async invalidate(id: string): Promise<boolean> {
    const path = this.#files.pathOf(id);
    return (await this.#end(path, (lock) => this.#bury(path, id, lock))) === 'live';
  }

  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    const path = this.#files.pathOf(id);
    return this.#mutex.run(path, () => this.#limit.run(() => this.#replace(path, id, session, version)));
  }

  /** Sets the modification time of the opened file, so that a file put there by another process is not affected. */
  async touch(id: string, expiresAt: number, version?: string): Promise<boolean> {
    const path = this.#files.pathOf(id);
    const touched = await this.#mutex.run(path, () =>
      this.#limit.run(() =>
        this.#files.use(path, constants.O_RDWR, async (file, record) => {
          const session = this.#liveSession(record, id);
          if (!session || (version !== undefined && version !== session.version)) return false;
          if (expiresAt > session.expiresAt) await this.#files.setExpiresAt(file, expiresAt);
          return true;
        }),
      ),
    );
    return touched ?? false;
  }

  async sweep(limit = Number.POSITIVE_INFINITY): Promise<number> {
    return this.#sweep.run(limit);
  }

  async ping(): Promise<void> {
    await access(this.#root, constants.R_OK | constants.W_OK | constants.X_OK);
  }

  /** Waits for background work. */
  async close(): Promise<void> {
    await this.#sweep.idle();
  }

  /** Links a complete file to its path, which fails if that exists. Only an expired file is replaced. */
  async #create(path: string, id: string, session: SessionToStore, version: string): Promise<boolean> {
    if (session.owner !== undefined) await this.#ownerFiles.add(session.owner, id);
    const temporary = (await this.#files.prepare(path, { id, session, version }, { mayMakeDirectory: true }))!;
    try {
      if (await this.#files.place(temporary, path)) return true;
      return await this.#locked(path, async (lock) => {
        const record = await this.#files.read(path);
        if (record && record.session.expiresAt > this.#now()) return false;
        await lock?.confirm();
        await this.#files.remove(path);
        return this.#files.place(temporary, path);
      });
    } finally {
      await this.#files.discard(temporary);
    }
  }

  /** Replaces a live session by a tombstone; removes any other file of this id. */
  async #bury(path: string, id: string, lock?: LockFile): Promise<'live' | 'dead' | 'spared' | 'absent'> {
    const record = await this.#files.read(path);
    if (record?.id !== id) return record ? 'spared' : this.#removeFile(path, undefined, lock);
    if (record.session.version === TOMBSTONE_VERSION) return 'dead';
    if (!(record.session.expiresAt > this.#now())) return this.#removeFile(path, record, lock);
    const session = { value: '', expiresAt: this.#now() + TOMBSTONE_IN_MILLISECONDS };
    let temporary: string | undefined;
    try {
      temporary = await this.#files.prepare(
        path,
        { id, session, version: TOMBSTONE_VERSION },
        { mayMakeDirectory: false },
      );
    } catch (error) {
      // No disk space for a tombstone: end the session without one.
      if (!hasCode(error, 'ENOSPC', 'EDQUOT')) throw error;
    }
    if (temporary === undefined) return this.#removeFile(path, record, lock);
    try {
      await lock?.confirm();
    } catch (error) {
      await this.#files.discard(temporary);
      throw error;
    }
    await this.#commit(temporary, path);
    if (record.session.owner !== undefined) await this.#ownerFiles.remove(record.session.owner, id);
    return 'live';
  }

  async #removeFile(
    path: string,
    record: DirectoryRecord | undefined,
    lock?: LockFile,
  ): Promise<'live' | 'dead' | 'absent'> {
    await lock?.confirm();
    if (!(await this.#files.remove(path))) return 'absent';
    const owner = record?.session.owner;
    if (record && owner !== undefined) await this.#ownerFiles.remove(owner, record.id);
    return record && record.session.expiresAt > this.#now() ? 'live' : 'dead';
  }

  async #replace(path: string, id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    const next = newVersion();
    const prepare = (changed: SessionToStore): Promise<string | undefined> =>
      this.#files.prepare(path, { id, session: changed, version: next }, { mayMakeDirectory: false });
    // Written before the lock, to keep the lock short.
    let temporary = await prepare(session);
    if (temporary === undefined) return { status: 'gone' };
    try {
      return await this.#locked(path, async (lock): Promise<ReplaceResult> => {
        const current = await this.#live(path, id);
        if (!current) return { status: 'gone' };
        if (version !== undefined && version !== current.version) return { status: 'conflict', current };
        if (current.owner !== session.owner) {
          await this.#files.discard(temporary!);
          temporary = await prepare(withOwner(session, current.owner));
        }
        await lock?.confirm();
        await this.#commit(temporary!, path);
        temporary = undefined;
        return { status: 'replaced', version: next };
      });
    } finally {
      if (temporary !== undefined) await this.#files.discard(temporary);
    }
  }

  /** Removes a file, unless it is a session for which `isDue` is false. @returns what it was. */
  async #removeIf(
    path: string,
    isDue: (record: DirectoryRecord | undefined) => boolean,
  ): Promise<'live' | 'dead' | 'spared' | 'absent'> {
    return this.#end(path, async (lock) => {
      const record = await this.#files.read(path);
      return record && !isDue(record) ? 'spared' : this.#removeFile(path, record, lock);
    });
  }

  /** Ends a session, under its lock if possible. */
  #end<T extends string>(path: string, end: (lock?: LockFile) => Promise<T>): Promise<T | 'absent'> {
    return this.#mutex.run(path, () =>
      this.#limit.run(async () => {
        try {
          return await this.#locked(path, end);
        } catch (error) {
          if (hasCode(error, 'ENOENT')) return 'absent';
          // No disk space for a lock: other processes cannot change the session either, and it must end.
          if (hasCode(error, 'ENOSPC', 'EDQUOT')) return end();
          throw error;
        }
      }),
    );
  }

  async #locked<T>(path: string, task: (lock?: LockFile) => Promise<T>): Promise<T> {
    if (!this.#shared) return task();
    const lock = await LockFile.acquire(`${path}.lock`);
    try {
      return await task(lock);
    } finally {
      await lock.release();
    }
  }

  async #commit(temporary: string, path: string): Promise<void> {
    try {
      await this.#files.commit(temporary, path);
    } catch (error) {
      await this.#files.discard(temporary);
      throw error;
    }
  }

  async #live(path: string, id: string): Promise<StoredSession | undefined> {
    return this.#liveSession(await this.#files.read(path), id);
  }

  #liveSession(record: DirectoryRecord | undefined, id: string): StoredSession | undefined {
    if (record?.id !== id || record.session.version === TOMBSTONE_VERSION) return undefined;
    return record.session.expiresAt > this.#now() ? record.session : undefined;
  }
}

export interface DirectorySessionStorageOptions extends SessionStorageDirectoryOptions {
  /**
   * Caches reads in memory: for a minute if `shared: false`, else for two seconds, during which a session ended by
   * another process still reads as live. Default `false`; Ktor's is `true`.
   */
  readonly cached?: boolean;
}

/**
 * A {@link SessionStorageDirectory}, optionally with a {@link CacheStorage} in front (Ktor: `directorySessionStorage`).
 */
export function directorySessionStorage(options: DirectorySessionStorageOptions): SessionStorage {
  const { cached, ...rest } = options ?? {};
  assertBoolean('cached of directorySessionStorage', cached);
  const storage = new SessionStorageDirectory(rest);
  if (!cached) return storage;
  return cachedSessionStorage(storage, { ttlInMilliseconds: rest.shared === false ? 60_000 : 2000 });
}

function withOwner(session: SessionToStore, owner: string | undefined): SessionToStore {
  const { owner: _given, ...rest } = session;
  return owner === undefined ? rest : { ...rest, owner };
}

function newVersion(): string {
  return randomBytes(9).toString('base64url');
}
