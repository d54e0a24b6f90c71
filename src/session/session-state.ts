import type { SessionError } from '../errors/session.errors.js';
import type { SessionSnapshot } from '../serializer/session-serializer.js';
import type { RejectionReason, Replay, TrackedSession } from '../tracker/session-tracker.js';

/** Stored only if it changes. */
export interface FreshSession<S extends object> {
  readonly value: S;
  /** To detect changes. */
  readonly initial: SessionSnapshot<S> | string;
  /** `true`: always stored; `false`: never; `undefined`: if it changes. */
  readonly stored: boolean | undefined;
}

interface Rejected {
  readonly path?: string;
  /** By id. */
  readonly handle?: string;
  /** Epoch milliseconds. */
  readonly createdAt?: number;
}

/** What the request carries. */
export type IncomingSession<S extends object> =
  /** Not read yet. */
  | { readonly kind: 'unread' }
  /** The client sent nothing. */
  | { readonly kind: 'absent' }
  /** Not a session. The response clears it, unless `isKept`. */
  | (Rejected & { readonly kind: 'rejected'; readonly reason: RejectionReason; readonly isKept?: boolean })
  /**
   * An unusable session whose cookie is kept unless the application ends the session: a rotated id, or a session for
   * another version of the application or from a server whose clock is ahead.
   */
  | (Rejected & {
      readonly kind: 'superseded';
      readonly id?: string;
      /** Default `rotated`. */
      readonly reason?: RejectionReason;
      /** The grace period of the old id is over. */
      readonly replayed?: Replay;
    })
  | {
      readonly kind: 'loaded';
      readonly session: TrackedSession<S>;
      /** Read with an old key; sent again. */
      readonly outdated: boolean;
    }
  /**
   * The storage failed and there is no session (`onUnavailable: 'anonymous'`). A change fails with `error`. A clear
   * removes the cookie and fails unless the storage ends the session `id`.
   */
  | { readonly kind: 'unavailable'; readonly error: SessionError; readonly id?: string }
  /** The storage and the request failed: nothing is written, sent or cleared. */
  | { readonly kind: 'frozen' };

/** What the application decided. */
export type DecidedSession<S extends object> =
  /** A value was set. `ended`: the incoming session was cleared first. */
  | {
      readonly kind: 'set';
      readonly value: S;
      readonly incoming: IncomingSession<S>;
      readonly ended: boolean;
      /** With `keepId`. */
      readonly keepsId?: boolean;
    }
  /** The session was cleared. */
  | { readonly kind: 'cleared'; readonly incoming: IncomingSession<S> };

/** May be in the storage. */
export type StoredIncoming<S extends object> = Extract<
  IncomingSession<S>,
  { readonly kind: 'loaded' | 'superseded' | 'unavailable' }
>;

export type SessionState<S extends object> = IncomingSession<S> | DecidedSession<S>;

export function isDecided<S extends object>(state: SessionState<S>): state is DecidedSession<S> {
  return state.kind === 'set' || state.kind === 'cleared';
}

export function isStored<S extends object>(state: SessionState<S>): state is StoredIncoming<S> {
  return state.kind === 'loaded' || state.kind === 'superseded' || state.kind === 'unavailable';
}

/** Cleared in this request. */
export function endedBefore<S extends object>(state: SessionState<S>): StoredIncoming<S> | undefined {
  const ended = state.kind === 'cleared' || (state.kind === 'set' && state.ended);
  return ended && isStored(state.incoming) ? state.incoming : undefined;
}

/** The stored session that the present value updates. */
export function storedBehind<S extends object>(state: SessionState<S>): TrackedSession<S> | undefined {
  if (state.kind === 'loaded') return state.session;
  if (state.kind === 'set' && !state.ended && state.incoming.kind === 'loaded') return state.incoming.session;
  return undefined;
}

/** Whether another instance replaced the loaded one, which requires a new id. */
export function replacesLoaded<S extends object>(state: SessionState<S>): boolean {
  if (state.kind !== 'set' || state.ended || state.keepsId) return false;
  return state.incoming.kind === 'loaded' && state.incoming.session.value !== state.value;
}

/** Whether the client may hold a value. */
export function cameWith(incoming: IncomingSession<object>): boolean {
  switch (incoming.kind) {
    case 'unread':
    case 'rejected':
    case 'superseded':
    case 'unavailable':
    case 'loaded':
      return true;
    case 'absent':
    case 'frozen':
      return false;
  }
}
