import { setImmediate } from 'node:timers/promises';
import { SessionConfigurationError, SessionError } from '../errors/session.errors.js';
import { bytesOf, MemorySlots } from './memory-slots.js';
import { Tombstones } from './tombstones.js';
import {
  expiryOf,
  type OwnerIndex,
  type ReplaceResult,
  type SessionStorage,
  type SessionToStore,
  type StoredSession,
} from '../storage/session-storage.js';

export interface SessionStorageMemoryOptions {
  /** Default 100,000. */
  readonly maxSessions?: number;
  /**
   * Limit of all ids and values: one byte per ASCII character, else two. Excludes about 170 bytes per session (250 with
   * an owner). Default 268,435,456.
   */
  readonly maxBytes?: number;
  /** With the total of evicted live sessions. */
  readonly onEvict?: (evicted: number) => void;
  /** Epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

const SWEPT_PER_CALL = 4;
const MAX_MOVES = 256;
const BATCH = 100;

/** Stores sessions in the memory of this process (Ktor: `SessionStorageMemory`); see docs/memory.md. */
export class SessionStorageMemory implements SessionStorage {
  readonly owners: OwnerIndex;
  readonly #maxSessions: number;
  readonly #maxBytes: number;
  readonly #onEvict: ((evicted: number) => void) | undefined;
  readonly #now: () => number;
  #slots = new MemorySlots();
  readonly #tombstones: Tombstones;
  #evicted = 0;
  readonly #watchers = new Set<(count: number) => void>();
  // A reused id never repeats a version.
  #version = 0;

  /** @throws {SessionConfigurationError} if a limit is not an integer from 1. */
  constructor(options: SessionStorageMemoryOptions = {}) {
    this.#maxSessions = bound('maxSessions', options.maxSessions ?? 100_000);
    this.#maxBytes = bound('maxBytes', options.maxBytes ?? 256 * 1024 * 1024);
    this.#tombstones = new Tombstones(this.#maxSessions);
    this.#onEvict = options.onEvict;
    this.#now = options.now ?? (() => Date.now());
    this.owners = {
      list: async (owner) => this.#list(owner),
      invalidateAll: async (owner, except) => this.#invalidateAll(owner, except),
    };
  }

  get size(): number {
    return this.#slots.size;
  }

  get bytes(): number {
    return this.#slots.bytes;
  }

  get evicted(): number {
    return this.#evicted;
  }

  watchEvictions(listener: (count: number) => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const slot = this.#live(id);
    if (slot === 0) return undefined;
    this.#slots.markUsed(slot);
    return this.#stored(slot);
  }

  /** @throws {SessionError} `SESSION_TOO_LARGE` beyond `maxBytes`. */
  async write(id: string, session: SessionToStore): Promise<string> {
    this.#refuseTooLarge(id, session.value);
    const version = ++this.#version;
    const present = this.#slots.find(id);
    if (present !== 0) this.#slots.remove(present);
    else this.#tombstones.delete(id);
    const now = this.#expire();
    const expiresAt = expiryOf(session, now);
    if (now < expiresAt) {
      this.#slots.add(id, session.value, session.owner, expiresAt, version);
      this.#makeRoom();
    }
    return String(version);
  }

