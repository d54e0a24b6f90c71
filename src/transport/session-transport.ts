import type { SessionCall } from '../call/session-call.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';

/** Sends one string between client and server (Ktor: `SessionTransport`). */
export interface SessionTransport {
  /** `cookie`, `header`, or your own. By-value sessions are bound to it. */
  readonly kind: string;
  /** The cookie or header name, if any. */
  readonly name?: string;
  /** Applied in order on send, reversed on receive. */
  readonly transformers: readonly SessionTransportTransformer[];
  /** The request header that the response depends on, for `Vary`. */
  readonly requestHeader: string;

  /** The raw values that the client sent, in its order; `undefined` for an undecodable one. Never throws. */
  receive(call: SessionCall): ReadonlyArray<string | undefined>;

  /**
   * @param maxAgeInSeconds the client's lifetime of the value; `null`: until the browser closes. Default: the
   * transport's configuration.
   * @throws {SessionTooLargeError} if it does not fit.
   */
  send(call: SessionCall, value: string, maxAgeInSeconds?: number | null): void;

  /** Whether clients keep the value when the browser closes. Default `true`. */
  readonly persistent?: boolean;

  /** Whether browsers drop the value on an unencrypted connection (`Secure`). */
  isSecure?(call: SessionCall): boolean;

  /** Clients may have values elsewhere. {@link clear} always clears them, {@link send} if several were received. */
  readonly clearsElsewhere?: boolean;

  /** Tells the client to delete the value, if the transport can. */
  clear(call: SessionCall): void;
}
