import { grown, grownCapacity } from './slot-heap.js';

export class SlotRings {
  #next = new Int32Array(64);
  #previous = new Int32Array(64);

  alone(slot: number): void {
    if (slot >= this.#next.length) this.#grow(slot);
    this.#next[slot] = slot;
    this.#previous[slot] = slot;
  }

  insertBefore(slot: number, at: number): void {
    const previous = this.#previous[at]!;
    this.#next[previous] = slot;
    this.#previous[slot] = previous;
    this.#next[slot] = at;
    this.#previous[at] = slot;
  }

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
