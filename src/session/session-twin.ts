import type { CompleteSessionTracker, TrackedSession } from '../tracker/session-tracker.js';

/** Link from the old form of a session to the new session. */
export interface TwinLink {
  /** {@link TwinToStore.of} at the time of writing. */
  readonly of: string;
  /** Whether the old code changed it since. */
  readonly changed: boolean;
}

export interface TwinToStore<S extends object> {
  readonly value: S;
  /** Links both forms. */
  readonly of: string;
  /** Whether the old id can be derived from `of`. */
  readonly isUnique: boolean;
  /** Whether the old form keeps its id, because privileges did not change. */
  readonly keepsId: boolean;
  readonly previous: TrackedSession<S> | undefined;
  /** Of the new session, in epoch milliseconds. */
  readonly expiresAt: number;
}

/**
 * Writes sessions in the format of an old system, for processes that still run the old code. Both forms are valid only
 * together: ending one ends the other.
 */
export interface TwinTracker<S extends object> extends CompleteSessionTracker<S> {
  /** @returns `undefined` for a session started by the old code. */
  linkOf(twin: TrackedSession<S>): TwinLink | undefined;
  storeTwin(session: TwinToStore<S>): Promise<{ readonly session: TrackedSession<S>; readonly transportValue: string }>;
  /** Merges the changes of the old code in `twin` into the session. */
  joined(present: TrackedSession<S>, twin: TrackedSession<S>): S;
  /** If the server can. */
  endTwinOf(name: string): Promise<void>;
}

/**
 * Suffix of ids issued while the old form is also written. If such a session has no old form, the old code ended it.
 */
export const TWIN_SUFFIX = '.2';

export function isTwinTracker<S extends object>(tracker: CompleteSessionTracker<S>): tracker is TwinTracker<S> {
  return typeof (tracker as Partial<TwinTracker<S>>).storeTwin === 'function';
}
