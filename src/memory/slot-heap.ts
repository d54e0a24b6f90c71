export class SlotHeap {
  #heap = new Int32Array(64);
  #positions = new Int32Array(64);
  #keys = new Float64Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): number {
    return this.#size > 0 ? this.#heap[0]! : -1;
  }

  keyOf(slot: number): number {
    return this.#keys[slot]!;
  }

  add(slot: number, key: number): void {
    if (slot >= this.#keys.length) this.#grow(slot);
    this.#keys[slot] = key;
    this.#rise(this.#size++, slot);
  }

  move(slot: number, key: number): void {
    const before = this.#keys[slot]!;
    this.#keys[slot] = key;
    if (key < before) this.#rise(this.#positions[slot]!, slot);
    else this.#sink(this.#positions[slot]!, slot);
  }

  remove(slot: number): void {
    const position = this.#positions[slot]!;
    const last = this.#heap[--this.#size]!;
    if (last === slot) return;
    if (this.#keys[last]! < this.#keys[slot]!) this.#rise(position, last);
    else this.#sink(position, last);
  }

  #rise(from: number, slot: number): void {
    const key = this.#keys[slot]!;
    let position = from;
    while (position > 0) {
      const up = (position - 1) >> 1;
      const parent = this.#heap[up]!;
      if (this.#keys[parent]! <= key) break;
      this.#put(position, parent);
      position = up;
    }
    this.#put(position, slot);
  }

  #sink(from: number, slot: number): void {
    const key = this.#keys[slot]!;
    let position = from;
    for (let down = 2 * position + 1; down < this.#size; down = 2 * position + 1) {
      if (down + 1 < this.#size && this.#keys[this.#heap[down + 1]!]! < this.#keys[this.#heap[down]!]!) down++;
      const child = this.#heap[down]!;
      if (this.#keys[child]! >= key) break;
      this.#put(position, child);
      position = down;
    }
    this.#put(position, slot);
  }

  #put(position: number, slot: number): void {
    this.#heap[position] = slot;
    this.#positions[slot] = position;
  }

  #grow(slot: number): void {
    const capacity = grownCapacity(slot);
    this.#heap = grown(this.#heap, new Int32Array(capacity));
    this.#positions = grown(this.#positions, new Int32Array(capacity));
    this.#keys = grown(this.#keys, new Float64Array(capacity));
  }
}

export function grownCapacity(slot: number): number {
  return slot + 1 + ((slot + 1) >> 2);
}

export function grown<A extends Int32Array | Uint32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
