import { SessionConfigurationError } from '../errors/session.errors.js';
import { CallbackStore } from '../storage/callback-store.js';
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
    if (!CallbackStore.accepts(store)) {
      throw new SessionConfigurationError(
        `${place}: store must have get, set and destroy, such as new RedisStore({ client }).`,
      );
    }
    const storage = new OldSessionStorage(new CallbackStore(store));
    this.#storage = new SessionStorageResilient(
      storage,
      timeout === undefined ? {} : { timeoutInMilliseconds: timeout },
    );
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

class OldSessionStorage implements SessionStorage {
  readonly #store: CallbackStore;

  constructor(store: CallbackStore) {
    this.#store = store;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const session = await this.#store.get(id);
    if (typeof session !== 'object' || session === null) return undefined;
    return { value: JSON.stringify(session), expiresAt: NEVER };
  }

  async write(id: string, { value, expiresAt }: SessionToStore): Promise<void> {
    const session = JSON.parse(value) as { cookie: { expires: unknown } };
    session.cookie.expires = new Date(expiresAt);
    await this.#store.set(id, session);
  }

  invalidate(id: string): Promise<void> {
    return this.#store.destroy(id);
  }
}
