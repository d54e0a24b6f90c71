import type { SessionStorage } from '../../storage/session-storage.js';

export type RequestKind =
  | 'read'
  | 'change'
  | 'touch'
  | 'logout'
  | 'rotate'
  /** Changes owner and id. */
  | 'login'
  /** Ends all sessions of the first owner. */
  | 'revoke'
  /** Ends this session by its id in the storage, as from another device. */
  | 'revoke-one'
  /** Begins another session of the first owner, who may have one: all others end. */
  | 'limit';

export interface SessionRequest {
  readonly kind: RequestKind;
  readonly cookie: string;
  /** For `change`. */
  readonly field: string;
  readonly value: string;
  /** The new owner of a `login`; for `revoke` and `limit` the first owner. */
  readonly owner: string;
}

export interface SessionAnswer {
  /** A 2xx response. A `read` without a session is not acknowledged. */
  readonly acknowledged: boolean;
  /** The request had no session. Default `false`. */
  readonly anonymous?: boolean;
  /** A new cookie; `null`: the cookie is cleared. That of a `limit` belongs to another browser. */
  readonly cookie?: string | null;
}

/** How sessions are stored, for {@link exploreSessionRequests}. */
export interface SessionAlgorithm {
  /** Creates a session without fields. @returns the cookie. */
  begin(storage: SessionStorage, owner: string): Promise<string>;
  perform(storage: SessionStorage, request: SessionRequest): Promise<SessionAnswer>;
  /** @returns the fields, or `undefined` for no session. */
  inspect(storage: SessionStorage, cookie: string): Promise<Readonly<Record<string, string>> | undefined>;
}
