import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { SessionStorageUnavailableError } from '../errors/session.errors.js';

/** Locks are held for about a millisecond. An older one was left by a crashed process. */
const STALE_AFTER = 750;
/** After a pause of this length the holder checks that no process took over the lock. */
const DOUBT_AFTER = 250;
const GIVE_UP_AFTER = 5000;

/**
 * A lock between processes: a file that only one can create. For local file systems; network file systems do not
 * guarantee what it needs.
 */
export class LockFile {
  readonly #path: string;
  readonly #token: string;
  readonly #since = performance.now();

  private constructor(path: string, token: string) {
    this.#path = path;
    this.#token = token;
  }

  /** @throws {SessionStorageUnavailableError} if others hold it for 5 seconds. */
  static async acquire(path: string): Promise<LockFile> {
    const token = randomBytes(12).toString('base64url');
    const start = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        await createFile(path, token);
        return new LockFile(path, token);
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
      }
      await removeStale(path);
      if (performance.now() - start > GIVE_UP_AFTER) throw overcrowded();
      // Random, so that the same processes do not collide again.
      await setTimeout(Math.min(attempt, 10) * Math.random());
    }
  }

  /**
   * Call it right before the protected change.
   * @throws {SessionStorageUnavailableError} if this process paused so long that another took over.
   */
  async confirm(): Promise<void> {
    if (performance.now() - this.#since < DOUBT_AFTER) return;
    if ((await contentOf(this.#path)) !== this.#token) throw overcrowded();
  }

  async release(): Promise<void> {
    if (performance.now() - this.#since < DOUBT_AFTER || (await contentOf(this.#path)) === this.#token) {
      await rm(this.#path, { force: true });
    }
  }
}

async function createFile(path: string, token: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(token);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function removeStale(path: string): Promise<void> {
  const token = await contentOf(path);
  const age = await ageOf(path);
  // The clock may have been set back since.
  if (token === undefined || age === undefined || Math.abs(age) < STALE_AFTER) return;
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  // Another process was faster and this is the next lock: restore it.
  if ((await contentOf(aside)) !== token) await link(aside, path).catch(() => undefined);
  await unlink(aside);
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function ageOf(path: string): Promise<number | undefined> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether `error` is a system error with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && codes.includes(String(error.code));
}

function overcrowded(): SessionStorageUnavailableError {
  return new SessionStorageUnavailableError(
    'The file of a session stayed locked by other processes. Use a storage made for several servers, as Redis or SQL.',
  );
}
