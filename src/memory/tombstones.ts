import { TOMBSTONE_IN_MILLISECONDS } from '../storage/session-storage.js';

const REMOVED_PER_CALL = 4;

export class Tombstones {
  readonly #most: number;
  readonly #until = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  add(id: string, now: number): void {
    this.#removeExpired(now);
    this.#until.delete(id);
    this.#until.set(id, now + TOMBSTONE_IN_MILLISECONDS);
    if (this.#until.size > this.#most) for (const oldest of this.#until.keys()) return void this.#until.delete(oldest);
  }

  has(id: string, now: number): boolean {
    return (this.#until.get(id) ?? 0) > now;
  }

  delete(id: string): void {
    this.#until.delete(id);
  }

  clear(): void {
    this.#until.clear();
  }

  #removeExpired(now: number): void {
    let left = REMOVED_PER_CALL;
    for (const [id, until] of this.#until) {
      if (until > now || left-- === 0) return;
      this.#until.delete(id);
    }
  }
}
