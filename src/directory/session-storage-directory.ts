import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { cachedSessionStorage } from '../storage/cache-storage.js';
import { ConcurrencyLimit } from '../storage/concurrency-limit.js';
import { DirectoryFiles, madeDirectory, nameOf } from './directory-files.js';
import { DirectoryOwnerFiles } from './directory-owner-files.js';
import { DirectoryOwnerIndex } from './directory-owner-index.js';
import { TOMBSTONE_VERSION, type DirectoryRecord, type RecordToWrite } from './directory-record.js';
import { DirectorySweep } from './directory-sweep.js';
import { hasCode } from '../errors/error-kind.js';
import { breakLockOf, lockTimeoutError, type PreparedFile } from './prepared-file.js';
import { KeyedMutex } from '../storage/keyed-mutex.js';
import { assertBoolean } from '../storage/option-checks.js';
import {
  expiryOf,
  TOMBSTONE_IN_MILLISECONDS,
  type OwnerIndex,
  type ReplaceResult,
  type SessionStorage,
  type SessionToStore,
  type StoredSession,
} from '../storage/session-storage.js';

export interface SessionStorageDirectoryOptions {
  /** Created if missing. */
  readonly directory: string;
  /** Survives a power failure, five times slower. Default `false`. */
  readonly fsync?: boolean;
  /** Several processes use the directory. `false` saves a lock file per change. Default `true`. */
  readonly shared?: boolean;
  /** Epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

const MAX_OPEN_FILES = 64;
const LOCK_TIMEOUT_IN_MILLISECONDS = 10_000;
const MAX_ATTEMPTS = 4;

type Ending = 'live' | 'dead' | 'spared' | 'absent';

/**
 * Stores each session in a file (Ktor: `DirectoryStorage`), for one machine and local file systems; see
 * docs/directory.md.
 */
export class SessionStorageDirectory implements SessionStorage {
  readonly owners: OwnerIndex;
  readonly #root: string;
  readonly #files: DirectoryFiles;
  readonly #ownerFiles: DirectoryOwnerFiles;
  readonly #sweep: DirectorySweep;
  readonly #shared: boolean;
  readonly #now: () => number;
  readonly #mutex = new KeyedMutex(LOCK_TIMEOUT_IN_MILLISECONDS);
  readonly #limit = new ConcurrencyLimit(MAX_OPEN_FILES);

