import type { CompleteSessionTracker, TrackedSession } from '../tracker/session-tracker.js';

/** What an old form of a session says of the session of ours that it was written for. */
export interface TwinLink {
  /** The name that {@link TwinToStore.of} had. */
  readonly of: string;
  /** Whether the old code has changed it since. */
  readonly changed: boolean;
}

/** A session of ours that is also to be written in the old form. */
export interface TwinToStore<S extends object> {
  readonly value: S;
  /** Names our session: what links the two forms. */
  readonly of: string;
  /** Whether no other session has this name, so that an id may be made from it. */
  readonly isUnique: boolean;
  /** Whether the old form may keep its id: the rights of the session are what they were. */
  readonly keepsId: boolean;
  /** What the old form was before. */
  readonly previous: TrackedSession<S> | undefined;
  /** When our session ends, in epoch milliseconds. */
  readonly expiresAt: number;
}

/**
 * Keeps sessions in the form of an old system, for processes that still run the old code. Only the two forms of one
 * session together count: one that is ended on either side is ended on both.
 */
export interface TwinTracker<S extends object> extends CompleteSessionTracker<S> {
  /** @returns `undefined` for a session that the old code began by itself. */
  linkOf(twin: TrackedSession<S>): TwinLink | undefined;
  storeTwin(session: TwinToStore<S>): Promise<{ readonly session: TrackedSession<S>; readonly transportValue: string }>;
  /** The present session with what the old code has changed in `twin`. */
  joined(present: TrackedSession<S>, twin: TrackedSession<S>): S;
  /** Ends the old form of the session of this name, as far as the server can. */
  endTwinOf(name: string): Promise<void>;
}

/**
 * Ends the ids that are given while the old form is written too: the session of such an id has an old form, or has been
 * ended by the old code.
 */
export const TWIN_SUFFIX = '.2';

/** Whether a tracker can write an old form. */
export function isTwinTracker<S extends object>(tracker: CompleteSessionTracker<S>): tracker is TwinTracker<S> {
  return typeof (tracker as Partial<TwinTracker<S>>).storeTwin === 'function';
}
