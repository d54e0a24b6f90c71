const SHARDS = 256;

/**
 * By the key's first two characters. A single `Map` blocks for tens of milliseconds when resizing at a million entries,
 * and is limited to 2^24.
 */
export class ShardedMap<V> {
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
  // charCodeAt returns NaN past the end; bitwise operators treat it as 0.
  return (key.charCodeAt(0) ^ (key.charCodeAt(1) << 2)) & (SHARDS - 1);
}
