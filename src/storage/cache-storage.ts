import type { Cache } from './cache.js';
import { assertStorage } from './option-checks.js';
import type { OwnerIndex, SessionStorage, SessionToStore, StoredSession } from './session-storage.js';
import { passOn, wrappedCapabilities, type StorageOverrides } from './wrapped-storage.js';
import { TimeoutCache, type TimeoutCacheOptions } from './timeout-cache.js';

export type CacheStorageOptions = Omit<TimeoutCacheOptions, 'timeoutInMilliseconds' | 'since'> & {
  /** For session expiry. Default `Date.now`. */
  readonly sessionNow?: () => number;
};

/**
 * Caches reads of another storage (Ktor: `CacheStorage`). Never stale within one process; see docs/caching.md for
 * several.
 *
 * Unlike Ktor's: the time starts at the read; absence and failures are not cached; equal text is written, because its
 * expiry may be later.
 */
export class CacheStorage implements SessionStorage {
  declare readonly create?: NonNullable<SessionStorage['create']>;
  declare readonly readMany?: NonNullable<SessionStorage['readMany']>;
  declare readonly replace?: NonNullable<SessionStorage['replace']>;
  declare readonly touch?: NonNullable<SessionStorage['touch']>;
  declare readonly owners?: OwnerIndex;
  declare readonly sweep?: NonNullable<SessionStorage['sweep']>;
  declare readonly ping?: NonNullable<SessionStorage['ping']>;
  declare readonly inspect?: NonNullable<SessionStorage['inspect']>;
  declare readonly close?: NonNullable<SessionStorage['close']>;
  readonly #delegate: SessionStorage;
  readonly #cache: Cache<string, StoredSession | undefined>;
  readonly #now: () => number;

  /** @throws {SessionConfigurationError} for an invalid storage, time or `max`. */
  constructor(delegate: SessionStorage, idleTimeoutInMilliseconds: number, options: CacheStorageOptions = {}) {
    assertStorage('A cache', delegate);
    this.#delegate = delegate;
    this.#now = options.sessionNow ?? (() => Date.now());
    this.#cache = new TimeoutCache((id) => delegate.read(id), {
      ...options,
      timeoutInMilliseconds: idleTimeoutInMilliseconds,
    });
    const { owners } = delegate;
    const overrides: StorageOverrides = {
      create: (id, session) => this.#changing(id, () => delegate.create!(id, session)),
      replace: (id, session, version) => this.#changing(id, () => delegate.replace!(id, session, version)),
      touch: (id, ...rest) => this.#changing(id, () => delegate.touch!(id, ...rest)),
      close: () => this.#close(),
      ...(owners ? { owners: { invalidateAll: (owner, except) => this.#invalidateAll(owners, owner, except) } } : {}),
    };
    Object.assign(this, wrappedCapabilities(delegate, passOn, overrides));
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const kept = await this.#cache.getOrCompute(id);
    if (kept && kept.expiresAt > this.#now()) return { ...kept };
    // Another process may have renewed the session.
    this.#cache.invalidate(id, kept);
    return kept && this.#delegate.read(id);
  }

  async write(id: string, session: SessionToStore): Promise<string | void> {
    return this.#changing(id, () => this.#delegate.write(id, session));
  }

  async invalidate(id: string): Promise<boolean | void> {
    return this.#changing(id, () => this.#delegate.invalidate(id));
  }

  /** Twice, because of reads in between. */
  async #changing<T>(id: string, change: () => Promise<T>): Promise<T> {
    this.#cache.invalidate(id);
    try {
      return await change();
    } finally {
      this.#cache.invalidate(id);
    }
  }

  async #invalidateAll(owners: OwnerIndex, owner: string, except: string | undefined): Promise<number> {
    try {
      return await owners.invalidateAll(owner, except);
    } finally {
      this.#cache.invalidateAll();
    }
  }

  async #close(): Promise<void> {
    this.#cache.invalidateAll();
    await this.#delegate.close!();
  }
}

export interface CachedSessionStorageOptions {
  /** Maximum age of cached sessions. Default 2,000. */
  readonly ttlInMilliseconds?: number;
  /** Default 10,000. */
  readonly max?: number;
}

/** @throws {SessionConfigurationError} */
export function cachedSessionStorage(storage: SessionStorage, options: CachedSessionStorageOptions = {}): CacheStorage {
  return new CacheStorage(
    storage,
    options.ttlInMilliseconds ?? 2000,
    options.max === undefined ? {} : { max: options.max },
  );
}
