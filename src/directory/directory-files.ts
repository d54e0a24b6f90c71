import { hash } from 'node:crypto';
import { constants, mkdirSync, statSync } from 'node:fs';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { decodeRecord, encodeRecord, fileTime, type DirectoryRecord, type RecordToWrite } from './directory-record.js';
import { hasCode } from '../errors/error-kind.js';
import { PreparedFile } from './prepared-file.js';

// Not on Windows. O_NONBLOCK: opening a FIFO must not wait for a writer.
const SAFE_OPEN_FLAGS = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const MAX_FILE_BYTES = 64 * 1024 * 1024;

export class DirectoryFiles {
  readonly #root: string;
  readonly #fsync: boolean;

  constructor(root: string, fsync: boolean) {
    this.#root = root;
    this.#fsync = fsync;
  }

  /** SHA-256: a safe name for any id, also on case-insensitive file systems. */
  pathOf(id: string): string {
    return this.pathOfName(nameOf(id));
  }

  pathOfName(name: string): string {
    return join(this.shardOf(name.slice(0, 2)), name.slice(2));
  }

  shardOf(shard: string): string {
    return join(this.#root, shard);
  }

  async read(path: string): Promise<DirectoryRecord | undefined> {
    return this.use(path, constants.O_RDONLY, async (_file, record) => record);
  }

  async use<T>(
    path: string,
    mode: number,
    task: (file: FileHandle, record: DirectoryRecord | undefined) => Promise<T>,
  ): Promise<T | undefined> {
    let file: FileHandle;
    try {
      file = await open(path, mode | SAFE_OPEN_FLAGS);
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR')) return undefined;
      throw error;
    }
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.size > MAX_FILE_BYTES) return await task(file, undefined);
      const { size, mtimeMs } = stats;
      const content = Buffer.allocUnsafe(size);
      const { bytesRead } = await file.read(content, 0, size, 0);
      return await task(file, decodeRecord(content.subarray(0, bytesRead), mtimeMs));
    } finally {
      await file.close();
    }
  }

  /** @returns `undefined` if the directory is missing and may not be created. */
  async prepare(
    path: string,
    record: RecordToWrite,
    options: { readonly mayMakeDirectory: boolean; readonly shared: boolean },
  ): Promise<PreparedFile | undefined> {
    const content = encodeRecord(record.id, record.session, record.version);
    const write = (file: string): Promise<void> => this.#writeNew(file, content, record.session.expiresAt);
    try {
      return await PreparedFile.make(path, options.shared, write);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
      if (!options.mayMakeDirectory) return undefined;
      await mkdir(dirname(path), { mode: 0o700, recursive: true });
      return PreparedFile.make(path, options.shared, write);
    }
  }

  async commit(prepared: PreparedFile, path: string): Promise<boolean> {
    const committed = await prepared.commit();
    if (committed && this.#fsync) await this.#syncDirectory(dirname(path));
    return committed;
  }

  async place(prepared: PreparedFile, path: string): Promise<boolean> {
    const placed = await prepared.place();
    if (placed && this.#fsync) await this.#syncDirectory(dirname(path));
    return placed;
  }

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

  /** Sweeping reads only names and modification times. */
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
    } finally {
      await file.close();
    }
  }

  async #syncDirectory(path: string): Promise<void> {
    if (process.platform === 'win32') return;
    const directory = await open(path, constants.O_RDONLY);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

export function nameOf(id: string): string {
  return hash('sha256', id, 'hex');
}

export function madeDirectory(directory: string): string {
  if (typeof directory !== 'string' || directory === '') {
    throw new SessionConfigurationError(
      "The directory of a session storage must be a path, such as { directory: '.sessions' }.",
    );
  }
  try {
    mkdirSync(resolve(directory), { mode: 0o700, recursive: true });
    assertOwn(directory);
  } catch (error) {
    if (error instanceof SessionConfigurationError) throw error;
    throw new SessionConfigurationError(
      `The session directory ${directory} is not a directory and cannot be created. ` +
        'Choose a directory that this process can write to.',
      { cause: error },
    );
  }
  return resolve(directory);
}

/** Users with write access could forge or roll back sessions. */
function assertOwn(directory: string): void {
  if (process.platform === 'win32') return;
  const { mode, uid } = statSync(resolve(directory));
  const own = process.geteuid?.();
  const isOthers = own !== undefined && own !== 0 && uid !== own && uid !== 0;
  if ((mode & 0o022) === 0 && !isOthers) return;
  throw new SessionConfigurationError(
    `The session directory ${directory} is writable for other users. Run ` +
      `chmod 700 ${directory}, or choose a directory that does not exist yet.`,
  );
}
