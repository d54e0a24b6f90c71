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
  /** Ends all sessions of the owner it had first. */
  | 'revoke'
  /** The same as applications do it. */
  | 'revoke-all'
  /** Ends this session alone, by its name in the storage, as from another device. */
  | 'revoke-one'
  /** Begins another session of the owner it had first, who may have one: all others end. */
  | 'limit';

export interface SessionRequest {
  readonly kind: RequestKind;
  /** The session's id, as sent by the client. */
  readonly cookie: string;
  /** Set by a `change`. */
  readonly field: string;
  readonly value: string;
  /** The owner that a `login` sets, whose sessions a `revoke` ends, or who begins a session by a `limit`. */
  readonly owner: string;
}

export interface SessionAnswer {
  /** The client was told that the request succeeded: a 2xx. A `read` without a session is not acknowledged. */
  readonly acknowledged: boolean;
  /** The request had no session. Default `false`. */
  readonly anonymous?: boolean;
  /** A new cookie; `null`: the cookie is cleared. That of a `limit` is for another browser. */
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
