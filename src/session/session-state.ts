import type { SessionError } from '../errors/session.errors.js';
import type { SessionSnapshot } from '../serializer/session-serializer.js';
import type { RejectionReason, Replay, TrackedSession } from '../tracker/session-tracker.js';

export interface FreshSession<S extends object> {
  readonly value: S;
  readonly initial: SessionSnapshot<S> | string;
  /** `true`: always stored; `false`: never; `undefined`: if it changes. */
  readonly stored: boolean | undefined;
}

interface Rejected {
  readonly path?: string;
  readonly handle?: string;
  readonly createdAt?: number;
}

export type IncomingSession<S extends object> =
  | { readonly kind: 'unread' }
  | { readonly kind: 'absent' }
  /** The response clears it, unless `isKept`. */
  | (Rejected & { readonly kind: 'rejected'; readonly reason: RejectionReason; readonly isKept?: boolean })
  /** Unusable, but its cookie is kept: a rotated id, another version, or a clock ahead. */
  | (Rejected & {
      readonly kind: 'superseded';
      readonly id?: string;
      /** Default `rotated`. */
      readonly reason?: RejectionReason;
      readonly replayed?: Replay;
    })
  | {
      readonly kind: 'loaded';
      readonly session: TrackedSession<S>;
      readonly outdated: boolean;
    }
  /** With `onUnavailable: 'anonymous'`. A change fails with `error`; a clear ends the session `id`. */
  | { readonly kind: 'unavailable'; readonly error: SessionError; readonly id?: string }
  /** The request failed: nothing is stored or sent. */
  | { readonly kind: 'frozen' };

type DecidedSession<S extends object> =
  /** `ended`: the incoming session was cleared first. */
  | {
      readonly kind: 'set';
      readonly value: S;
      readonly incoming: IncomingSession<S>;
      readonly ended: boolean;
      readonly keepsId?: boolean;
    }
  | { readonly kind: 'cleared'; readonly incoming: IncomingSession<S> };

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

export function endedSessionOf<S extends object>(state: SessionState<S>): StoredIncoming<S> | undefined {
  const ended = state.kind === 'cleared' || (state.kind === 'set' && state.ended);
  return ended && isStored(state.incoming) ? state.incoming : undefined;
}

/** What the present value updates. */
export function storedSessionOf<S extends object>(state: SessionState<S>): TrackedSession<S> | undefined {
  if (state.kind === 'loaded') return state.session;
  if (state.kind === 'set' && !state.ended && state.incoming.kind === 'loaded') return state.incoming.session;
  return undefined;
}
