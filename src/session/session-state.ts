import type { SessionError } from '../errors/session.errors.js';
import type { SessionSnapshot } from '../serializer/session-serializer.js';
import type { RejectionReason, Replay, TrackedSession } from '../tracker/session-tracker.js';

/** A new session that the application holds but that is stored only if it changes. */
export interface FreshSession<S extends object> {
  readonly value: S;
  /** Its initial content, to detect changes. */
  readonly initial: SessionSnapshot<S> | string;
  /** `true`: stored even if it does not change; `false`: never stored. Otherwise stored if it changes. */
  readonly stored: boolean | undefined;
}

/** What is known of something that is not a session. */
interface Rejected {
  readonly path?: string;
  /** By id: its name in the storage. */
  readonly handle?: string;
  /** Epoch milliseconds. */
  readonly createdAt?: number;
}

/** What came with the request. */
export type IncomingSession<S extends object> =
  /** Not read yet. */
  | { readonly kind: 'unread' }
  /** The client sent nothing. */
  | { readonly kind: 'absent' }
  /** The client sent something that is not a session. The response clears it, unless `isKept`. */
  | (Rejected & { readonly kind: 'rejected'; readonly reason: RejectionReason; readonly isKept?: boolean })
  /**
   * A session that cannot be used and whose cookie must not be touched, except by ending it: the old id of one that has
   * just been given a new one, or one that is good for another version of the application or a server whose clock is
   * ahead of ours.
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
      /** Read with an old key: to be sent again. */
      readonly outdated: boolean;
    }
  /**
   * The storage failed, and the session reads as none (`onUnavailable: 'anonymous'`): nothing is written or sent. A
   * change fails with `error`; an end clears the cookie, and fails unless the storage ends the session of `id`.
   */
  | { readonly kind: 'unavailable'; readonly error: SessionError; readonly id?: string }
  /** It failed, and the request with it: nothing is written, sent or cleared any more. */
  | { readonly kind: 'frozen' };

/** What the application decided, whatever came with the request. */
export type DecidedSession<S extends object> =
  /** It set a value. `ended`: it had ended the incoming session before. */
  | {
      readonly kind: 'set';
      readonly value: S;
      readonly incoming: IncomingSession<S>;
      readonly ended: boolean;
      /** The application wants the id kept. */
      readonly keepsId?: boolean;
    }
  /** It ended the session. */
  | { readonly kind: 'cleared'; readonly incoming: IncomingSession<S> };

/** What came with the request and is, or may be, in the storage. */
export type StoredIncoming<S extends object> = Extract<
  IncomingSession<S>,
  { readonly kind: 'loaded' | 'superseded' | 'unavailable' }
>;

/** One session in one request. */
export type SessionState<S extends object> = IncomingSession<S> | DecidedSession<S>;

export function isDecided<S extends object>(state: SessionState<S>): state is DecidedSession<S> {
  return state.kind === 'set' || state.kind === 'cleared';
}

export function isStored<S extends object>(state: SessionState<S>): state is StoredIncoming<S> {
  return state.kind === 'loaded' || state.kind === 'superseded' || state.kind === 'unavailable';
}

/** The session that the application ended before it began another. */
export function endedBefore<S extends object>(state: SessionState<S>): StoredIncoming<S> | undefined {
  const ended = state.kind === 'cleared' || (state.kind === 'set' && state.ended);
  return ended && isStored(state.incoming) ? state.incoming : undefined;
}

/** The stored session that the present value came from and goes to. */
export function storedBehind<S extends object>(state: SessionState<S>): TrackedSession<S> | undefined {
  if (state.kind === 'loaded') return state.session;
  if (state.kind === 'set' && !state.ended && state.incoming.kind === 'loaded') return state.incoming.session;
  return undefined;
}

/** Whether another instance takes the place of the loaded one, so that it needs an id of its own. */
export function replacesLoaded<S extends object>(state: SessionState<S>): boolean {
  if (state.kind !== 'set' || state.ended || state.keepsId) return false;
  return state.incoming.kind === 'loaded' && state.incoming.session.value !== state.value;
}

/** Whether the client holds something, as far as is known. */
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
