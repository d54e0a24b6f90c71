import { SessionConfigurationError } from '../errors/session.errors.js';
import type { OnOwnerChange } from './owner-change.js';
import type { OwnLifetime } from '../tracker/session-lifetime.js';
import type { SessionTransport } from '../transport/session-transport.js';
import type { SessionClass } from '../tracker/session-class.js';
import { completedTracker } from '../tracker/own-session-tracker.js';
import type { CompleteSessionTracker, SessionTracker } from '../tracker/session-tracker.js';

export interface SessionPolicies {
  /**
   * Whether `set` with an unchanged value sends nothing (Ktor: `sendOnlyIfModified`). Default `true`; Ktor's is
   * `false`.
   */
  readonly sendOnlyIfModified?: boolean;
  /** Whether changes are stored if the status is 5xx, as in Ktor. Default `false`. */
  readonly saveOnServerError?: boolean;
  /**
   * Behavior while the storage fails. `reject`: reading the session fails with 503. `anonymous`: there is no session;
   * changes still fail with 503, and a clear removes the cookie but fails with 503 if the storage cannot end the
   * session. Default `reject`.
   */
  readonly onUnavailable?: 'reject' | 'anonymous';
  /**
   * Response to a change that was dropped because the session had ended. `ignore`: unchanged, with the event `gone`.
   * `reject`: 409. A login is always rejected. Default `ignore`.
   */
  readonly onGone?: 'ignore' | 'reject';
  /**
   * Keeps `Cache-Control` of responses that read the session. Otherwise `public` and `s-maxage` become `private`, so
   * that shared caches do not serve one user's page to another. Default `false`.
   */
  readonly keepCacheControl?: boolean;
}

export interface SessionProviderOptions<S extends object = object> extends SessionPolicies {
  /** The owner field, set by `login`. Default: none; `login` throws. */
  readonly ownerField?: string | undefined;
  /** By id: whether `set` with another instance keeps the id, as in Ktor. Default `false`. */
  readonly keepIdOnSet?: boolean;
  /** The lifetime of one session. Called when it starts and when its owner changes. `undefined`: that of the class. */
  lifetimeOf?(this: void, value: S): OwnLifetime | undefined;
  /** Called before a login takes effect; see {@link OnOwnerChange}. */
  readonly onOwnerChange?: OnOwnerChange<S> | undefined;
  /** Whether `authenticated` restarts the absolute timeout. Default `false`. */
  readonly reauthenticationResets?: boolean;
  /** Sends the reason for a missing session as `Server-Timing`, for development. Default `false`. */
  readonly tellsReasons?: boolean;
  /** The clock, in epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
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

  /**
   * @param tracker a custom tracker needs Ktor's four methods; see {@link SessionTracker}.
   * @throws {SessionConfigurationError} if one is missing.
   */
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

  /** `undefined`: the lifetime of the class. */
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
