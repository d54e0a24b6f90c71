const SHARDS = 256;

/**
 * A map in 256 pieces, chosen by the key's first two characters. A `Map` copies itself when it grows or shrinks, which
 * takes tens of milliseconds at a million entries, and ends at 2^24 of them; its pieces stay small.
 */
export class ShardedMap<V> {
  // Pieces are made when they are needed: most maps stay small.
  readonly #shards: Array<Map<string, V> | undefined> = [];

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  set(key: string, value: V): void {
    (this.#shards[shardOf(key)] ??= new Map<string, V>()).set(key, value);
  }

  delete(key: string): boolean {
    return this.#shards[shardOf(key)]?.delete(key) ?? false;
  }
}

function shardOf(key: string): number {
  // Past the end charCodeAt gives NaN, which counts as 0 here.
  return (key.charCodeAt(0) ^ (key.charCodeAt(1) << 2)) & (SHARDS - 1);
}
