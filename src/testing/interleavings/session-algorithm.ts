import type { SessionStorage } from '../../storage/session-storage.js';

/** What a request does with its session. */
export type RequestKind =
  /** Looks at it. */
  | 'read'
  /** Sets one field. */
  | 'change'
  /** Renews it, unchanged. */
  | 'touch'
  /** Ends it. */
  | 'logout'
  /** Gives it a new id. */
  | 'rotate'
  /** Gives it a new owner, and so a new id. */
  | 'login'
  /** Ends all sessions of the owner it had first. */
  | 'revoke'
  /** Ends this session alone, by its name in the storage, as from another device. */
  | 'revoke-one'
  /** Begins another session of the owner it had first, who may have one: all others end. */
  | 'limit';

export interface SessionRequest {
  readonly kind: RequestKind;
  /** What the client sent: the session's id. */
  readonly cookie: string;
  /** The field that a `change` sets, and its value. */
  readonly field: string;
  readonly value: string;
  /** The owner that a `login` sets, whose sessions a `revoke` ends, or who begins a session by a `limit`. */
  readonly owner: string;
}

export interface SessionAnswer {
  /** What was asked for happened, as far as the client is told: a 2xx. A `read` that found nothing is not acknowledged. */
  readonly acknowledged: boolean;
  /** The request had no session. Default `false`. */
  readonly anonymous?: boolean;
  /** A new cookie; `null`: the cookie is cleared. That of a `limit` is for another browser. */
  readonly cookie?: string | null;
}

/**
 * How sessions are kept in a storage. {@link exploreSessionRequests} can be given any, so that the code which really does
 * it is explored, and not only the storage below.
 */
export interface SessionAlgorithm {
  /** Starts a session with no fields. @returns the client's cookie. */
  begin(storage: SessionStorage, owner: string): Promise<string>;
  perform(storage: SessionStorage, request: SessionRequest): Promise<SessionAnswer>;
  /** @returns the fields that a client with this cookie would see, or `undefined` for no session. */
  inspect(storage: SessionStorage, cookie: string): Promise<Readonly<Record<string, string>> | undefined>;
}
