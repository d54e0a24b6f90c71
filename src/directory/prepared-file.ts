import { randomBytes } from 'node:crypto';
import { access, link, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { SessionStorageUnavailableError } from '../errors/session.errors.js';
import { hasCode } from './has-code.js';

/** Locks are held for about a millisecond. One seen for this long belongs to a process that died or stands still. */
const STALE_AFTER = 750;
const GIVE_UP_AFTER = 5000;
const HELD = ['EEXIST', 'ENOTEMPTY', 'ENOTDIR', ...(process.platform === 'win32' ? ['EPERM', 'EACCES'] : [])];

/**
 * A complete file that is to take the place of another. Between processes it is its own lock: it lies in a directory that
 * {@link acquire} renames to `<path>.lock`, under a name that no other file has. {@link commit} renames it to `path`, which
 * makes the change and releases the lock in one step. Another process takes the lock over by removing the file, so that a
 * holder which stands still, at any moment and for any time, has nothing left to put in place.
 *
 * Works on file systems of this machine; network file systems do not promise what it needs.
 */
export class PreparedFile {
  readonly #path: string;
  readonly #name: string;
  /** `undefined` where one process has the directory for itself. */
  #folder: string | undefined;

  private constructor(path: string, shared: boolean) {
    this.#path = path;
    this.#name = randomBytes(6).toString('hex');
    this.#folder = shared ? `${path}.${this.#name}.tmp` : undefined;
  }

  /** @param write makes the file at the path that it is given. */
  static async make(path: string, shared: boolean, write: (file: string) => Promise<void>): Promise<PreparedFile> {
    const prepared = new PreparedFile(path, shared);
    if (prepared.#folder !== undefined) await mkdir(prepared.#folder, { mode: 0o700 });
    try {
      await write(prepared.#file);
    } catch (error) {
      await prepared.discard();
      throw error;
    }
    return prepared;
  }

  get #file(): string {
    return this.#folder === undefined ? `${this.#path}.${this.#name}.tmp` : join(this.#folder, this.#name);
  }

  /** Takes the lock. @throws {SessionStorageUnavailableError} when others hold it for 5 seconds. */
  async acquire(): Promise<void> {
    if (this.#folder === undefined) return;
    const lock = `${this.#path}.lock`;
    const start = performance.now();
    let holder = '';
    let seenAt = start;
    for (let attempt = 1; ; attempt++) {
      try {
        await rename(this.#folder, lock);
        this.#folder = lock;
        return;
      } catch (error) {
        if (!hasCode(error, ...HELD)) throw error;
      }
      const now = performance.now();
      const current = await holderOf(lock);
      if (current !== holder) [holder, seenAt] = [current, now];
      // An empty directory of a holder that is about to release, or died before.
      if (current === '') await rmdir(lock).catch(() => undefined);
      else if (now - seenAt > STALE_AFTER) await breakLock(lock, current);
      if (now - start > GIVE_UP_AFTER) throw overcrowded();
      // Spread, or the same ones would meet again.
      await setTimeout(Math.min(attempt, 10) * Math.random());
    }
  }

  /** Puts the file in place. @returns `false`, and nothing is changed, where another process took the lock over. */
  async commit(): Promise<boolean> {
    try {
      await rename(this.#file, this.#path);
    } catch (error) {
      if (this.#folder !== undefined && hasCode(error, 'ENOENT')) return false;
      throw error;
    }
    await this.#removeFolder();
    return true;
  }

  /** Gives the file its place as well, unless a file has it; needs no lock. @returns whether it did. */
  async place(): Promise<boolean> {
    try {
      await link(this.#file, this.#path);
      return true;
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false;
      throw error;
    }
  }

  /** @throws {SessionStorageUnavailableError} when another process took the lock over. */
  async confirm(): Promise<void> {
    try {
      await access(this.#file);
    } catch (error) {
      throw hasCode(error, 'ENOENT') ? overcrowded() : error;
    }
  }

  /** Removes what {@link commit} has not put in place, and releases the lock. */
  async discard(): Promise<void> {
    await rm(this.#file, { force: true });
    await this.#removeFolder();
  }

  // Fails where the directory is the lock of the next holder by now.
  async #removeFolder(): Promise<void> {
    if (this.#folder !== undefined) await rmdir(this.#folder).catch(() => undefined);
  }
}

/** The name of the file of a lock's holder; `''` where it has none. */
async function holderOf(lock: string): Promise<string> {
  try {
    return (await readdir(lock))[0] ?? '';
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    // A file: the lock of an earlier version of this package.
    if (hasCode(error, 'ENOTDIR')) return '.';
    throw error;
  }
}

async function breakLock(lock: string, holder: string): Promise<void> {
  if (holder === '.') return rm(lock, { force: true });
  await rm(join(lock, holder), { force: true });
  await rmdir(lock).catch(() => undefined);
}

/** Takes from the holder of a file's lock what it would put in place. @returns whether there was one. */
export async function breakLockOf(path: string): Promise<boolean> {
  const lock = `${path}.lock`;
  const holder = await holderOf(lock);
  if (holder !== '') await breakLock(lock, holder);
  return holder !== '';
}

export function overcrowded(): SessionStorageUnavailableError {
  return new SessionStorageUnavailableError(
    'The file of a session stayed locked by other processes. Use a storage made for several servers, as Redis or SQL.',
  );
}
