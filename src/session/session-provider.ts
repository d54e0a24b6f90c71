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
  readonly onGone: 'ignore' | 'reject';

  constructor(
    name: string,
    type: SessionClass<S>,
    transport: SessionTransport,
    tracker: SessionTracker<S>,
    policies: SessionPolicies = {},
  ) {
    this.name = name;
    this.type = type;
    this.transport = transport;
    this.tracker = tracker;
    this.sendOnlyIfModified = policies.sendOnlyIfModified ?? true;
    this.saveOnServerError = policies.saveOnServerError ?? false;
    this.onUnavailable = policies.onUnavailable ?? 'reject';
    this.onGone = policies.onGone ?? 'ignore';
  }

  toString(): string {
    return (
      `SessionProvider(name = ${this.name}, type = class ${this.type.name}, transport = ${String(this.transport)}, ` +
      `tracker = ${String(this.tracker)}, sendOnlyIfModified = ${this.sendOnlyIfModified})`
    );
  }
}
