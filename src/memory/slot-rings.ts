import { grown, grownCapacity } from './slot-heap.js';

/** Slots (small integers) in doubly linked rings, in typed arrays: 8 bytes per slot, every operation O(1). */
export class SlotRings {
  #next = new Int32Array(64);
  #previous = new Int32Array(64);

  /** Initializes `slot` as its own ring. */
  alone(slot: number): void {
    if (slot >= this.#next.length) this.#grow(slot);
    this.#next[slot] = slot;
    this.#previous[slot] = slot;
  }

  /** Inserts a slot that is its own ring into the ring of `at`, before `at`. */
  insertBefore(slot: number, at: number): void {
    const previous = this.#previous[at]!;
    this.#next[previous] = slot;
    this.#previous[slot] = previous;
    this.#next[slot] = at;
    this.#previous[at] = slot;
  }

  /** Removes `slot` from its ring; it becomes its own ring. */
  unlink(slot: number): void {
    const next = this.#next[slot]!;
    const previous = this.#previous[slot]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#next[slot] = slot;
    this.#previous[slot] = slot;
  }

  next(slot: number): number {
    return this.#next[slot]!;
  }

  #grow(slot: number): void {
    const capacity = grownCapacity(slot);
    this.#next = grown(this.#next, new Int32Array(capacity));
    this.#previous = grown(this.#previous, new Int32Array(capacity));
  }
}
