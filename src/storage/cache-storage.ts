import type { Cache } from './cache.js';
import { assertStorage } from './option-type.js';
import type { OwnerIndex, SessionStorage, SessionToStore, StoredSession } from './session-storage.js';
import { passOn, wrappedCapabilities, type StorageOverrides } from './wrapped-storage.js';
import { TimeoutCache, type TimeoutCacheOptions } from './timeout-cache.js';

export type CacheStorageOptions = Omit<TimeoutCacheOptions, 'timeoutInMilliseconds' | 'since'> & {
  /** The clock that sessions expire by, epoch milliseconds. Default `Date.now`. */
  readonly sessionNow?: () => number;
};

/**
 * Keeps what was read from another storage for a time (Ktor: `CacheStorage`). Reads only: every change goes through and
 * drops what was kept, so within one process nothing is ever stale.
 *
 * **Several processes.** What another process changed is seen at the latest when the time is over. A change based on stale
 * content does no harm, since its version conflicts; but a session that was ended elsewhere still reads as live for so
 * long. Keep the time short there, or use no cache.
 *
 * Unlike Ktor's: the time counts from the read that filled the cache and is not prolonged by use, or a session in steady
 * use would never be looked up again; absence and failures are not kept; a write of equal text is a write, since it may
 * carry a later expiry.
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

  /** @throws {SessionConfigurationError} on what is no storage, and on a time or a number of sessions that is not positive. */
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
    // Absence is not kept, and what expired here may have been prolonged elsewhere.
    this.#cache.invalidate(id, kept);
    return kept && this.#delegate.read(id);
  }

  async write(id: string, session: SessionToStore): Promise<string | void> {
    return this.#changing(id, () => this.#delegate.write(id, session));
  }

  async invalidate(id: string): Promise<boolean | void> {
    return this.#changing(id, () => this.#delegate.invalidate(id));
  }

  /** Forgets before, so that nobody gets what is about to change, and after, in case somebody read it meanwhile. */
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
  /** How long a session is kept, and so how late a change by another process is seen. Default 2,000. */
  readonly ttlInMilliseconds?: number;
  /** How many sessions are kept at most. Default 10,000. */
  readonly max?: number;
}

/** A {@link CacheStorage} in front of `storage`, with a time that suits several processes. */
export function cachedSessionStorage(storage: SessionStorage, options: CachedSessionStorageOptions = {}): CacheStorage {
  return new CacheStorage(
    storage,
    options.ttlInMilliseconds ?? 2000,
    options.max === undefined ? {} : { max: options.max },
  );
}
