import { SessionConfigurationError } from '../errors/session.errors.js';
import { SessionStorageResilient } from '../storage/session-storage-resilient.js';
import { NEVER, type SessionStorage, type SessionToStore, type StoredSession } from '../storage/session-storage.js';
import type { CookieConfiguration } from '../transport/cookie-configuration.js';
import { objectOf } from './cookie-text.js';
import type { OldData, OldSession } from './old-session.js';

/** A store of express-session or @fastify/session. */
export interface OldSessionStore {
  readonly get: (...args: never[]) => unknown;
  readonly set: (...args: never[]) => unknown;
  readonly destroy: (...args: never[]) => unknown;
}

type Methods = Record<'get' | 'set' | 'destroy', (...args: unknown[]) => unknown>;

/** Each store reads other fields. */
interface StoredCookie {
  readonly expires?: string | null;
  readonly originalExpires?: string | null;
}

export class OldStore {
  readonly #storage: SessionStorage;
  readonly #cookie: CookieConfiguration;
  readonly #now: () => number;

  constructor(
    place: string,
    store: OldSessionStore,
    cookie: CookieConfiguration,
    { now, storageTimeoutInMilliseconds: timeout }: { now: () => number; storageTimeoutInMilliseconds?: number },
  ) {
    if ((['get', 'set', 'destroy'] as const).some((name) => typeof store?.[name] !== 'function')) {
      throw new SessionConfigurationError(
        `${place}: store must have get, set and destroy, such as new RedisStore({ client }).`,
      );
    }
    const calls = new StoreCalls(store as unknown as Methods);
    this.#storage = new SessionStorageResilient(calls, timeout === undefined ? {} : { timeoutInMilliseconds: timeout });
    this.#cookie = cookie;
    this.#now = now;
  }

  async read(id: string): Promise<OldSession | undefined> {
    const stored = await this.#storage.read(id);
    const data = stored && objectOf(stored.value);
    if (!data) return undefined;
    const { cookie, ...rest } = data;
    const { expires, originalExpires } = (cookie ?? {}) as StoredCookie;
    const expiresAt = Date.parse(String(expires ?? originalExpires));
    if (expiresAt <= this.#now()) return undefined;
    return { data: rest, id };
  }

  async write(id: string, data: OldData, expiresAt: number): Promise<void> {
    const { domain, path, secure, httpOnly, sameSite, partitioned } = this.#cookie;
    const maxAge = expiresAt - this.#now();
    const cookie = {
      originalMaxAge: maxAge,
      maxAge,
      expires: new Date(expiresAt),
      secure: secure === true,
      httpOnly: httpOnly ?? true,
      domain,
      path: path ?? '/',
      sameSite,
      partitioned,
    };
    await this.#storage.write(id, { value: JSON.stringify({ ...data, cookie }), expiresAt });
  }

  async end(id: string): Promise<void> {
    await this.#storage.invalidate(id);
  }
}

class StoreCalls implements SessionStorage {
  readonly #store: Methods;

  constructor(store: Methods) {
    this.#store = store;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const session = await this.#call('get', id).catch(unlessMissing);
    if (typeof session !== 'object' || session === null) return undefined;
    return { value: JSON.stringify(session), expiresAt: NEVER };
  }

  async write(id: string, { value, expiresAt }: SessionToStore): Promise<void> {
    const session = JSON.parse(value) as { cookie: { expires: unknown } };
    session.cookie.expires = new Date(expiresAt);
    await this.#call('set', id, session);
  }

  async invalidate(id: string): Promise<void> {
    await this.#call('destroy', id).catch(unlessMissing);
  }

  #call(method: 'get' | 'set' | 'destroy', ...args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const callback = (error?: unknown, answer?: unknown): void => {
        if (error) reject(error);
        else resolve(answer);
      };
      const promise = this.#store[method](...args, callback) as { catch?: unknown } | undefined;
      if (typeof promise?.catch === 'function') (promise as Promise<unknown>).catch(reject);
    });
  }
}

/** express-session treats this error as "no such session". */
function unlessMissing(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code !== 'ENOENT') throw error;
  return undefined;
}
