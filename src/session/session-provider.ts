import { SessionConfigurationError } from '../errors/session.errors.js';
import type { OnOwnerChange } from './owner-change.js';
import type { OwnLifetime } from '../tracker/session-lifetime.js';
import type { SessionTransport } from '../transport/session-transport.js';
import type { SessionClass } from '../tracker/session-class.js';
import { completedTracker } from '../tracker/own-session-tracker.js';
import type { CompleteSessionTracker, SessionTracker } from '../tracker/session-tracker.js';

/** How a session behaves beyond its transport and tracker. */
export interface SessionPolicies {
  /**
   * Whether `set` of a session equal to the one that was loaded sends nothing (Ktor: `sendOnlyIfModified`).
   * Default `true`; Ktor's is `false`.
   */
  readonly sendOnlyIfModified?: boolean;
  /** Whether changes are stored although the response is a server error (5xx), as Ktor does. Default `false`. */
  readonly saveOnServerError?: boolean;
  /**
   * What a session reads as while its storage does not answer. `reject`: 503 where a session is needed.
   * `anonymous`: as none. A change, or an end that the storage does not take, is answered with 503 all the same; an
   * end clears the cookie. Default `reject`.
   */
  readonly onUnavailable?: 'reject' | 'anonymous';
  /**
   * What becomes of a request whose change was dropped, because its session was ended meanwhile. `ignore`: its response
   * stays as it is; there is an event. `reject`: 409. A login is always rejected then. Default `ignore`.
   */
  readonly onGone?: 'ignore' | 'reject';
  /**
   * Leaves `Cache-Control` of a response that read the session as the application wrote it. Otherwise `public` and
   * `s-maxage` become `private`, so that no shared cache gives one visitor's page to another. Default `false`.
   */
  readonly keepCacheControl?: boolean;
}

/** What a {@link SessionProvider} may be told. */
export interface SessionProviderOptions<S extends object = object> extends SessionPolicies {
  /** The field that says whose session it is, which `login` sets. Default: none, and `login` is refused. */
  readonly ownerField?: string | undefined;
  /** By id: `set` of another instance keeps the id, as Ktor does. Default `false`: it gets a new one. */
  readonly keepIdOnSet?: boolean;
  /** The lifetime of one session, where it is not that of its class. Asked when it begins or gets another owner. */
  lifetimeOf?(this: void, value: S): OwnLifetime | undefined;
  /** Called before a login counts; see {@link OnOwnerChange}. */
  readonly onOwnerChange?: OnOwnerChange<S> | undefined;
  /** Whether `authenticated` starts the absolute timeout anew. Default `false`. */
  readonly reauthenticationResets?: boolean;
  /** Tells clients in `Server-Timing` why they have no session, for development. Default `false`. */
  readonly tellsReasons?: boolean;
  /** The clock, in epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/** Name, class, transport and tracker: all there is to know of one declared session (Ktor: `SessionProvider`). */
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
   * @param tracker one of your own needs Ktor's four verbs; see {@link SessionTracker}.
   * @throws {SessionConfigurationError} where it has not these.
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

  /** The lifetime of one session, where it is not that of its class. */
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
