import { SessionConfigurationError } from '../errors/session.errors.js';
import type { OnOwnerChange } from './owner-change.js';
import type { OwnLifetime } from '../tracker/session-lifetime.js';
import type { SessionTransport } from '../transport/session-transport.js';
import type { SessionClass } from '../tracker/session-class.js';
import { completedTracker } from '../tracker/own-session-tracker.js';
import type { CompleteSessionTracker, SessionTracker } from '../tracker/session-tracker.js';

export interface SessionPolicies {
  /** `set` with an unchanged value sends nothing (Ktor: `sendOnlyIfModified`). Default `true`; Ktor's is `false`. */
  readonly sendOnlyIfModified?: boolean;
  /** Stores changes if the status is 5xx, as Ktor. Default `false`. */
  readonly saveOnServerError?: boolean;
  /**
   * While the storage fails: `reject` answers 503; `anonymous` has no session, changes answer 503, and clears too, but
   * remove the cookie. Default `reject`.
   */
  readonly onUnavailable?: 'reject' | 'anonymous';
  /**
   * A change of an ended session: `ignore` emits `gone`, `reject` answers 409. A login is always rejected. Default
   * `ignore`.
   */
  readonly onGone?: 'ignore' | 'reject';
  /** `false`: reading a session makes `public` and `s-maxage` `private`, against shared caches. Default `false`. */
  readonly keepCacheControl?: boolean;
}

export interface SessionProviderOptions<S extends object = object> extends SessionPolicies {
  /** Set by `login`. Default: none. */
  readonly ownerField?: string | undefined;
  /** By id: `set` with another instance keeps the id, as Ktor. Default `false`. */
  readonly keepIdOnSet?: boolean;
  /** Called at the start and at a new owner. `undefined`: that of the class. */
  lifetimeOf?(this: void, value: S): OwnLifetime | undefined;
  /** See {@link OnOwnerChange}. */
  readonly onOwnerChange?: OnOwnerChange<S> | undefined;
  /** `authenticated` restarts the absolute timeout. Default `false`. */
  readonly reauthenticationResets?: boolean;
  /** Sends the reason for a missing session as `Server-Timing`. Default `false`. */
  readonly tellsReasons?: boolean;
  /** Epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/** Where clients send a session. */
export interface SessionLocation {
  readonly in: 'cookie' | 'header';
  readonly name: string;
}

/** A registered session (Ktor: `SessionProvider`). */
export class SessionProvider<S extends object = object> {
  readonly name: string;
  readonly type: SessionClass<S>;
  readonly transport: SessionTransport;
  readonly tracker: CompleteSessionTracker<S>;
  readonly sendOnlyIfModified: boolean;
  readonly saveOnServerError: boolean;
  readonly onUnavailable: 'reject' | 'anonymous';
  readonly ownerField: string | undefined;
  readonly keepIdOnSet: boolean;
  readonly onGone: 'ignore' | 'reject';
  readonly reauthenticationResets: boolean;
  readonly onOwnerChange: OnOwnerChange<S> | undefined;
  readonly tellsReasons: boolean;
  readonly now: () => number;
  readonly keepCacheControl: boolean;
  readonly #own: Pick<SessionProviderOptions<S>, 'lifetimeOf'>;

  /** @param tracker needs at least Ktor's four methods. @throws {SessionConfigurationError} if one is missing. */
  constructor(
    name: string,
    type: SessionClass<S>,
    transport: SessionTransport,
    tracker: SessionTracker<S>,
    options: SessionProviderOptions<S> = {},
  ) {
    this.name = name;
    this.type = type;
    this.transport = transport;
    this.tracker = completedTracker(name, type, tracker);
    this.sendOnlyIfModified = options.sendOnlyIfModified ?? true;
    this.saveOnServerError = options.saveOnServerError ?? false;
    this.onUnavailable = options.onUnavailable ?? 'reject';
    this.ownerField = options.ownerField;
    this.keepIdOnSet = options.keepIdOnSet ?? false;
    this.onGone = options.onGone ?? 'ignore';
    this.keepCacheControl = options.keepCacheControl ?? false;
    this.#own = options;
    this.onOwnerChange = options.onOwnerChange;
    if (this.onOwnerChange && (this.ownerField === undefined || !this.tracker.read)) {
      throw new SessionConfigurationError(
        `Session "${name}": onOwnerChange needs an owner. Mark the field of ${type.name} that holds the id of the user ` +
          'with @SessionOwner(); a tracker of your own needs read(text).',
      );
    }
    this.reauthenticationResets = options.reauthenticationResets ?? false;
    this.tellsReasons = options.tellsReasons ?? false;
    this.now = options.now ?? (() => Date.now());
  }

  lifetimeOf(value: S): OwnLifetime | undefined {
    return this.#own.lifetimeOf?.(value);
  }

  toString(): string {
    return (
      `SessionProvider(name = ${this.name}, type = class ${this.type.name}, transport = ${String(this.transport)}, ` +
      `tracker = ${String(this.tracker)}, sendOnlyIfModified = ${this.sendOnlyIfModified})`
    );
  }
}

type RegisteredTransport = Pick<SessionProvider, 'name' | 'transport'>;

/** @returns `undefined` for a custom transport. */
export function locationOf({ name: sessionName, transport }: RegisteredTransport): SessionLocation | undefined {
  const { kind, name = sessionName } = transport;
  return kind === 'cookie' || kind === 'header' ? { in: kind, name } : undefined;
}

/** {@link locationOf} as a text to compare. Header names ignore case. */
export function locationKeyOf(provider: RegisteredTransport): string | undefined {
  const location = locationOf(provider);
  return location && `${location.in} ${location.in === 'header' ? location.name.toLowerCase() : location.name}`;
}
