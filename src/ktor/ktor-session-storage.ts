import { hash } from 'node:crypto';
import { KeyedMutex } from '../storage/keyed-mutex.js';
import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import { NEVER, type ReplaceResult, type SessionToStore, type StoredSession } from '../storage/session-storage.js';
import { ROTATED } from '../tracker/session-tracker-by-id.js';

/** Ktor's `SessionStorage`: text by id, without expiry. An id that is not there reads as `undefined`. */
export interface KtorStringStorage {
  write(id: string, value: string): Promise<void>;
  read(id: string): Promise<string | undefined>;
  invalidate(id: string): Promise<boolean | void>;
}

/** How long a request under way may still carry an id that was exchanged for a new one. */
const ROTATED_FOR_MILLISECONDS = 60_000;
const MOST_MARKS = 10_000;
const LOCK_TIMEOUT = 5000;

/**
 * Makes a store that a Ktor server shares into one for this library: ids and texts stay exactly as Ktor writes them.
 *
 * Ktor's stores know neither expiry nor versions, so sessions stay until they are ended, and a change is told from
 * another by its text: within this process no change is lost, between servers the later write wins, as among Ktor's
 * own. There is no owner index.
 */
export class KtorSessionStorage implements ConditionalSessionStorage {
  readonly #storage: KtorStringStorage;
  readonly #now: () => number;
  readonly #mutex = new KeyedMutex(LOCK_TIMEOUT);
  // Ktor would answer 500 to a mark in the store itself.
  readonly #rotated = new Map<string, number>();

  constructor(storage: KtorStringStorage, options: { readonly now?: () => number } = {}) {
    this.#storage = storage;
    this.#now = options.now ?? Date.now;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const value = await this.#storage.read(id);
    if (value !== undefined) return stored(value);
    return (this.#rotated.get(id) ?? 0) > this.#now() ? stored(ROTATED) : undefined;
  }

  async write(id: string, session: SessionToStore): Promise<string> {
    return this.#mutex.run(id, async () => {
      await this.#storage.write(id, session.value);
      this.#rotated.delete(id);
      return versionOf(session.value);
    });
  }

  async invalidate(id: string): Promise<boolean> {
    return this.#mutex.run(id, async () => (await this.#storage.invalidate(id)) ?? true);
  }

  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    return this.#mutex.run(id, async () => {
      const current = await this.read(id);
      if (!current) return { status: 'gone' };
      if (version !== undefined && version !== current.version) return { status: 'conflict', current };
      if (session.value === ROTATED) {
        await this.#storage.invalidate(id);
        this.#mark(id);
      } else await this.#storage.write(id, session.value);
      return { status: 'replaced', version: versionOf(session.value) };
    });
  }

  #mark(id: string): void {
    const now = this.#now();
    for (const [marked, until] of this.#rotated) {
      if (until > now && this.#rotated.size < MOST_MARKS) break;
      this.#rotated.delete(marked);
    }
    this.#rotated.set(id, now + ROTATED_FOR_MILLISECONDS);
  }
}

function stored(value: string): StoredSession {
  return { value, expiresAt: NEVER, version: versionOf(value) };
}

function versionOf(value: string): string {
  return hash('sha256', value, 'base64url');
}
