/** What sessions need of an exchange (Ktor: `ApplicationCall`). Messages of a socket leave the optional members out. */
export interface SessionCall {
  /** By its lower-case name; several lines are joined (RFC 9110, RFC 6265). */
  requestHeader(name: string): string | undefined;
  /** Whether the client's connection is encrypted, by TLS or `X-Forwarded-Proto`. */
  readonly secure: boolean;
  /** A later line of the same name replaces the earlier one. */
  setCookie(name: string, line: string): void;
  setHeader(name: string, value: string): void;
  /** Whether a response can give the client a new id. `false` for messages of an open connection. Default `true`. */
  readonly hasResponse?: boolean;
  /** Whether the response has begun: sessions must not change. Default `false`. */
  readonly responded?: boolean;
  /** Whether the headers of the response have been sent. Default `false`. */
  readonly headSent?: boolean;
  /** The application's own `Set-Cookie` lines. */
  applicationCookies?(): readonly string[] | undefined;
  /** Sends the `Set-Cookie` lines of sessions in this order of names (Ktor: that of registration). */
  orderCookies?(names: readonly string[]): void;
  /** Keeps shared caches from storing the response, because it depends on a session. */
  forbidSharing?(): void;
}

/** Shared caches must not store the response. */
export const EMPTY_CALL: SessionCall = {
  requestHeader: () => undefined,
  secure: false,
  setCookie: () => undefined,
  setHeader: () => undefined,
};
