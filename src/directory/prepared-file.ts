import { randomBytes } from 'node:crypto';
import { access, link, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { SessionStorageUnavailableError } from '../errors/session.errors.js';
import { hasCode } from '../errors/error-kind.js';

/** An older lock belongs to a dead or suspended process. */
const STALE_AFTER_IN_MILLISECONDS = 750;
const ACQUIRE_TIMEOUT_IN_MILLISECONDS = 5000;
const LOCK_TAKEN_CODES = [
  'EEXIST',
  'ENOTEMPTY',
  'ENOTDIR',
  ...(process.platform === 'win32' ? ['EPERM', 'EACCES'] : []),
];

/**
 * A file and its own lock: {@link acquire} renames its directory to `<path>.lock`; {@link commit} renames the file to
 * `path`, which releases the lock. Breaking the lock removes the file, so a suspended holder has nothing to commit.
 */
export class PreparedFile {
  readonly #path: string;
  readonly #name: string;
  #folder: string | undefined;

  private constructor(path: string, shared: boolean) {
    this.#path = path;
    this.#name = randomBytes(6).toString('hex');
    this.#folder = shared ? `${path}.${this.#name}.tmp` : undefined;
  }

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

  /** @throws {SessionStorageUnavailableError} if others hold the lock for 5 seconds. */
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
        if (!hasCode(error, ...LOCK_TAKEN_CODES)) throw error;
      }
      const now = performance.now();
      const current = await holderOf(lock);
      if (current !== holder) [holder, seenAt] = [current, now];
      // Its holder is releasing it, or has died.
      if (current === '') await rmdir(lock).catch(() => undefined);
      else if (now - seenAt > STALE_AFTER_IN_MILLISECONDS) await breakLock(lock, current);
      if (now - start > ACQUIRE_TIMEOUT_IN_MILLISECONDS) throw lockTimeoutError();
      await setTimeout(Math.min(attempt, 10) * Math.random());
    }
  }

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

  async place(): Promise<boolean> {
    try {
      await link(this.#file, this.#path);
      return true;
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false;
      throw error;
    }
  }

  /** @throws {SessionStorageUnavailableError} if another process broke the lock. */
  async confirm(): Promise<void> {
    try {
      await access(this.#file);
    } catch (error) {
      throw hasCode(error, 'ENOENT') ? lockTimeoutError() : error;
    }
  }

  async discard(): Promise<void> {
    await rm(this.#file, { force: true });
    await this.#removeFolder();
  }

  // Fails if the directory is already the next holder's lock.
  async #removeFolder(): Promise<void> {
    if (this.#folder !== undefined) await rmdir(this.#folder).catch(() => undefined);
  }
}

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

export async function breakLockOf(path: string): Promise<boolean> {
  const lock = `${path}.lock`;
  const holder = await holderOf(lock);
  if (holder !== '') await breakLock(lock, holder);
  return holder !== '';
}

export function lockTimeoutError(): SessionStorageUnavailableError {
  return new SessionStorageUnavailableError(
    'A session file stayed locked by other processes. Use a storage for several servers, such as Redis or SQL.',
  );
}
