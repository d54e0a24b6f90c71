import { randomBytes } from 'node:crypto';
import { ok } from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { ReplaceResult, SessionStorage, SessionToStore, StoredSession } from '../../storage/session-storage.js';

/** One storage, ready to be tested. */
export interface StorageUnderTest {
  readonly a: SessionStorage;
  /** A second instance on the same backend, as another process would have. Default: `a` itself. */
  readonly b?: SessionStorage;
  /** The clock the storage goes by, epoch milliseconds. Default `Date.now`. */
  now?(): number;
  /** Moves that clock, also back. Without it the suite waits for real time to pass. */
  advance?(milliseconds: number): unknown;
  /** Makes the backend fail; needed for {@link SessionStorageContractOptions.faults}. */
  readonly faults?: StorageFaults;
  /** Frees what the factory made. Called after each case. */
  close?(): unknown;
}

/** Switches that break the connection to a backend. */
export interface StorageFaults {
  /** From now on the backend does not answer, and does not refuse either. */
  hang?(): unknown;
  /** From now on the backend cannot be reached. */
  down?(): unknown;
  /** All is well again. */
  restore(): unknown;
}

/** A case of the suite: one sentence, and what shows that it is true. */
export interface ContractCase {
  readonly name: string;
  readonly test: (bench: ContractBench) => Promise<void>;
}

/** How far in the future sessions of the suite expire when nothing else is said. */
const LIFETIME = 600_000;

/** What the cases work with: the storages, a clock and a few short forms. */
export class ContractBench {
  readonly a: SessionStorage;
  readonly b: SessionStorage;
  readonly storage: StorageUnderTest;

  constructor(storage: StorageUnderTest) {
    this.storage = storage;
    this.a = storage.a;
    this.b = storage.b ?? storage.a;
  }

  now(): number {
    return this.storage.now?.() ?? Date.now();
  }

  /** An id as the trackers make them: never used before. */
  id(): string {
    return randomBytes(32).toString('base64url');
  }

  session(value: string, more: Partial<SessionToStore> = {}): SessionToStore {
    return { value, expiresAt: this.now() + LIFETIME, latestExpiry: this.now() + 10 * LIFETIME, ...more };
  }

  /** Lets `milliseconds` pass: at once on a clock that can be moved, else really. */
  async pass(milliseconds: number): Promise<void> {
    if (this.storage.advance) await this.storage.advance(milliseconds);
    else await setTimeout(milliseconds);
  }

  /** How long a session lives that a case wants to see expire. */
  get shortly(): number {
    return this.storage.advance ? 30_000 : 500;
  }

  /** Stores a session under a fresh id. */
  async stored(value: string, more: Partial<SessionToStore> = {}): Promise<string> {
    const id = this.id();
    await this.a.write(id, this.session(value, more));
    return id;
  }

  /** The session of an id that must be there. */
  async present(id: string, storage: SessionStorage = this.a): Promise<StoredSession> {
    const session = await storage.read(id);
    ok(session, 'the session should be there, and reads as absent');
    return session;
  }

  async absent(id: string, storage: SessionStorage = this.a): Promise<void> {
    ok((await storage.read(id)) === undefined, 'the session should read as undefined, and is there');
  }

  /** Read, change, replace; again with what is there now until it lands, as `sessions.update` does. */
  async update(storage: SessionStorage, id: string, change: (value: string) => string): Promise<ReplaceResult> {
    let current = await this.present(id, storage);
    for (;;) {
      const { expiresAt, version } = current;
      const owner = current.owner === undefined ? {} : { owner: current.owner };
      const result = await storage.replace!(id, { value: change(current.value), expiresAt, ...owner }, version);
      if (result.status !== 'conflict') return result;
      current = result.current;
    }
  }
}
