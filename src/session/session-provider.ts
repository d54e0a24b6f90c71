import type { SessionTransport } from '../transport/session-transport.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionTracker } from '../tracker/session-tracker.js';

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
export interface SessionProviderOptions extends SessionPolicies {
  /** The field that says whose session it is, which `login` sets. Default: none, and `login` is refused. */
  readonly ownerField?: string | undefined;
  /** By id: `set` of another instance keeps the id, as Ktor does. Default `false`: it gets a new one. */
  readonly keepIdOnSet?: boolean;
}

/** Name, class, transport and tracker: all there is to know of one declared session (Ktor: `SessionProvider`). */
export class SessionProvider<S extends object = object> {
  readonly name: string;
  readonly type: SessionClass<S>;
  readonly transport: SessionTransport;
  readonly tracker: SessionTracker<S>;
  readonly sendOnlyIfModified: boolean;
  readonly saveOnServerError: boolean;
  readonly onUnavailable: 'reject' | 'anonymous';
  readonly ownerField: string | undefined;
  readonly keepIdOnSet: boolean;
  readonly onGone: 'ignore' | 'reject';
  readonly keepCacheControl: boolean;

  constructor(
    name: string,
    type: SessionClass<S>,
    transport: SessionTransport,
    tracker: SessionTracker<S>,
    options: SessionProviderOptions = {},
  ) {
    this.name = name;
    this.type = type;
    this.transport = transport;
    this.tracker = tracker;
    this.sendOnlyIfModified = options.sendOnlyIfModified ?? true;
    this.saveOnServerError = options.saveOnServerError ?? false;
    this.onUnavailable = options.onUnavailable ?? 'reject';
    this.ownerField = options.ownerField;
    this.keepIdOnSet = options.keepIdOnSet ?? false;
    this.onGone = options.onGone ?? 'ignore';
    this.keepCacheControl = options.keepCacheControl ?? false;
  }

  toString(): string {
    return (
      `SessionProvider(name = ${this.name}, type = class ${this.type.name}, transport = ${String(this.transport)}, ` +
      `tracker = ${String(this.tracker)}, sendOnlyIfModified = ${this.sendOnlyIfModified})`
    );
  }
}
