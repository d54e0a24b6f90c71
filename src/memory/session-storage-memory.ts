import { setImmediate } from 'node:timers/promises';
import { SessionConfigurationError, SessionError } from '../errors/session.errors.js';
import { bytesOf, MemorySlots } from './memory-slots.js';
import { Tombstones } from './tombstones.js';
import type {
  OwnerIndex,
  ReplaceResult,
  SessionStorage,
  SessionToStore,
  StoredSession,
} from '../storage/session-storage.js';

export interface SessionStorageMemoryOptions {
  /** How many sessions are held at most. Default 100,000. */
  readonly maxSessions?: number;
  /**
   * How many bytes the ids and values of all sessions take at most: one per character, two in text that is not plain
   * ASCII. On top come about 170 bytes per session, 250 with an owner. Default 268,435,456 (256 MiB).
   */
  readonly maxBytes?: number;
  /** Called when live sessions had to go to make room, with their number so far. */
  readonly onEvict?: (evicted: number) => void;
  /** The clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/** Expired sessions that one call removes on its way: more than it adds, few enough not to be noticed. */
const SWEPT_PER_CALL = 4;
/** Renewed sessions that are sorted in again before one call stops looking for an expired one. */
const MAX_MOVES = 256;
/** Sessions that `sweep` removes before it lets others run: a millisecond where the code is still cold, else a tenth. */
const BATCH = 100;

/**
 * Keeps sessions in the memory of this process (Ktor: `SessionStorageMemory`). They end with the process, and other
 * processes do not see them: for development, tests and applications of one process.
 *
 * **Bounded.** A session that would exceed `maxSessions` or `maxBytes` makes room: expired sessions go first, then the
 * least recently used without an owner, then the least recently used, which signs its client out. {@link evicted} counts the latter.
 *
 * **Expires without timers.** Every call removes a few expired sessions, so that nothing is scanned and nothing keeps
 * the process alive; {@link sweep} removes the rest at once.
 *
 * Promises: versions, `replace`, `touch` and the owner list are exact, each call is atomic.
 */
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
  // One count for all sessions: a version never comes back, not even when an id does.
  #version = 0;

  /** @throws {SessionConfigurationError} when a bound is not a whole number from 1. */
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

  /** How many sessions are held, expired ones that were not removed yet included. */
  get size(): number {
    return this.#slots.size;
  }

  /** Bytes of the ids and values of all sessions, as {@link SessionStorageMemoryOptions.maxBytes} counts them. */
  get bytes(): number {
    return this.#slots.bytes;
  }

  /** How many live sessions had to go to make room for others. */
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

  /** @throws {SessionError} `SESSION_TOO_LARGE` when the session alone exceeds `maxBytes`. */
  async write(id: string, session: SessionToStore): Promise<string> {
    this.#refuseTooLarge(id, session.value);
    const version = ++this.#version;
    const present = this.#slots.find(id);
    if (present !== 0) this.#slots.remove(present);
    else this.#tombstones.delete(id);
    if (this.#expire() < session.expiresAt) {
      this.#slots.add(id, session.value, session.owner, session.expiresAt, version);
      this.#makeRoom();
    }
    return String(version);
  }

  /** @throws {SessionTooLargeError} when the session alone exceeds `maxBytes`. */
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
    if (slot !== 0) this.#bury(id, slot);
    return slot !== 0;
  }

  /** @throws {SessionError} `SESSION_TOO_LARGE` when the session alone exceeds `maxBytes`. */
  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    const slot = this.#live(id);
    if (slot === 0) return { status: 'gone' };
    if (version !== undefined && version !== this.#slots.version(slot)) {
      return { status: 'conflict', current: this.#stored(slot) };
    }
    this.#refuseTooLarge(id, session.value);
    const next = ++this.#version;
    this.#slots.setValue(slot, session.value, next);
    this.#slots.setExpiresAt(slot, session.expiresAt);
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

  /** Works in batches of 100 and lets other work run in between. */
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

  /** Forgets all sessions. */
  async close(): Promise<void> {
    this.#slots = new MemorySlots();
    this.#tombstones.clear();
  }

  #live(id: string): number {
    const now = this.#expire();
    const slot = this.#slots.find(id);
    return slot !== 0 && this.#slots.expiresAt(slot) > now ? slot : 0;
  }

  #bury(id: string, slot: number): void {
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

  /** Removes a few expired sessions. @returns the present moment. */
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
    // A character takes two bytes at most: most sessions need no exact count.
    if (2 * (id.length + value.length) <= this.#maxBytes || bytesOf(id, value) <= this.#maxBytes) return;
    throw new SessionError(
      'SESSION_TOO_LARGE',
      `One session is larger than all sessions together may be (${this.#maxBytes} bytes). ` +
        'Keep less in it, or raise maxBytes of SessionStorageMemory.',
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
      this.#bury(id, slot);
    }
    return ended;
  }
}

function bound(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new SessionConfigurationError(
    `${name} of SessionStorageMemory must be a whole number from 1, as in new SessionStorageMemory({ ${name}: 50_000 }).`,
  );
}
