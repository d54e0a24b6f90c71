import type { SessionCall } from '../call/session-call.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';

/** Sends one string between client and server (Ktor: `SessionTransport`). */
export interface SessionTransport {
  /** `cookie`, `header`, or your own. Binds by-value sessions. */
  readonly kind: string;
  /** Of the cookie or header. */
  readonly name?: string;
  /** In order on send, reversed on receive. */
  readonly transformers: readonly SessionTransportTransformer[];
  /** The request header, for `Vary`. */
  readonly requestHeader: string;

  /** All values sent by the client, in order; `undefined`: undecodable. Never throws. */
  receive(call: SessionCall): ReadonlyArray<string | undefined>;

  /**
   * @param maxAgeInSeconds lifetime at the client; `null`: until the browser closes. Default: as configured.
   * @throws {SessionTooLargeError}
   */
  send(call: SessionCall, value: string, maxAgeInSeconds?: number | null): void;

  /** Whether it survives closing the browser. Default `true`. */
  readonly persistent?: boolean;

  /** Whether browsers drop it without encryption (`Secure`). */
  isSecure?(call: SessionCall): boolean;

  /** {@link send} clears other places if several values arrived, {@link clear} always. */
  readonly clearsElsewhere?: boolean;

  /** If the transport can. */
  clear(call: SessionCall): void;
}
