import { hash } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
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

type Callback = (error?: unknown, answer?: unknown) => void;
type Methods = Record<'get' | 'set' | 'destroy', (...args: unknown[]) => unknown>;

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
  readonly #store: Methods;
  readonly #now: () => number;

  /** @throws {SessionConfigurationError} */
  constructor(options: SessionStorageExpressOptions) {
    const store = options?.store;
    if ((['get', 'set', 'destroy'] as const).some((name) => typeof store?.[name] !== 'function')) {
      throw new SessionConfigurationError(
        'The store of expressSessionStorage must be a store for ' +
          'express-session: expressSessionStorage({ store: new RedisStore({ client }) }).',
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

export function expressSessionStorage(options: SessionStorageExpressOptions): SessionStorageExpress {
  return new SessionStorageExpress(options);
}

// Some stores use ids as file names.
function storeId(id: string): string {
  return /^[\w-]{16,64}$/.test(id) ? id : hash('sha256', id, 'base64url');
}

/** As in express-session, ENOENT means "no such session". */
function unlessMissing(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code !== 'ENOENT') throw error;
}
