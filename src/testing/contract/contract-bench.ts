import { randomBytes } from 'node:crypto';
import { ok } from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { ReplaceResult, SessionStorage, SessionToStore, StoredSession } from '../../storage/session-storage.js';

/** A storage to be tested. */
export interface StorageUnderTest {
  readonly a: SessionStorage;
  /** Another instance on the same backend. Default: `a`. */
  readonly b?: SessionStorage;
  /** Epoch milliseconds. Default `Date.now`. */
  now?(): number;
  /**
   * Moves the clock, also back; the storage must not sweep in the background. Default: the suite waits in real time.
   */
  advance?(milliseconds: number): unknown;
  /** For {@link SessionStorageContractOptions.faults}. */
  readonly faults?: StorageFaults;
  close?(): unknown;
}

export interface StorageFaults {
  hang?(): unknown;
  down?(): unknown;
  restore(): unknown;
}

export interface ContractCase {
  readonly name: string;
  readonly test: (bench: ContractBench) => Promise<void>;
}

const LIFETIME = 600_000;

export class ContractBench {
  readonly a: SessionStorage;
  readonly b: SessionStorage;
  readonly storage: StorageUnderTest;
  readonly rounds: number;

  constructor(storage: StorageUnderTest, rounds: number) {
    this.storage = storage;
    this.rounds = rounds;
    this.a = storage.a;
    this.b = storage.b ?? storage.a;
  }

  now(): number {
    return this.storage.now?.() ?? Date.now();
  }

  id(): string {
    return randomBytes(32).toString('base64url');
  }

  session(value: string, more: Partial<SessionToStore> = {}): SessionToStore {
    return { value, expiresAt: this.now() + LIFETIME, latestExpiry: this.now() + 10 * LIFETIME, ...more };
  }

  async pass(milliseconds: number): Promise<void> {
    if (this.storage.advance) return void (await this.storage.advance(milliseconds));
    // On a busy event loop, a timer may fire too early.
    const end = Date.now() + milliseconds;
    while (Date.now() < end) await setTimeout(end - Date.now());
  }

  get shortly(): number {
    return this.storage.advance ? 30_000 : 500;
  }

  async stored(value: string, more: Partial<SessionToStore> = {}): Promise<string> {
    const id = this.id();
    await this.a.write(id, this.session(value, more));
    return id;
  }

  async present(id: string, storage: SessionStorage = this.a): Promise<StoredSession> {
    const session = await storage.read(id);
    ok(session, 'the session should exist, but reads as absent');
    return session;
  }

  async absent(id: string, storage: SessionStorage = this.a): Promise<void> {
    ok((await storage.read(id)) === undefined, 'the session should read as undefined, but exists');
  }

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
