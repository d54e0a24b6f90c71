import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionExchange } from '../session/session-exchange.js';
import type { OwnLifetime } from '../tracker/session-lifetime.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { CookieConfiguration } from '../transport/cookie-configuration.js';
import { isPromise } from '../transformer/awaitable.js';

export type SessionDone = (error?: unknown) => void;

/**
 * Assigning `maxAge` or `expires` sets the idle timeout of this session, as `sessions.lifetime` does. Assigning another
 * option throws a {@link SessionConfigurationError}.
 */
export interface RequestSessionCookie {
  /** Milliseconds; `null` for a cookie that ends with the browser. */
  maxAge: number | null;
  readonly originalMaxAge: number | null;
  expires: Date | null;
  readonly path: string;
  readonly domain: string | undefined;
  readonly httpOnly: boolean;
  readonly secure: boolean | 'auto';
  readonly sameSite: 'strict' | 'lax' | 'none' | undefined;
}

/** As in express-session and @fastify/session; with a callback or a promise. */
export interface RequestSessionMethods {
  /** A secret: do not log it. Empty for new and by-value sessions. */
  readonly id: string;
  readonly cookie: RequestSessionCookie;
  /**
   * Replaces the session by a new one, with a new id.
   * @param keep fields to copy.
   */
  regenerate(keep?: readonly string[]): Promise<void>;
  regenerate(done: SessionDone): this;
  regenerate(keep: readonly string[], done: SessionDone): this;
  /** Stores changes now. */
  save(): Promise<void>;
  save(done: SessionDone): this;
  /** Discards changes that were not stored. */
  reload(): Promise<void>;
  reload(done: SessionDone): this;
  /** Ends the session now. */
  destroy(): Promise<void>;
  destroy(done: SessionDone): this;
  /** Sends the cookie again, with its full lifetime. */
  touch(): this;
  get(field: string): unknown;
  set(field: string, value: unknown): void;
  /** A copy of the fields. */
  data(): Record<string, unknown>;
}

export type RequestSession<S extends object> = S & RequestSessionMethods;

const NEEDED: ReadonlyArray<keyof RequestSessionMethods> = ['regenerate', 'save', 'reload', 'destroy', 'touch'];

export function membersInTheWay(type: SessionClass): readonly string[] {
  const session = new type();
  return NEEDED.filter((name) => name in session);
}

class RequestSessionPlace<S extends object> {
  readonly #sessions: SessionExchange;
  readonly #type: SessionClass<S>;
  readonly #cookie: () => RequestSessionCookie;
  readonly #equipped = new WeakSet();
  #ended = false;

  constructor(sessions: SessionExchange, type: SessionClass<S>, cookie: () => RequestSessionCookie) {
    this.#sessions = sessions;
    this.#type = type;
    this.#cookie = cookie;
  }

  get present(): RequestSession<S> | undefined {
    if (this.#ended) return undefined;
    const session = this.#sessions.getOrFresh(this.#type);
    return isPromise(session) ? undefined : this.#equip(session);
  }

  /** As in express-session: no value ends the session, an object is a new one. */
  replace(value: unknown): void {
    this.#ended = value === undefined || value === null;
    this.#sessions.clear(this.#type);
    if (typeof value === 'object' && value !== null) this.#sessions.set(this.#instanceOf(value));
  }

  #instanceOf(value: object): S {
    if (value instanceof this.#type) return value;
    return Object.assign(new this.#type(), value);
  }

  async #regenerate(keep: readonly string[]): Promise<void> {
    const before = Object.entries(this.present ?? {}).filter(([field]) => keep.includes(field));
    this.#sessions.clear(this.#type);
    this.#ended = false;
    Object.assign(this.present!, Object.fromEntries(before));
  }

  async #destroy(): Promise<void> {
    this.#sessions.clear(this.#type);
    this.#ended = true;
    await this.#sessions.save();
  }

