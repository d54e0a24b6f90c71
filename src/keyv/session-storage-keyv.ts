import type { SessionStorage, SessionToStore, StoredSession } from '../storage/session-storage.js';
import { decodeTextField, encodeTextField } from '../storage/text-field.js';
import { KeyvCalls, type KeyvLike } from './keyv-calls.js';

export interface SessionStorageKeyvOptions {
  /**
   * A Keyv of version 4, 5 or 6, which the application creates and closes. Use a separate one with its own namespace:
   * `clear()` of a shared one signs all users out. A listener for its `error` event is added.
   */
  readonly keyv: KeyvLike;
  /** Clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/** `k1|deadline|owner|value`. */
const HEAD = /^k1\|(-?\d{1,16})\|(-|=[^|]*)\|/;

/**
 * Keeps sessions in any Keyv store: MongoDB, DynamoDB, etcd, Memcached and more. Best effort: prefer a storage for the
 * database itself.
 *
 * Keyv has only get, set and delete, so the module adds a `SessionStorageGuarded`: exact within one process; between
 * processes an ended session stays ended, but of two changes within the same milliseconds the later may win. There is
 * no owner index.
 *
 * **Failures** reject, although Keyv itself returns `undefined` for a failing store.
 *
 * Sessions are stored with their time to live; the store is responsible for expiry and durability.
 */
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

  /** Several sessions in one call, for the guard, which always reads two. */
  async readMany(ids: readonly string[]): Promise<ReadonlyArray<StoredSession | undefined>> {
    const values = await this.#calls.getMany(ids);
    return ids.map((_id, index) => this.#live(values[index]));
  }

  async write(id: string, session: SessionToStore): Promise<void> {
    const { value, expiresAt, owner } = session;
    const ttl = Math.trunc(expiresAt - this.#now());
    // Keyv treats a time to live of 0 as unlimited.
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

/** {@link SessionStorageKeyv} on the application's Keyv. */
export function keyvSessionStorage(options: SessionStorageKeyvOptions): SessionStorageKeyv {
  return new SessionStorageKeyv(options);
}
