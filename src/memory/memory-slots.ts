import { ShardedMap } from './sharded-map.js';
import { grown, grownCapacity, SlotHeap } from './slot-heap.js';
import { SlotRings } from './slot-rings.js';

/** Sentinels of the LRU lists; the successor is the least recently used slot. */
const SENTINEL = 0;
const OWNED = 1;

/** A slot number indexes typed arrays, so the garbage collector sees two strings per session. */
export class MemorySlots {
  readonly #slotOfId = new ShardedMap<number>();
  readonly #firstOfOwner = new ShardedMap<number>();
  readonly #byDue = new SlotHeap();
  readonly #byUse = new SlotRings();
  readonly #byOwner = new SlotRings();
  readonly #ids: Array<string | undefined> = [undefined, undefined];
  readonly #values: Array<string | undefined> = [undefined, undefined];
  readonly #owners: Array<string | undefined> = [undefined, undefined];
  #expiresAt = new Float64Array(64);
  #versions = new Float64Array(64);
  #sizes = new Uint32Array(64);
  /** A linked list, because a growing array would copy itself. */
  #nextFree = new Int32Array(64);
  #firstFree = SENTINEL;
  #bytes = 0;

  constructor() {
    this.#byUse.alone(SENTINEL);
    this.#byUse.alone(OWNED);
  }

  get size(): number {
    return this.#byDue.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): number {
    const anonymous = this.#byUse.next(SENTINEL);
    if (anonymous !== SENTINEL) return anonymous;
    const owned = this.#byUse.next(OWNED);
    return owned === OWNED ? SENTINEL : owned;
  }

  find(id: string): number {
    return this.#slotOfId.get(id) ?? SENTINEL;
  }

  idOf(slot: number): string {
    return this.#ids[slot]!;
  }

  valueOf(slot: number): string {
    return this.#values[slot]!;
  }

  ownerOf(slot: number): string | undefined {
    return this.#owners[slot];
  }

  expiresAt(slot: number): number {
    return this.#expiresAt[slot]!;
  }

  version(slot: number): string {
    return String(this.#versions[slot]!);
  }

  add(id: string, value: string, owner: string | undefined, expiresAt: number, version: number): void {
    const free = this.#firstFree;
    const slot = free === SENTINEL ? this.#ids.length : free;
    if (free !== SENTINEL) this.#firstFree = this.#nextFree[free]!;
    if (slot >= this.#versions.length) this.#grow(slot);
    this.#ids[slot] = id;
    this.#values[slot] = value;
    this.#owners[slot] = undefined;
    this.#expiresAt[slot] = expiresAt;
    this.#versions[slot] = version;
    const size = bytesOf(id, value);
    this.#sizes[slot] = size;
    this.#bytes += size;
    this.#slotOfId.set(id, slot);
    this.#byDue.add(slot, expiresAt);
    this.#byUse.alone(slot);
    this.#byUse.insertBefore(slot, owner === undefined ? SENTINEL : OWNED);
    if (owner !== undefined) this.#join(owner, slot);
  }

  setValue(slot: number, value: string, version: number): void {
    const size = bytesOf(this.#ids[slot]!, value);
    this.#bytes += size - this.#sizes[slot]!;
    this.#sizes[slot] = size;
    this.#values[slot] = value;
    this.#versions[slot] = version;
  }

  /** A later expiry leaves the heap unchanged until {@link firstDue}. */
  setExpiresAt(slot: number, expiresAt: number): void {
    const moment = expiresAt > 0 ? expiresAt : 0; // NaN cannot be ordered: expires at once
    this.#expiresAt[slot] = moment;
    if (moment < this.#byDue.keyOf(slot)) this.#byDue.move(slot, moment);
  }

  markUsed(slot: number): void {
    this.#byUse.unlink(slot);
    this.#byUse.insertBefore(slot, this.#owners[slot] === undefined ? SENTINEL : OWNED);
  }

  /** Expired by `now`, or 0. Moves at most `maxMoves` renewed slots. */
  firstDue(now: number, maxMoves: number): number {
    for (let turn = 0; turn <= maxMoves; turn++) {
      const slot = this.#byDue.first;
      if (slot < 0 || this.#byDue.keyOf(slot) > now) return SENTINEL;
      if (this.#expiresAt[slot]! <= now) return slot;
      this.#byDue.move(slot, this.#expiresAt[slot]!);
    }
    return SENTINEL;
  }

  remove(slot: number): void {
    const id = this.#ids[slot]!;
    const owner = this.#owners[slot];
    this.#bytes -= this.#sizes[slot]!;
    this.#slotOfId.delete(id);
    this.#byDue.remove(slot);
    this.#byUse.unlink(slot);
    if (owner !== undefined) this.#leave(owner, slot);
    this.#ids[slot] = undefined;
    this.#values[slot] = undefined;
    this.#owners[slot] = undefined;
    this.#nextFree[slot] = this.#firstFree;
    this.#firstFree = slot;
  }

  ofOwner(owner: string): number[] {
    const first = this.#firstOfOwner.get(owner);
    if (first === undefined) return [];
    const slots = [first];
    for (let slot = this.#byOwner.next(first); slot !== first; slot = this.#byOwner.next(slot)) slots.push(slot);
    return slots;
  }

  #join(owner: string, slot: number): void {
    const first = this.#firstOfOwner.get(owner);
    this.#byOwner.alone(slot);
    // Owners share one string.
    this.#owners[slot] = first === undefined ? owner : this.#owners[first];
    if (first === undefined) this.#firstOfOwner.set(owner, slot);
    else this.#byOwner.insertBefore(slot, first);
  }

  #leave(owner: string, slot: number): void {
    const next = this.#byOwner.next(slot);
    if (next === slot) this.#firstOfOwner.delete(owner);
    else if (this.#firstOfOwner.get(owner) === slot) this.#firstOfOwner.set(owner, next);
    this.#byOwner.unlink(slot);
  }

  #grow(slot: number): void {
    const capacity = grownCapacity(slot);
    this.#expiresAt = grown(this.#expiresAt, new Float64Array(capacity));
    this.#versions = grown(this.#versions, new Float64Array(capacity));
    this.#sizes = grown(this.#sizes, new Uint32Array(capacity));
    this.#nextFree = grown(this.#nextFree, new Int32Array(capacity));
  }
}

export function bytesOf(id: string, value: string): number {
  return sizeOf(id) + sizeOf(value);
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text) === text.length ? text.length : 2 * text.length;
}
