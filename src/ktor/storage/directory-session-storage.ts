import { TimeoutCache } from '../../storage/timeout-cache.js';
import { KtorDirectoryStorage } from './ktor-directory-storage.js';
import { KtorSessionStorage, type KtorStringStorage } from './ktor-session-storage.js';

const CACHED_FOR_MILLISECONDS = 60_000;

/** @param cached for 60 s. Use `false` if both servers write. Default `true`, as in Ktor. */
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
    // The other server may create a session at any time.
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
