import { hash, randomBytes } from 'node:crypto';
import { constants, mkdirSync, statSync } from 'node:fs';
import { link, mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { decodeRecord, encodeRecord, fileTime, type DirectoryRecord } from './directory-record.js';
import { hasCode } from './lock-file.js';
import type { SessionToStore } from '../storage/session-storage.js';

// Not on Windows. O_NONBLOCK: opening a FIFO must not wait for a writer.
const CAREFULLY = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
/** Bytes. Larger files are not ours. */
const LARGEST_FILE = 64 * 1024 * 1024;

/** The files of a directory storage: paths, reads and atomic changes. */
export class DirectoryFiles {
  readonly #root: string;
  readonly #fsync: boolean;

  constructor(root: string, fsync: boolean) {
    this.#root = root;
    this.#fsync = fsync;
  }

  /** `<2 hex>/<62 hex>` of SHA-256: a safe name for any id, also on case-insensitive file systems. */
  pathOf(id: string): string {
    return this.pathOfName(nameOf(id));
  }

  pathOfName(name: string): string {
    return join(this.shardOf(name.slice(0, 2)), name.slice(2));
  }

  shardOf(shard: string): string {
    return join(this.#root, shard);
  }

  /** @returns `undefined` if the file does not exist or is not ours. */
  async read(path: string): Promise<DirectoryRecord | undefined> {
    return this.use(path, constants.O_RDONLY, async (_file, record) => record);
  }

  /** Opens a record with `O_RDONLY` or `O_RDWR`; the handle stays on the same file even if another replaces it. */
  async use<T>(
    path: string,
    mode: number,
    task: (file: FileHandle, record: DirectoryRecord | undefined) => Promise<T>,
  ): Promise<T | undefined> {
    let file: FileHandle;
    try {
      file = await open(path, mode | CAREFULLY);
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR')) return undefined;
      throw error;
    }
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.size > LARGEST_FILE) return await task(file, undefined);
      const { size, mtimeMs } = stats;
      const content = Buffer.allocUnsafe(size);
      const { bytesRead } = await file.read(content, 0, size, 0);
      return await task(file, decodeRecord(content.subarray(0, bytesRead), mtimeMs));
    } finally {
      await file.close();
    }
  }

  /**
   * Writes a complete record beside `path`, for {@link commit} or {@link discard}.
   * @returns its path, or `undefined` if the directory does not exist and may not be created.
   */
  async prepare(
    path: string,
    record: { readonly id: string; readonly session: SessionToStore; readonly version: string },
    options: { readonly mayMakeDirectory: boolean },
  ): Promise<string | undefined> {
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    const content = encodeRecord(record.id, record.session, record.version);
    try {
      await this.#writeNew(temporary, content, record.session.expiresAt);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
      if (!options.mayMakeDirectory) return undefined;
      await mkdir(dirname(path), { mode: 0o700, recursive: true });
      await this.#writeNew(temporary, content, record.session.expiresAt);
    }
    return temporary;
  }

  async commit(temporary: string, path: string): Promise<void> {
    await rename(temporary, path);
    if (this.#fsync) await this.#syncDirectory(dirname(path));
  }

  /** Links a prepared file to `path`, unless that exists. @returns whether it did. */
  async place(temporary: string, path: string): Promise<boolean> {
    try {
      await link(temporary, path);
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false;
      throw error;
    }
    if (this.#fsync) await this.#syncDirectory(dirname(path));
    return true;
  }

  async discard(temporary: string): Promise<void> {
    await rm(temporary, { force: true });
  }

  /** @returns whether it existed. */
  async remove(path: string): Promise<boolean> {
    try {
      await rm(path);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false;
      throw error;
    }
    if (this.#fsync) await this.#syncDirectory(dirname(path));
    return true;
  }

  /** Expiry is also the modification time, so that sweeping reads only names and times. */
  async setExpiresAt(file: FileHandle, expiresAt: number): Promise<void> {
    const seconds = fileTime(expiresAt) / 1000;
    await file.utimes(seconds, seconds);
  }

  async #writeNew(path: string, content: Buffer, expiresAt: number): Promise<void> {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(content);
      if (this.#fsync) await file.sync();
      await this.setExpiresAt(file, expiresAt);
    } catch (error) {
      await file.close();
      await this.discard(path);
      throw error;
    }
    await file.close();
  }

  async #syncDirectory(path: string): Promise<void> {
    // Windows cannot open a directory and does not need it.
    if (process.platform === 'win32') return;
    const directory = await open(path, constants.O_RDONLY);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

/** The file name of an id: SHA-256, 64 hexadecimal digits. */
export function nameOf(id: string): string {
  return hash('sha256', id, 'hex');
}

/**
 * Creates a directory with its parents, if missing.
 * @returns its absolute path.
 * @throws {SessionConfigurationError}
 */
export function madeDirectory(directory: string): string {
  if (typeof directory !== 'string' || directory === '') {
    throw new SessionConfigurationError(
      "The directory of a session storage must be a path, as in { directory: '.sessions' }.",
    );
  }
  try {
    mkdirSync(resolve(directory), { mode: 0o700, recursive: true });
    assertOwn(directory);
  } catch (error) {
    if (error instanceof SessionConfigurationError) throw error;
    throw new SessionConfigurationError(
      `The session directory ${directory} is not a directory and cannot be made one. ` +
        'Name a directory that this process may write to.',
      { cause: error },
    );
  }
  return resolve(directory);
}

/** Other users with write access could plant or roll back sessions. @throws {SessionConfigurationError} */
function assertOwn(directory: string): void {
  if (process.platform === 'win32') return;
  const { mode, uid } = statSync(resolve(directory));
  const own = process.geteuid?.();
  const isOthers = own !== undefined && own !== 0 && uid !== own && uid !== 0;
  if ((mode & 0o022) === 0 && !isOthers) return;
  throw new SessionConfigurationError(
    `The session directory ${directory} can be written by other users. Make it this process's own: ` +
      `chmod 700 ${directory}, or name a directory that does not exist yet.`,
  );
}
