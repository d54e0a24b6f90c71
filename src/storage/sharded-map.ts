const SHARDS = 256;

/**
 * A map in 256 pieces, chosen by the key's first two characters. A `Map` copies itself when it grows or shrinks, which
 * takes tens of milliseconds at a million entries, and ends at 2^24 of them; its pieces stay small.
 */
export class ShardedMap<V> {
  readonly #shards: ReadonlyArray<Map<string, V>> = Array.from({ length: SHARDS }, () => new Map<string, V>());

  get(key: string): V | undefined {
    return this.#shard(key).get(key);
  }

  set(key: string, value: V): void {
    this.#shard(key).set(key, value);
  }

  delete(key: string): boolean {
    return this.#shard(key).delete(key);
  }

  clear(): void {
    for (const shard of this.#shards) shard.clear();
  }

  #shard(key: string): Map<string, V> {
    // Past the end charCodeAt gives NaN, which counts as 0 here.
    return this.#shards[(key.charCodeAt(0) ^ (key.charCodeAt(1) << 2)) & (SHARDS - 1)]!;
  }
}
