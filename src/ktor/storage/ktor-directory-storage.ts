import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SessionConfigurationError, SessionError } from '../../errors/session.errors.js';
import { KtorSessionStorage, type KtorStringStorage } from './ktor-session-storage.js';

export interface KtorDirectoryStorageOptions {
  /** Ktor's `rootDir`. Created if missing. */
  readonly directory: string;
  /** Readers of files may enter their directory. Default `0o600`. */
  readonly fileMode?: number;
  /** In epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

const BAD_ID = /\.\.|[/\\!?><\u0000]|\p{Surrogate}/u;
const MAX_ATTEMPTS = 5;
const EMPTY_FILE_WAIT_IN_MILLISECONDS = 10;

/**
 * Ktor's `DirectoryStorage`: session `abcde` is the content of `ab/cd/e.dat`. Unlike Ktor's, writes are atomic; a file
 * that Ktor is writing may read as no session.
 */
export class KtorDirectoryStorage extends KtorSessionStorage {
  readonly texts: KtorStringStorage;

  /** @throws {SessionConfigurationError} if the directory cannot be created. */
  constructor(options: KtorDirectoryStorageOptions) {
    const texts = new KtorSessionFiles(options);
    super(texts, options.now ? { now: options.now } : {});
    this.texts = texts;
  }
}

class KtorSessionFiles implements KtorStringStorage {
  readonly #root: string;
  readonly #fileMode: number;
  readonly #directoryMode: number;

  constructor(options: KtorDirectoryStorageOptions) {
    this.#root = resolve(options.directory);
    this.#fileMode = options.fileMode ?? 0o600;
    this.#directoryMode = this.#fileMode | 0o100 | ((this.#fileMode & 0o044) >> 2) | 0o300;
    createDirectory(this.#root, this.#directoryMode);
  }

  async read(id: string): Promise<string | undefined> {
    const path = this.#pathOf(id);
    if (path === undefined) return undefined;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const text = await unlessAbsent(readFile(path, 'utf8'));
      if (text !== '') return text;
      // Ktor empties a file before writing it.
      await delay(EMPTY_FILE_WAIT_IN_MILLISECONDS);
    }
    return undefined;
  }

  async write(id: string, value: string): Promise<void> {
    const path = this.#pathOf(id);
    if (path === undefined) {
      throw new SessionError(
        'SESSION_WRONG_VALUE',
        'Bad session id: it is not a file name. Return letters and digits from identity().',
      );
    }
    const temporary = join(this.#root, `.writing-${randomBytes(9).toString('hex')}`);
    await writeFile(temporary, value, { mode: this.#fileMode, flag: 'wx' });
    try {
      await this.#putInPlace(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async invalidate(id: string): Promise<boolean> {
    const path = this.#pathOf(id);
    if (path === undefined) return false;
    const wasThere = (await unlessAbsent(rm(path).then(() => true))) ?? false;
    for (let parent = dirname(path); parent !== this.#root; parent = dirname(parent)) {
      try {
        await rmdir(parent);
      } catch {
        break;
      }
    }
    return wasThere;
  }

  // Invalidating another session may remove the directory.
  async #putInPlace(temporary: string, path: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await mkdir(dirname(path), { recursive: true, mode: this.#directoryMode });
      try {
        return await rename(temporary, path);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || attempt >= MAX_ATTEMPTS) throw error;
      }
    }
  }

  #pathOf(id: string): string | undefined {
    if (id === '' || BAD_ID.test(id)) return undefined;
    const pieces: string[] = [];
    for (let start = 0; start < id.length; start += 2) pieces.push(id.slice(start, start + 2));
    // A last piece `.` would otherwise name its directory.
    pieces.push(`${pieces.pop()!}.dat`);
    return join(this.#root, ...pieces);
  }
}

function createDirectory(path: string, mode: number): void {
  const text = `Path is not a directory: ${path}. Choose a directory that can be created and written.`;
  try {
    mkdirSync(path, { recursive: true, mode });
    if (statSync(path).isDirectory()) return;
  } catch (cause) {
    throw new SessionConfigurationError(text, { cause });
  }
  throw new SessionConfigurationError(text);
}

const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']);

async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (ABSENT.has(codeOf(error))) return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
