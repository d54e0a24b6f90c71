import type { RejectionReason, TrackedSession } from '../tracker/session-tracker.js';

/** A new session that the application holds but that is stored only if it changes. */
export interface FreshSession<S extends object> {
  readonly value: S;
  readonly text: string;
}

/** What came with the request. */
export type IncomingSession<S extends object> =
  /** Nobody has asked yet. */
  | { readonly kind: 'unread' }
  /** Nothing came. */
  | { readonly kind: 'absent' }
  /** Something came and nothing valid is behind it: it is cleared on the response. */
  | { readonly kind: 'stale'; readonly reason: RejectionReason }
  /** The old id of a session that has just been given a new one; its cookie is not to be touched, except by ending it. */
  | { readonly kind: 'superseded'; readonly id?: string }
  | {
      readonly kind: 'loaded';
      readonly session: TrackedSession<S>;
      /** Read with an old key: to be sent again. */
      readonly outdated: boolean;
    }
  /** The storage failed: nothing is known, so nothing is written, sent or cleared. */
  | { readonly kind: 'frozen' };

/** What the application decided, whatever came with the request. */
export type DecidedSession<S extends object> =
  /** It set a value. `ended`: it had ended the incoming session before. */
  | {
      readonly kind: 'set';
      readonly value: S;
      readonly incoming: IncomingSession<S>;
      readonly ended: boolean;
    }
  /** It ended the session. */
  | { readonly kind: 'cleared'; readonly incoming: IncomingSession<S> };

/** One session in one request. */
export type SessionState<S extends object> = IncomingSession<S> | DecidedSession<S>;
