import type { SessionCall } from '../call/session-call.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';

/** Carries one string between client and server (Ktor: `SessionTransport`). */
export interface SessionTransport {
  /** `cookie`, `header`, or the name of a transport of your own. By-value sessions are bound to it. */
  readonly kind: string;
  /** The name of the cookie or header. Absent: clients keep the session under no name. */
  readonly name?: string;
  /** Applied to the string in order when it is sent, reversed when it is received. */
  readonly transformers: readonly SessionTransportTransformer[];
  /** The request header that the response depends on: `Cookie`, or the header's name. Goes into `Vary`. */
  readonly requestHeader: string;

  /**
   * What the client sent, as it came: one entry for each value of our name, in the client's order. An entry that
   * came but cannot be decoded is `undefined`. Nothing sent: an empty list. Never throws.
   */
  receive(call: SessionCall): ReadonlyArray<string | undefined>;

  /**
   * Puts `value` on the response.
   * @param maxAgeInSeconds how long the client keeps it, for a session with a lifetime of its own; `null`: until the
   *   browser is closed. Default: as the transport is configured.
   * @throws {SessionTooLargeError} when it does not fit.
   */
  send(call: SessionCall, value: string, maxAgeInSeconds?: number | null): void;

  /** Whether clients keep what {@link send} gives when the browser is closed. Default `true`. */
  readonly persistent?: boolean;

  /** Whether what {@link send} gives now is dropped by browsers on an unencrypted connection (`Secure`). */
  isSecure?(call: SessionCall): boolean;

  /** A client may hold values in other places, which {@link send} clears where several came, and {@link clear} always. */
  readonly clearsElsewhere?: boolean;

  /** Tells the client to forget the value, as far as the transport can. */
  clear(call: SessionCall): void;
}
