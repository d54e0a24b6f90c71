/**
 * One exchange with a client, cut down to what sessions need of it (Ktor: `ApplicationCall`). Optional members have
 * their defaults where a call is no HTTP exchange, such as a message of a socket.
 */
export interface SessionCall {
  /** A request header by its lower-case name; several lines are joined as RFC 9110 and RFC 6265 say. */
  requestHeader(name: string): string | undefined;
  /** Whether the client's connection is encrypted, as far as this server can see (TLS or `X-Forwarded-Proto`). */
  readonly secure: boolean;
  /** Puts a `Set-Cookie` line on the response; a later line for the same name replaces the earlier one. */
  setCookie(name: string, line: string): void;
  /** Puts a header on the response. */
  setHeader(name: string, value: string): void;
  /** Whether a response can tell the client a new id. `false` for messages of an open connection. Default `true`. */
  readonly hasResponse?: boolean;
  /** Whether the application has begun its response, so that it may change no session any more. Default `false`. */
  readonly responded?: boolean;
  /** Whether the head of the response has left, so that nothing can be sent with it any more. Default `false`. */
  readonly headSent?: boolean;
  /** The `Set-Cookie` lines that the application has put on the response itself; `undefined` where it has none. */
  applicationCookies?(): readonly string[] | undefined;
  /** Asks for the `Set-Cookie` lines of several sessions in this order of their names (Ktor: that of registration). */
  orderCookies?(names: readonly string[]): void;
  /** The response depends on a session: where the application lets shared caches keep it, they must not. */
  forbidSharing?(): void;
}

/** A call that carries nothing and sends nothing, for work outside of a request. */
export const EMPTY_CALL: SessionCall = {
  requestHeader: () => undefined,
  secure: false,
  setCookie: () => undefined,
  setHeader: () => undefined,
};
