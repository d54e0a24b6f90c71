import type { SessionStorage } from '../../storage/session-storage.js';

export type RequestKind =
  | 'read'
  | 'change'
  | 'touch'
  | 'logout'
  | 'rotate'
  | 'login'
  /** Ends all sessions of the first owner. */
  | 'revoke'
  /** The same by the tracker. */
  | 'revoke-all'
  /** Ends this session by its id in the storage. */
  | 'revoke-one'
  /** A second session, with a limit of one. */
  | 'limit';

export interface SessionRequest {
  readonly kind: RequestKind;
  readonly cookie: string;
  readonly field: string;
  readonly value: string;
  /** The new owner of a `login`, else the first. */
  readonly owner: string;
}

export interface SessionAnswer {
  /** A 2xx response. */
  readonly acknowledged: boolean;
  readonly anonymous?: boolean;
  /** `null`: cleared. That of a `limit` belongs to another browser. */
  readonly cookie?: string | null;
}

export interface SessionAlgorithm {
  /** @returns the cookie. */
  begin(storage: SessionStorage, owner: string): Promise<string>;
  perform(storage: SessionStorage, request: SessionRequest): Promise<SessionAnswer>;
  /** `undefined`: no session. */
  inspect(storage: SessionStorage, cookie: string): Promise<Readonly<Record<string, string>> | undefined>;
}
