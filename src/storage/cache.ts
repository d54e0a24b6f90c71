/** Values by key, computed when they are asked for first (Ktor: `Cache`). */
export interface Cache<K, V> {
  /** The value of `key`; computed once, however many ask for it at the same time. */
  getOrCompute(key: K): Promise<V>;

  /** The value of `key` if it has been computed already. */
  peek(key: K): V | undefined;

  /**
   * Forgets the value of `key`, also one that is just being computed.
   * @returns what was forgotten, if it had been computed.
   */
  invalidate(key: K): V | undefined;

  /**
   * Forgets the value of `key` only if it is `value`.
   * @returns whether it was.
   */
  invalidate(key: K, value: V): boolean;

  /** Forgets everything. */
  invalidateAll(): void;
}

interface Entry<V> {
  readonly promise: Promise<V>;
  computed?: { readonly value: V };
}

/**
 * Keeps values until they are invalidated (Ktor: `BaseCache`). A computation that fails is not kept, unlike Ktor's: all
 * who wait for it fail, and whoever asks next tries again.
 */
export class BaseCache<K, V> implements Cache<K, V> {
  readonly #compute: (key: K) => V | PromiseLike<V>;
  readonly #entries = new Map<K, Entry<V>>();

  constructor(compute: (key: K) => V | PromiseLike<V>) {
    this.#compute = compute;
  }

  /** How many values are kept or being computed. */
  get size(): number {
    return this.#entries.size;
  }

  /** Whether the value of `key` is kept or being computed. */
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
