import type { CompleteSessionTracker, TrackedSession } from '../tracker/session-tracker.js';

export interface TwinLink {
  /** {@link TwinToStore.of} at the time of writing. */
  readonly of: string;
  /** By the old code. */
  readonly changed: boolean;
}

export interface TwinToStore<S extends object> {
  readonly value: S;
  readonly of: string;
  /** The old id can be derived from `of`. */
  readonly isUnique: boolean;
  /** Privileges did not change. */
  readonly keepsId: boolean;
  readonly previous: TrackedSession<S> | undefined;
  readonly expiresAt: number;
}

/** Writes the format of an old system, for processes with the old code. Ending one form ends the other. */
export interface TwinTracker<S extends object> extends CompleteSessionTracker<S> {
  /** `undefined`: started by the old code. */
  linkOf(twin: TrackedSession<S>): TwinLink | undefined;
  storeTwin(session: TwinToStore<S>): Promise<{ readonly session: TrackedSession<S>; readonly transportValue: string }>;
  /** With the changes of the old code. */
  joined(present: TrackedSession<S>, twin: TrackedSession<S>): S;
  /** If the server can. */
  endTwinOf(name: string): Promise<void>;
}

/** Suffix of ids with an old form. If that is missing, the old code ended the session. */
export const TWIN_SUFFIX = '.2';

export function isTwinTracker<S extends object>(tracker: CompleteSessionTracker<S>): tracker is TwinTracker<S> {
  return typeof (tracker as Partial<TwinTracker<S>>).storeTwin === 'function';
}
