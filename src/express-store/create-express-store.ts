import { SessionConfigurationError } from '../errors/session.errors.js';
import { isConditional, SessionStorageGuarded } from '../storage/session-storage-guarded.js';
import { SessionStorageResilient } from '../storage/session-storage-resilient.js';
import type { SessionStorage } from '../storage/session-storage.js';
import { ExpressSessions, type ExpressSessionData } from './express-sessions.js';

export interface ExpressStoreOptions {
  /** For a cookie without expiry. Default 86,400. */
  readonly ttlInSeconds?: number;
  /** Of a storage call. Default 1,000. */
  readonly timeoutInMilliseconds?: number;
  /** Clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

type Callback = (error?: unknown, answer?: unknown) => void;

interface StoreBase {
  createSession(request: never, data: object): object;
}

/**
 * Turns a storage into a store for express-session.
 *
 * ```ts
 * app.use(session({ secret, store: createExpressStore(session.Store, redisSessionStorage({ client })) }));
 * ```
 *
 * Parallel changes of different fields are merged, and a slower request does not revive a destroyed session.
 *
 * @throws {SessionConfigurationError}
 */
export function createExpressStore<S extends object>(
  Store: abstract new () => S,
  storage: SessionStorage,
  options: ExpressStoreOptions = {},
): S {
  if (typeof Store !== 'function' || typeof (Store.prototype as Partial<StoreBase>)?.createSession !== 'function') {
    throw new SessionConfigurationError(
      'The first argument must be the Store class of express-session: createExpressStore(session.Store, storage).',
    );
  }
  if (typeof storage?.read !== 'function') {
    throw new SessionConfigurationError(
      'The second argument must be a session storage: createExpressStore(session.Store, storage).',
    );
  }
  const sessions = sessionsIn(storage, options);
  const Base = Store as unknown as new () => StoreBase;
  const ExpressStore = class extends Base {
    override createSession(request: never, data: object): object {
      const session = super.createSession(request, data);
      sessions.adopt(session, data);
      return session;
    }
    get(sid: string, callback: Callback): void {
      answer(sessions.get(sid), callback);
    }
    set(sid: string, session: ExpressSessionData, callback?: Callback): void {
      answer(sessions.set(sid, session), callback);
    }
    touch(sid: string, session: ExpressSessionData, callback?: Callback): void {
      answer(sessions.touch(sid, session), callback);
    }
    destroy(sid: string, callback?: Callback): void {
      answer(sessions.destroy(sid), callback);
    }
  };
  return new ExpressStore() as unknown as S;
}

function sessionsIn(storage: SessionStorage, options: ExpressStoreOptions): ExpressSessions {
  const ttl = options.ttlInSeconds ?? 86_400;
  if (!Number.isFinite(ttl) || ttl <= 0) {
    throw new SessionConfigurationError('ttlInSeconds of createExpressStore must be a positive number.');
  }
  const { timeoutInMilliseconds } = options;
  const resilient = new SessionStorageResilient(
    storage,
    timeoutInMilliseconds === undefined ? {} : { timeoutInMilliseconds },
  );
  const now = options.now ?? Date.now;
  const conditional = isConditional(resilient) ? resilient : new SessionStorageGuarded(resilient, { now });
  return new ExpressSessions(conditional, ttl * 1000, now);
}

// An error of the callback is not a storage failure.
function answer(promise: Promise<unknown>, callback: Callback = () => {}): void {
  promise.then(
    (value) => process.nextTick(callback, null, value),
    (error: unknown) => process.nextTick(callback, error),
  );
}
