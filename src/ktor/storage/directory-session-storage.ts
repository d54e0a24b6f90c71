import { TimeoutCache } from '../../storage/timeout-cache.js';
import { KtorDirectoryStorage } from './ktor-directory-storage.js';
import { KtorSessionStorage, type KtorStringStorage } from './ktor-session-storage.js';

/** How long Ktor's cache keeps a text that nobody asks for. */
const CACHED_FOR_MILLISECONDS = 60_000;

/**
 * The directory of a Ktor server (Ktor: `directorySessionStorage(rootDir, cached)`).
 * @param rootDir made, with its parents, if it is not there.
 * @param cached keeps what was read for 60 s, as Ktor does: what the Ktor server changes or ends meanwhile is seen
 *   after that. `false` where both servers write. Default `true`, Ktor's.
 * @throws {SessionConfigurationError} when the directory is not one and cannot be made.
 */
export function directorySessionStorage(rootDir: string, cached = true): KtorSessionStorage {
  const directory = new KtorDirectoryStorage({ directory: rootDir });
  return cached ? new KtorSessionStorage(new CachedTexts(directory.texts)) : directory;
}

class CachedTexts implements KtorStringStorage {
  readonly #texts: KtorStringStorage;
  readonly #cache: TimeoutCache<string, string | undefined>;

  constructor(texts: KtorStringStorage) {
    this.#texts = texts;
    this.#cache = new TimeoutCache((id) => texts.read(id), { timeoutInMilliseconds: CACHED_FOR_MILLISECONDS });
  }

  async read(id: string): Promise<string | undefined> {
    const text = await this.#cache.getOrCompute(id);
    // A session that is not there may be made by the other server at any time.
    if (text === undefined) this.#cache.invalidate(id);
    return text;
  }

  async write(id: string, value: string): Promise<void> {
    try {
      await this.#texts.write(id, value);
    } finally {
      this.#cache.invalidate(id);
    }
  }

  async invalidate(id: string): Promise<boolean | void> {
    try {
      return await this.#texts.invalidate(id);
    } finally {
      this.#cache.invalidate(id);
    }
  }
}
