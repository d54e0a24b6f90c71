import { hash } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionStorage, SessionToStore, StoredSession } from '../storage/session-storage.js';

/** A session store as express-session knows it: what it must have. */
export interface ExpressSessionStore {
  readonly get: (...args: never[]) => unknown;
  readonly set: (...args: never[]) => unknown;
  readonly destroy: (...args: never[]) => unknown;
}

export interface SessionStorageExpressOptions {
  /** The store, which the application makes and closes. */
  readonly store: ExpressSessionStore;
  /** The clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

type Callback = (error?: unknown, answer?: unknown) => void;
type Methods = Record<'get' | 'set' | 'destroy', (...args: unknown[]) => unknown>;

/** What a store is given to keep. Stores look into the cookie for the lifetime, each at another field. */
interface StoreData {
  readonly cookie: { readonly expires: Date; readonly maxAge: number; readonly originalMaxAge: number };
  readonly value: string;
  readonly expiresAt: number;
  readonly owner?: string;
}

/**
 * Keeps sessions in any store made for express-session: connect-mongo, express-mysql-session, memorystore and some
 * hundred more. Best effort: prefer a storage made for the database where there is one.
 *
 * Such a store can get, set and destroy. So this has Ktor's three verbs only, and the module puts a
 * `SessionStorageGuarded` around it, which says what is promised: exact within one process; between processes an ended
 * session stays ended, but of two changes in the same milliseconds the later may win. No list of an owner's sessions.
 *
 * Stores get ids of letters, digits, `_` and `-` only, for some make file names of them. What removes expired sessions,
 * and what a crash loses, is the store's affair. One that never calls back is given up by the module's deadline.
 */
export class SessionStorageExpress implements SessionStorage {
  readonly #store: Methods;
  readonly #now: () => number;

  /** @throws {SessionConfigurationError} for something that is no such store. */
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

  /** Some stores call back, some give a promise, some do both. */
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

/** {@link SessionStorageExpress} on a store of the application's. */
export function expressSessionStorage(options: SessionStorageExpressOptions): SessionStorageExpress {
  return new SessionStorageExpress(options);
}

function storeId(id: string): string {
  return /^[\w-]{16,64}$/.test(id) ? id : hash('sha256', id, 'base64url');
}

/** express-session takes this error of a store for "no such session". */
function unlessMissing(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code !== 'ENOENT') throw error;
}