  /** @throws {SessionConfigurationError} for an unusable directory or invalid option. */
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
        // First, so that the owner can always end the session.
        if (session.owner !== undefined) await this.#ownerFiles.add(session.owner, id);
        await this.#put(path, { id, session, version });
      }),
    );
    this.#sweep.runIfDue(nameOf(id));
    return version;
  }

  async create(id: string, session: SessionToStore): Promise<string | undefined> {
    const path = this.#files.pathOf(id);
    const version = newVersion();
    const timed = this.#timed(session);
    if (!(timed.expiresAt > this.#now())) return version;
    const created = await this.#mutex.run(path, () => this.#limit.run(() => this.#create(path, id, timed, version)));
    this.#sweep.runIfDue(nameOf(id));
    return created ? version : undefined;
  }

  async invalidate(id: string): Promise<boolean> {
    const path = this.#files.pathOf(id);
    return (
      (await this.#end(
        path,
        () => this.#writeTombstone(path, id),
        (record) => record.id === id,
      )) === 'live'
    );
  }

  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    const path = this.#files.pathOf(id);
    const timed = this.#timed(session);
    return this.#mutex.run(path, () => this.#limit.run(() => this.#replace(path, id, timed, version)));
  }

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

  async close(): Promise<void> {
    await this.#sweep.idle();
  }

  async #create(path: string, id: string, session: SessionToStore, version: string): Promise<boolean> {
    if (session.owner !== undefined) await this.#ownerFiles.add(session.owner, id);
    const record = { id, session, version };
    const prepared = (await this.#files.prepare(path, record, { mayMakeDirectory: true, shared: false }))!;
    try {
      if (await this.#files.place(prepared, path)) return true;
    } finally {
      await prepared.discard();
    }
    return this.#put(path, record, (found) => !found || found.session.expiresAt <= this.#now());
  }

  async #put(
    path: string,
    record: RecordToWrite,
    mayReplace?: (found: DirectoryRecord | undefined) => boolean,
  ): Promise<boolean> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const prepared = (await this.#prepare(path, record, { mayMakeDirectory: true }))!;
      try {
        await prepared.acquire();
        if (mayReplace && !mayReplace(await this.#files.read(path))) return false;
        if (await this.#files.commit(prepared, path)) return true;
      } finally {
        await prepared.discard();
      }
    }
    throw lockTimeoutError();
  }

  #prepare(
    path: string,
    record: RecordToWrite,
    options: { readonly mayMakeDirectory: boolean },
  ): Promise<PreparedFile | undefined> {
    return this.#files.prepare(path, record, { ...options, shared: this.#shared });
  }

  #prepareTombstone(path: string, id: string): Promise<PreparedFile | undefined> {
    const session = { value: '', expiresAt: this.#now() + TOMBSTONE_IN_MILLISECONDS };
    return this.#prepare(path, { id, session, version: TOMBSTONE_VERSION }, { mayMakeDirectory: false });
  }

  async #writeTombstone(path: string, id: string): Promise<Ending> {
    if (!(await this.#exists(path))) return 'absent';
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const prepared = await this.#prepareTombstone(path, id);
      if (!prepared) return 'absent';
      try {
        await prepared.acquire();
        const record = await this.#files.read(path);
        if (record && record.id !== id) return 'spared';
        if (record?.session.version === TOMBSTONE_VERSION) return 'dead';
        if (!record || record.session.expiresAt <= this.#now()) return await this.#removeFile(path, record, prepared);
        if (!(await this.#files.commit(prepared, path))) continue;
        await this.#removeOwnerEntry(record);
        return 'live';
      } finally {
        await prepared.discard();
      }
    }
    throw lockTimeoutError();
  }

  // Not bound to the lock: these ids are never reused.
  async #removeFile(path: string, record: DirectoryRecord | undefined, prepared?: PreparedFile): Promise<Ending> {
    await prepared?.confirm();
    if (!(await this.#files.remove(path))) return 'absent';
    await this.#removeOwnerEntry(record);
    return record && record.session.expiresAt > this.#now() ? 'live' : 'dead';
  }

  async #removeOwnerEntry(record: DirectoryRecord | undefined): Promise<void> {
    if (record?.session.owner !== undefined) await this.#ownerFiles.remove(record.session.owner, record.id);
  }

  async #replace(path: string, id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    const next = newVersion();
    let changed = session;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const record = { id, session: changed, version: next };
      const prepared = await this.#prepare(path, record, { mayMakeDirectory: false });
      if (!prepared) return { status: 'gone' };
      try {
        await prepared.acquire();
        const current = await this.#live(path, id);
        if (!current) return { status: 'gone' };
        if (version !== undefined && version !== current.version) return { status: 'conflict', current };
        if (current.owner !== changed.owner) changed = withOwner(session, current.owner);
        else if (await this.#files.commit(prepared, path)) return { status: 'replaced', version: next };
      } finally {
        await prepared.discard();
      }
    }
    throw lockTimeoutError();
  }

  async #removeIf(path: string, isDue: (record: DirectoryRecord | undefined) => boolean): Promise<Ending> {
    const remove = async (): Promise<Ending> => {
      const prepared = await this.#prepareTombstone(path, '');
      if (!prepared) return 'absent';
      try {
        await prepared.acquire();
        const record = await this.#files.read(path);
        return record && !isDue(record) ? 'spared' : await this.#removeFile(path, record, prepared);
      } finally {
        await prepared.discard();
      }
    };
    return this.#end(path, remove, isDue);
  }

  #end(path: string, end: () => Promise<Ending>, isDue: (record: DirectoryRecord) => boolean): Promise<Ending> {
    return this.#mutex.run(path, () =>
      this.#limit.run(async () => {
        try {
          return await end();
        } catch (error) {
          if (!hasCode(error, 'ENOSPC', 'EDQUOT')) throw error;
          return this.#endWithoutRoom(path, isDue);
        }
      }),
    );
  }

  /** A locked change may have been committed meanwhile. */
  async #endWithoutRoom(path: string, isDue: (record: DirectoryRecord) => boolean): Promise<Ending> {
    for (let ended: Ending = 'absent'; ;) {
      const record = await this.#files.read(path);
      if (record && !isDue(record)) return 'spared';
      if (record?.session.version === TOMBSTONE_VERSION) return ended === 'live' ? 'live' : 'dead';
      const removed = await this.#removeFile(path, record);
      if (removed !== 'absent' && ended !== 'live') ended = removed;
      if (!(await breakLockOf(path)) && removed === 'absent') return ended;
    }
  }

  async #exists(path: string): Promise<boolean> {
    try {
      await access(path, constants.F_OK);
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
      throw error;
    }
  }

  #timed(session: SessionToStore): SessionToStore {
    return { ...session, expiresAt: expiryOf(session, this.#now()) };
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
  /** Caches reads for a minute if `shared: false`, else for two seconds. Default `false` (Ktor: `true`). */
  readonly cached?: boolean;
}

/** Ktor: `directorySessionStorage`. */
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
