import { hash } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { CallbackStore } from '../storage/callback-store.js';
import type { SessionStorage, SessionToStore, StoredSession } from '../storage/session-storage.js';

export interface ExpressSessionStore {
  readonly get: (...args: never[]) => unknown;
  readonly set: (...args: never[]) => unknown;
  readonly destroy: (...args: never[]) => unknown;
}

export interface SessionStorageExpressOptions {
  readonly store: ExpressSessionStore;
  /** Clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

interface StoreData {
  readonly cookie: { readonly expires: Date; readonly maxAge: number; readonly originalMaxAge: number };
  readonly value: string;
  readonly expiresAt: number;
  readonly owner?: string;
}

/**
 * Uses a store for express-session, such as connect-mongo. Prefer a storage for the database itself.
 *
 * There is no owner index. The store is responsible for expiry and durability.
 */
export class SessionStorageExpress implements SessionStorage {
  readonly #store: CallbackStore;
  readonly #now: () => number;

  /** @throws {SessionConfigurationError} */
  constructor(options: SessionStorageExpressOptions) {
    if (!CallbackStore.accepts(options?.store)) {
      throw new SessionConfigurationError(
        'The store of expressSessionStorage must be a store for ' +
          'express-session: expressSessionStorage({ store: new RedisStore({ client }) }).',
      );
    }
    this.#store = new CallbackStore(options.store);
    this.#now = options.now ?? Date.now;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const data = (await this.#store.get(storeId(id))) as Partial<StoreData> | null | undefined;
    if (typeof data?.value !== 'string' || typeof data.expiresAt !== 'number') return undefined;
    const { value, expiresAt, owner } = data;
    if (expiresAt <= this.#now()) return undefined;
    return typeof owner === 'string' ? { value, expiresAt, owner } : { value, expiresAt };
  }

  async write(id: string, session: SessionToStore): Promise<void> {
    const { value, expiresAt, owner } = session;
    const maxAge = Math.trunc(expiresAt - this.#now());
    if (maxAge <= 0) return this.invalidate(id);
    const data: StoreData = {
      cookie: { expires: new Date(expiresAt), maxAge, originalMaxAge: maxAge },
      value,
      expiresAt,
      ...(owner === undefined ? {} : { owner }),
    };
    await this.#store.set(storeId(id), data);
  }

  invalidate(id: string): Promise<void> {
    return this.#store.destroy(storeId(id));
  }

  async ping(): Promise<void> {
    await this.read('ping');
  }
}

export function expressSessionStorage(options: SessionStorageExpressOptions): SessionStorageExpress {
  return new SessionStorageExpress(options);
}

// Some stores use ids as file names.
function storeId(id: string): string {
  return /^[\w-]{16,64}$/.test(id) ? id : hash('sha256', id, 'base64url');
}