  #equip(session: S): RequestSession<S> {
    if (!this.#equipped.has(session)) {
      this.#equipped.add(session);
      const members = this.#members();
      for (const [name, member] of Object.entries(members)) {
        // The application's own member takes precedence.
        if (!(name in session)) Object.defineProperty(session, name, { ...member, configurable: true });
      }
    }
    return session as RequestSession<S>;
  }

  // Not enumerable, so neither stored nor copied.
  #members(): Record<keyof RequestSessionMethods, PropertyDescriptor> {
    const steps = {
      regenerate: (keep: readonly string[]) => this.#regenerate(keep),
      save: () => this.#sessions.save(),
      reload: () => this.#sessions.reload(this.#type),
      destroy: () => this.#destroy(),
      touch: () => this.#sessions.touch(this.#type),
    };
    return {
      id: { get: () => this.#sessions.idAtOnce(this.#type) ?? '' },
      cookie: {
        get: () => this.#cookie(),
        set: () => {
          throw unassignable('');
        },
      },
      regenerate: {
        value(this: unknown, first?: readonly string[] | SessionDone, second?: SessionDone) {
          const keep = Array.isArray(first) ? (first as readonly string[]) : [];
          return answered(this, steps.regenerate(keep), typeof first === 'function' ? first : second);
        },
      },
      save: {
        value(this: unknown, done?: SessionDone) {
          return answered(this, steps.save(), done);
        },
      },
      reload: {
        value(this: unknown, done?: SessionDone) {
          return answered(this, steps.reload(), done);
        },
      },
      destroy: {
        value(this: unknown, done?: SessionDone) {
          return answered(this, steps.destroy(), done);
        },
      },
      touch: {
        value(this: unknown) {
          steps.touch();
          return this;
        },
      },
      get: {
        value(this: Record<string, unknown>, field: string) {
          return this[field];
        },
      },
      set: {
        value(this: Record<string, unknown>, field: string, value: unknown) {
          this[field] = value;
        },
      },
      data: {
        value(this: object) {
          return { ...this };
        },
      },
    };
  }
}

/**
 * Synchronous if possible.
 * @param requests the platform's and Node's.
 * @throws {SessionStorageUnavailableError}
 */
export function putRequestSession<S extends object>(
  sessions: SessionExchange,
  type: SessionClass<S>,
  requests: ReadonlySet<object>,
): void | Promise<void> {
  const put = (): void => {
    const place = new RequestSessionPlace(sessions, type, () => cookieOf(sessions, type));
    for (const request of requests) {
      Object.defineProperty(request, 'session', {
        get: () => place.present,
        set: (value: unknown) => {
          place.replace(value);
        },
        enumerable: true,
        configurable: true,
      });
    }
  };
  const loading = sessions.getOrFresh(type);
  return isPromise(loading) ? Promise.resolve(loading).then(put) : put();
}

function cookieOf(sessions: SessionExchange, type: SessionClass): RequestSessionCookie {
  const { configuration } = sessions.transportOf(type) as { configuration?: Partial<CookieConfiguration> };
  const { maxAgeInSeconds, path = '/', domain, httpOnly = true, secure = 'auto', sameSite } = configuration ?? {};
  const own = sessions.maxAgeAtOnce(type);
  const seconds = own === undefined ? maxAgeInSeconds : own;
  const maxAge = seconds === undefined || seconds === null ? null : seconds * 1000;
  const cookie: RequestSessionCookie = {
    maxAge,
    originalMaxAge: maxAge,
    expires: maxAge === null ? null : new Date(Date.now() + maxAge),
    path,
    domain,
    httpOnly,
    secure,
    sameSite,
  };
  return new Proxy(cookie, {
    set(present, name, value: unknown) {
      // With express-session, `cookie.maxAge = cookie.maxAge` renews.
      if (Object.is(present[name as keyof RequestSessionCookie], value)) return true;
      const milliseconds = name === 'maxAge' ? value : name === 'expires' ? millisecondsUntil(value) : undefined;
      if (milliseconds === undefined) throw unassignable(`.${String(name)}`);
      sessions.lifetimeAtOnce(type, lifetimeOf(milliseconds));
      present.maxAge = milliseconds as number | null;
      present.expires = milliseconds === null ? null : new Date(Date.now() + (milliseconds as number));
      return true;
    },
  });
}

/** `false`: as with express-session, until the browser closes. */
function millisecondsUntil(expires: unknown): unknown {
  if (expires === null || expires === false) return null;
  return expires instanceof Date ? expires.getTime() - Date.now() : NaN;
}

function lifetimeOf(milliseconds: unknown): OwnLifetime {
  if (milliseconds === null) return { persistent: false };
  return { idleTimeoutInSeconds: typeof milliseconds === 'number' ? milliseconds / 1000 : NaN, persistent: true };
}

function unassignable(member: string): SessionConfigurationError {
  return new SessionConfigurationError(
    `request.session.cookie${member} cannot be assigned: only maxAge and expires belong to one session. Set it for ` +
      'all sessions of the class, in the option cookie of @Session.',
  );
}

// By nextTick, because an error of the callback is no failure of the session.
function answered(session: unknown, step: Promise<void>, done: SessionDone | undefined): unknown {
  if (!done) return step;
  step.then(
    () => process.nextTick(done),
    (error: unknown) => process.nextTick(done, error),
  );
  return session;
}
