import { hash } from 'node:crypto';
import { KeyedMutex } from '../../storage/keyed-mutex.js';
import type { ConditionalSessionStorage } from '../../storage/session-storage-guarded.js';
import { NEVER, type ReplaceResult, type SessionToStore, type StoredSession } from '../../storage/session-storage.js';

/** Ktor's `SessionStorage`: text by id, without expiry. */
export interface KtorStringStorage {
  write(id: string, value: string): Promise<void>;
  read(id: string): Promise<string | undefined>;
  invalidate(id: string): Promise<boolean | void>;
}

/** What SessionTrackerById stores under a rotated or ended id. */
const ROTATED = '~rotated.';
const MARK = /^~(?:rotated(?:\.|$)|ended$)/;
const MAX_MARKS = 10_000;
const LOCK_TIMEOUT_IN_MILLISECONDS = 5000;

/**
 * A storage shared with a Ktor server. Loses no change within this process; between servers the later write wins, as in
 * Ktor.
 */
export class KtorSessionStorage implements ConditionalSessionStorage {
  readonly #storage: KtorStringStorage;
  readonly #now: () => number;
  readonly #mutex = new KeyedMutex(LOCK_TIMEOUT_IN_MILLISECONDS);
  // Ktor would answer 500 to a stored mark.
  readonly #marks = new Map<string, { readonly value: string; readonly until: number }>();

  constructor(storage: KtorStringStorage, options: { readonly now?: () => number } = {}) {
    this.#storage = storage;
    this.#now = options.now ?? (() => Date.now());
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const value = await this.#storage.read(id);
    if (value !== undefined) return stored(value);
    const mark = this.#marks.get(id);
    return mark && mark.until > this.#now() ? stored(mark.value) : undefined;
  }

  async write(id: string, session: SessionToStore): Promise<string> {
    return this.#mutex.run(id, async () => {
      await this.#storage.write(id, session.value);
      this.#marks.delete(id);
      return versionOf(session.value);
    });
  }

  /** Overwrites, as Ktor does, unless the id was just rotated or ended. */
  async create(id: string, session: SessionToStore): Promise<string | undefined> {
    return this.#mutex.run(id, async () => {
      const mark = this.#marks.get(id);
      if (mark && mark.until > this.#now()) return undefined;
      await this.#storage.write(id, session.value);
      return versionOf(session.value);
    });
  }

  async invalidate(id: string): Promise<boolean> {
    let successor: string | undefined;
    const wasThere = await this.#mutex.run(id, async () => {
      const mark = this.#marks.get(id);
      if (mark && mark.until > this.#now() && mark.value.startsWith(ROTATED)) {
        successor = mark.value.slice(ROTATED.length);
      }
      this.#marks.delete(id);
      return (await this.#storage.invalidate(id)) ?? true;
    });
    // Ending a rotated id ends the session.
    return successor === undefined ? wasThere : this.invalidate(successor);
  }

  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    return this.#mutex.run(id, async () => {
      const current = await this.read(id);
      if (!current) return { status: 'gone' };
      if (version !== undefined && version !== current.version) return { status: 'conflict', current };
      if (MARK.test(session.value)) {
        await this.#storage.invalidate(id);
        this.#mark(id, session);
      } else await this.#storage.write(id, session.value);
      return { status: 'replaced', version: versionOf(session.value) };
    });
  }

  #mark(id: string, { value, expiresAt }: SessionToStore): void {
    const now = this.#now();
    for (const [marked, { until }] of this.#marks) {
      if (until > now && this.#marks.size < MAX_MARKS) break;
      this.#marks.delete(marked);
    }
    this.#marks.set(id, { value, until: expiresAt });
  }
}

function stored(value: string): StoredSession {
  return { value, expiresAt: NEVER, version: versionOf(value) };
}

function versionOf(value: string): string {
  return hash('sha256', value, 'base64url');
}
