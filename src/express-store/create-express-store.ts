import { SessionConfigurationError } from '../errors/session.errors.js';
import { isConditional, SessionStorageGuarded } from '../storage/session-storage-guarded.js';
import { SessionStorageResilient } from '../storage/session-storage-resilient.js';
import type { SessionStorage } from '../storage/session-storage.js';
import { ExpressSessions, type ExpressSessionData } from './express-sessions.js';

export interface ExpressStoreOptions {
  /** How long a session lives whose cookie has no expiry. Default 86,400: a day. */
  readonly ttlInSeconds?: number;
  /** How long a call of the storage may take. Default 1,000. */
  readonly timeoutInMilliseconds?: number;
  /** The clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

type Callback = (error?: unknown, answer?: unknown) => void;

/** What express-session's `Store` gives to those that extend it. */
interface StoreBase {
  createSession(request: never, data: object): object;
}

/**
 * One of our storages as a store of express-session, for applications that have `req.session` already.
 *
 * ```ts
 * app.use(session({ secret, store: createExpressStore(session.Store, redisSessionStorage({ client })) }));
 * ```
 *
 * Against other stores: parallel requests that change different fields lose none; a session that was destroyed stays so,
 * whatever a slower request stores; one that is only used is renewed a few times in its life instead of at every
 * request; the storage sees hashed ids; and a storage that hangs is given up after a second.
 *
 * @param Store express-session's own `Store`.
 * @throws {SessionConfigurationError} when `Store` is not that class, or the storage is none.
 */
export function createExpressStore<S extends object>(
  Store: abstract new () => S,
  storage: SessionStorage,
  options: ExpressStoreOptions = {},
): S {
  if (typeof Store !== 'function' || typeof (Store.prototype as Partial<StoreBase>)?.createSession !== 'function') {
    throw new SessionConfigurationError(
      'createExpressStore needs the Store class of express-session first, as in createExpressStore(session.Store, storage).',
    );
  }
  if (typeof storage?.read !== 'function') {
    throw new SessionConfigurationError(
      'createExpressStore needs a session storage second, as in createExpressStore(session.Store, storage).',
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
    throw new SessionConfigurationError('ttlInSeconds of createExpressStore must be a positive number, as in 86_400.');
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

/** Out of the promise, so that what a callback throws is not taken for a failure of the storage. */
function answer(promise: Promise<unknown>, callback: Callback = () => {}): void {
  promise.then(
    (value) => process.nextTick(callback, null, value),
    (error: unknown) => process.nextTick(callback, error),
  );
}
