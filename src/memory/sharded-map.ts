const SHARDS = 256;

/** A single `Map` blocks for tens of milliseconds when resizing at a million entries, and is limited to 2^24. */
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
  // NaN past the end counts as 0.
  return (key.charCodeAt(0) ^ (key.charCodeAt(1) << 2)) & (SHARDS - 1);
}
