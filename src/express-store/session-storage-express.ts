import { hash } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionStorage, SessionToStore, StoredSession } from '../storage/session-storage.js';

/** The required methods of an express-session store. */
export interface ExpressSessionStore {
  readonly get: (...args: never[]) => unknown;
  readonly set: (...args: never[]) => unknown;
  readonly destroy: (...args: never[]) => unknown;
}

export interface SessionStorageExpressOptions {
  /** The store, which the application creates and closes. */
  readonly store: ExpressSessionStore;
  /** Clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

type Callback = (error?: unknown, answer?: unknown) => void;
type Methods = Record<'get' | 'set' | 'destroy', (...args: unknown[]) => unknown>;

/** The data given to a store. Stores read the lifetime from different fields of the cookie. */
interface StoreData {
  readonly cookie: { readonly expires: Date; readonly maxAge: number; readonly originalMaxAge: number };
  readonly value: string;
  readonly expiresAt: number;
  readonly owner?: string;
}

/**
 * Keeps sessions in any store for express-session: connect-mongo, express-mysql-session, memorystore and about a
 * hundred others. Best effort: prefer a storage for the database itself.
 *
 * Such stores have only get, set and destroy, so the module adds a `SessionStorageGuarded`: exact within one process;
 * between processes an ended session stays ended, but of two changes within the same milliseconds the later may win.
 * There is no owner index.
 *
 * Ids contain only letters, digits, `_` and `-`, because some stores use them as file names. The store is responsible
 * for expiry and durability. A store that never calls back fails by the module's timeout.
 */
export class SessionStorageExpress implements SessionStorage {
  readonly #store: Methods;
  readonly #now: () => number;

  /** @throws {SessionConfigurationError} for an invalid store. */
  constructor(options: SessionStorageExpressOptions) {
    const store = options?.store;
    if ((['get', 'set', 'destroy'] as const).some((name) => typeof store?.[name] !== 'function')) {
      throw new SessionConfigurationError(
        'The store of expressSessionStorage must have get, set and destroy, as an instance of a store for ' +
          'express-session, as in expressSessionStorage({ store: new RedisStore({ client }) }).',
      );
    }
    this.#store = store as unknown as Methods;
    this.#now = options.now ?? Date.now;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const data = (await this.#call('get', storeId(id)).catch(unlessMissing)) as Partial<StoreData> | null | undefined;
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
    await this.#call('set', storeId(id), data);
  }

  async invalidate(id: string): Promise<void> {
    await this.#call('destroy', storeId(id)).catch(unlessMissing);
  }

  async ping(): Promise<void> {
    await this.read('ping');
  }

  /** Supports stores with callbacks, promises or both. */
  #call(method: 'get' | 'set' | 'destroy', ...args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const callback: Callback = (error, answer) => {
        if (error) reject(error);
        else resolve(answer);
      };
      const promise = this.#store[method](...args, callback) as { catch?: unknown } | undefined;
      if (typeof promise?.catch === 'function') (promise as Promise<unknown>).catch(reject);
    });
  }
}

/** {@link SessionStorageExpress} on the application's store. */
export function expressSessionStorage(options: SessionStorageExpressOptions): SessionStorageExpress {
  return new SessionStorageExpress(options);
}

function storeId(id: string): string {
  return /^[\w-]{16,64}$/.test(id) ? id : hash('sha256', id, 'base64url');
}

/** Like express-session, treats ENOENT of a store as "no such session". */
function unlessMissing(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code !== 'ENOENT') throw error;
}
