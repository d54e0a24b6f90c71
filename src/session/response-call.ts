import type { SessionCall } from '../transport/session-transport.js';

/** A call whose response can be watched. */
export interface ResponseCall extends SessionCall {
  /** Whether the head of the response has left, so that no header can be added. */
  readonly headSent: boolean;
}
