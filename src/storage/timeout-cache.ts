import { SessionConfigurationError } from '../errors/session.errors.js';
import { BaseCache, type Cache } from './cache.js';
import { startUnrefTimer, type StartTimer } from './deadline-queue.js';

export interface TimeoutCacheOptions {
  readonly timeoutInMilliseconds: number;
  /** Default `computation`. */
  readonly since?: 'computation' | 'use';
  /** The oldest values are removed first. Default 10,000. */
  readonly max?: number;
  /** Milliseconds. Default `performance.now`. */
  readonly now?: () => number;
  /** Default: an unreferenced `setTimeout`. */
  readonly startTimer?: StartTimer;
}

/** Keeps values for a time (Ktor: `BaseTimeoutCache`). Insertion order is expiry order, so one timer is enough. */
export class TimeoutCache<K, V> implements Cache<K, V> {
  readonly #cache: BaseCache<K, V>;
  readonly #since = new Map<K, number>();
  readonly #timeout: number;
  readonly #refreshed: boolean;
  readonly #max: number;
  readonly #now: () => number;
  readonly #startTimer: StartTimer;
  #ticking = false;

  constructor(compute: (key: K) => V | PromiseLike<V>, options: TimeoutCacheOptions) {
    this.#cache = new BaseCache(compute);
    this.#timeout = positive('The timeout of a cache', options.timeoutInMilliseconds);
    this.#max = positive('max of a cache', options.max ?? 10_000);
    this.#refreshed = options.since === 'use';
    this.#now = options.now ?? (() => performance.now());
    this.#startTimer = options.startTimer ?? startUnrefTimer;
  }

  get size(): number {
    return this.#cache.size;
  }

  async getOrCompute(key: K): Promise<V> {
    this.#evict();
    if (this.#refreshed || !this.#cache.has(key)) {
      this.#since.delete(key);
      this.#since.set(key, this.#now());
    }
    if (this.#since.size > this.#max) this.invalidate(this.#since.keys().next().value!);
    if (!this.#ticking) this.#tickAfter(this.#timeout);
    return this.#cache.getOrCompute(key);
  }

  peek(key: K): V | undefined {
    this.#evict();
    return this.#cache.peek(key);
  }

  invalidate(key: K): V | undefined;
  invalidate(key: K, value: V): boolean;
  invalidate(key: K, ...expected: [] | [V]): V | undefined | boolean {
    const result = expected.length === 0 ? this.#cache.invalidate(key) : this.#cache.invalidate(key, expected[0]);
    if (!this.#cache.has(key)) this.#since.delete(key);
    return result;
  }

  invalidateAll(): void {
    this.#cache.invalidateAll();
    this.#since.clear();
  }

  #evict(): void {
    const end = this.#now() - this.#timeout;
    for (const [key, since] of this.#since) {
      if (since > end) return;
      this.invalidate(key);
    }
  }

  readonly #tick = (): void => {
    this.#ticking = false;
    this.#evict();
    const next = this.#since.values().next();
    if (!next.done) this.#tickAfter(Math.max(1, next.value + this.#timeout - this.#now()));
  };

  #tickAfter(milliseconds: number): void {
    this.#ticking = true;
    this.#startTimer(this.#tick, milliseconds);
  }
}

function positive(what: string, value: number): number {
  if (typeof value === 'number' && value > 0) return value;
  throw new SessionConfigurationError(`${what} must be a positive number.`);
}
