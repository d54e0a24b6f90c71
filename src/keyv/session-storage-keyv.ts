import type { SessionStorage, SessionToStore, StoredSession } from '../storage/session-storage.js';
import { decodeTextField, encodeTextField } from '../storage/text-field.js';
import { KeyvCalls, type KeyvLike } from './keyv-calls.js';

export interface SessionStorageKeyvOptions {
  /** Use a separate namespace: `clear()` of a shared one signs all users out. An `error` listener is added. */
  readonly keyv: KeyvLike;
  /** Epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/** `k1|deadline|owner|value`. */
const HEAD = /^k1\|(-?\d{1,16})\|(-|=[^|]*)\|/;

/** Uses any Keyv store, see docs/keyv.md. Without an owner index; the module adds a `SessionStorageGuarded`. */
export class SessionStorageKeyv implements SessionStorage {
  readonly #calls: KeyvCalls;
  readonly #now: () => number;

  /** @throws {SessionConfigurationError} for an invalid Keyv. */
  constructor(options: SessionStorageKeyvOptions) {
    this.#calls = new KeyvCalls(options?.keyv);
    this.#now = options.now ?? Date.now;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    return this.#live(await this.#calls.get(id));
  }

  async readMany(ids: readonly string[]): Promise<ReadonlyArray<StoredSession | undefined>> {
    const values = await this.#calls.getMany(ids);
    return ids.map((_id, index) => this.#live(values[index]));
  }

  async write(id: string, session: SessionToStore): Promise<void> {
    const { value, expiresAt, owner } = session;
    const ttl = Math.trunc(expiresAt - this.#now());
    // Keyv treats 0 as unlimited.
    if (ttl <= 0) await this.#calls.delete(id);
    else await this.#calls.set(id, `k1|${Math.trunc(expiresAt)}|${encodeTextField(owner)}|${value}`, ttl);
  }

  async invalidate(id: string): Promise<boolean | void> {
    return this.#calls.delete(id);
  }

  async ping(): Promise<void> {
    await this.#calls.get('ping');
  }

  #live(value: unknown): StoredSession | undefined {
    const head = typeof value === 'string' ? HEAD.exec(value) : null;
    if (!head || Number(head[1]) <= this.#now()) return undefined;
    const session = { value: (value as string).slice(head[0].length), expiresAt: Number(head[1]) };
    const owner = decodeTextField(head[2]!);
    return owner === undefined ? session : { ...session, owner };
  }
}

export function keyvSessionStorage(options: SessionStorageKeyvOptions): SessionStorageKeyv {
  return new SessionStorageKeyv(options);
}