  /** @throws {SessionError} `SESSION_TOO_LARGE` beyond `maxBytes`. */
  async create(id: string, session: SessionToStore): Promise<string | undefined> {
    this.#refuseTooLarge(id, session.value);
    const now = this.#expire();
    const present = this.#slots.find(id);
    if (present !== 0 && this.#slots.expiresAt(present) > now) return undefined;
    if (this.#tombstones.has(id, now)) return undefined;
    return this.write(id, session);
  }

  async invalidate(id: string): Promise<boolean> {
    const slot = this.#live(id);
    if (slot !== 0) this.#writeTombstone(id, slot);
    return slot !== 0;
  }

  /** @throws {SessionError} `SESSION_TOO_LARGE` beyond `maxBytes`. */
  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    const slot = this.#live(id);
    if (slot === 0) return { status: 'gone' };
    if (version !== undefined && version !== this.#slots.version(slot)) {
      return { status: 'conflict', current: this.#stored(slot) };
    }
    this.#refuseTooLarge(id, session.value);
    const next = ++this.#version;
    this.#slots.setValue(slot, session.value, next);
    this.#slots.setExpiresAt(slot, expiryOf(session, this.#now()));
    this.#slots.markUsed(slot);
    this.#makeRoom();
    return { status: 'replaced', version: String(next) };
  }

  async touch(id: string, expiresAt: number, version?: string): Promise<boolean> {
    const slot = this.#live(id);
    if (slot === 0 || (version !== undefined && version !== this.#slots.version(slot))) return false;
    if (expiresAt > this.#slots.expiresAt(slot)) this.#slots.setExpiresAt(slot, expiresAt);
    this.#slots.markUsed(slot);
    return true;
  }

  async sweep(limit = Number.POSITIVE_INFINITY): Promise<number> {
    let removed = 0;
    while (removed < limit) {
      const slot = this.#slots.firstDue(this.#now(), Number.POSITIVE_INFINITY);
      if (slot === 0) break;
      this.#slots.remove(slot);
      if (++removed % BATCH === 0) await setImmediate();
    }
    return removed;
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {
    this.#slots = new MemorySlots();
    this.#tombstones.clear();
  }

  #live(id: string): number {
    const now = this.#expire();
    const slot = this.#slots.find(id);
    return slot !== 0 && this.#slots.expiresAt(slot) > now ? slot : 0;
  }

  #writeTombstone(id: string, slot: number): void {
    this.#slots.remove(slot);
    this.#tombstones.add(id, this.#now());
  }

  #stored(slot: number): StoredSession {
    const value = this.#slots.valueOf(slot);
    const expiresAt = this.#slots.expiresAt(slot);
    const version = this.#slots.version(slot);
    const owner = this.#slots.ownerOf(slot);
    return owner === undefined ? { value, expiresAt, version } : { value, expiresAt, version, owner };
  }

  #expire(): number {
    const now = this.#now();
    for (let removed = 0; removed < SWEPT_PER_CALL; removed++) {
      const slot = this.#slots.firstDue(now, SWEPT_PER_CALL);
      if (slot === 0) break;
      this.#slots.remove(slot);
    }
    return now;
  }

  #makeRoom(): void {
    const before = this.#evicted;
    while (this.#slots.size > this.#maxSessions || this.#slots.bytes > this.#maxBytes) {
      const due = this.#slots.firstDue(this.#now(), MAX_MOVES);
      if (due === 0) this.#evicted++;
      this.#slots.remove(due === 0 ? this.#slots.oldest : due);
    }
    const count = this.#evicted - before;
    if (count === 0) return;
    this.#onEvict?.(this.#evicted);
    for (const watcher of this.#watchers) watcher(count);
  }

  #refuseTooLarge(id: string, value: string): void {
    // Fast path: a character takes two bytes at most.
    if (2 * (id.length + value.length) <= this.#maxBytes || bytesOf(id, value) <= this.#maxBytes) return;
    throw new SessionError(
      'SESSION_TOO_LARGE',
      `The session is larger than maxBytes of SessionStorageMemory (${this.#maxBytes} bytes). ` +
        'Store less in it, or raise maxBytes.',
    );
  }

  #list(owner: string): Array<{ readonly id: string; readonly session: StoredSession }> {
    const now = this.#expire();
    const live = this.#slots.ofOwner(owner).filter((slot) => this.#slots.expiresAt(slot) > now);
    return live.map((slot) => ({ id: this.#slots.idOf(slot), session: this.#stored(slot) }));
  }

  #invalidateAll(owner: string, except: string | undefined): number {
    const now = this.#expire();
    let ended = 0;
    for (const slot of this.#slots.ofOwner(owner)) {
      const id = this.#slots.idOf(slot);
      if (id === except) continue;
      if (this.#slots.expiresAt(slot) > now) ended++;
      this.#writeTombstone(id, slot);
    }
    return ended;
  }
}

function bound(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new SessionConfigurationError(
    `${name} of SessionStorageMemory must be an integer from 1, such as new SessionStorageMemory({ ${name}: 50_000 }).`,
  );
}
