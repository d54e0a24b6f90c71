import type { SessionCall } from '../transport/session-transport.js';

/** A call whose response can be watched. */
export interface ResponseCall extends SessionCall {
  /** Whether the application has begun its response, so that it may change no session any more. */
  readonly responded: boolean;
  /** Whether the head of the response has left, so that nothing can be sent with it any more. */
  readonly headSent: boolean;
  /** The `Set-Cookie` lines that the application has put on the response itself; `undefined` where it has none. */
  applicationCookies?(): readonly string[] | undefined;
  /** Asks for the `Set-Cookie` lines of several sessions in this order of their names (Ktor: that of registration). */
  orderCookies?(names: readonly string[]): void;
  /** The response depends on a session: where the application lets shared caches keep it, they must not. */
  forbidSharing?(): void;
}
