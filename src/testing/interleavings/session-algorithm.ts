import type { SessionStorage } from '../../storage/session-storage.js';

/** Kinds of requests. */
export type RequestKind =
  /** Reads. */
  | 'read'
  /** Sets one field. */
  | 'change'
  /** Renews without changes. */
  | 'touch'
  /** Ends the session. */
  | 'logout'
  /** Changes the id. */
  | 'rotate'
  /** Changes owner and id. */
  | 'login'
  /** Ends all sessions of the first owner. */
  | 'revoke';

export interface SessionRequest {
  readonly kind: RequestKind;
  /** The session's id, as sent by the client. */
  readonly cookie: string;
  /** Set by a `change`. */
  readonly field: string;
  readonly value: string;
  /** Set by a `login`, or revoked by a `revoke`. */
  readonly owner: string;
}

export interface SessionAnswer {
  /** The client was told that the request succeeded: a 2xx. A `read` without a session is not acknowledged. */
  readonly acknowledged: boolean;
  /** The request had no session. Default `false`. */
  readonly anonymous?: boolean;
  /** A new cookie; `null`: cleared. */
  readonly cookie?: string | null;
}

/** How sessions are stored: an implementation for {@link exploreSessionRequests}. */
export interface SessionAlgorithm {
  /** Creates a session without fields. @returns the client's cookie. */
  begin(storage: SessionStorage, owner: string): Promise<string>;
  perform(storage: SessionStorage, request: SessionRequest): Promise<SessionAnswer>;
  /** @returns the fields for this cookie, or `undefined` for no session. */
  inspect(storage: SessionStorage, cookie: string): Promise<Readonly<Record<string, string>> | undefined>;
}
