/** Ktor: `Cache`. */
export interface Cache<K, V> {
  /** Concurrent calls share one computation. */
  getOrCompute(key: K): Promise<V>;

  peek(key: K): V | undefined;

  /**
   * Also cancels a running computation.
   * @returns the removed value.
   */
  invalidate(key: K): V | undefined;

  /** Only this value. */
  invalidate(key: K, value: V): boolean;

  invalidateAll(): void;
}

interface Entry<V> {
  readonly promise: Promise<V>;
  computed?: { readonly value: V };
}

/** Keeps values until invalidated (Ktor: `BaseCache`). Unlike in Ktor, a failed computation is not cached. */
export class BaseCache<K, V> implements Cache<K, V> {
  readonly #compute: (key: K) => V | PromiseLike<V>;
  readonly #entries = new Map<K, Entry<V>>();

  constructor(compute: (key: K) => V | PromiseLike<V>) {
    this.#compute = compute;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  async getOrCompute(key: K): Promise<V> {
    return (this.#entries.get(key) ?? this.#started(key)).promise;
  }

  peek(key: K): V | undefined {
    return this.#entries.get(key)?.computed?.value;
  }

  invalidate(key: K): V | undefined;
  invalidate(key: K, value: V): boolean;
  invalidate(key: K, ...expected: [] | [V]): V | undefined | boolean {
    const entry = this.#entries.get(key);
    if (expected.length === 0) {
      this.#entries.delete(key);
      return entry?.computed?.value;
    }
    const matches = entry?.computed !== undefined && entry.computed.value === expected[0];
    if (matches) this.#entries.delete(key);
    return matches;
  }

  invalidateAll(): void {
    this.#entries.clear();
  }

  #started(key: K): Entry<V> {
    const entry: Entry<V> = { promise: (async () => this.#compute(key))() };
    this.#entries.set(key, entry);
    void this.#settle(key, entry);
    return entry;
  }

  async #settle(key: K, entry: Entry<V>): Promise<void> {
    try {
      entry.computed = { value: await entry.promise };
    } catch {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    }
  }
}
