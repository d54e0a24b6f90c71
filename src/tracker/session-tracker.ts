import type { SessionCall } from '../call/session-call.js';
import type { SessionSnapshot } from '../serializer/session-serializer.js';
import type { ActingStep } from './session-acting.js';
import type { SessionDetails } from './session-details.js';
import type { SessionLifetime, SessionTimes } from './session-lifetime.js';

/** Why a received value is not a session. See `docs/events-and-logs.md`. */
export type RejectionReason =
  | 'malformed'
  | 'tampered'
  | 'unknown-key'
  | 'wrong-session'
  | 'duplicate-cookie'
  | 'unknown-id'
  | 'expired-idle'
  | 'expired-absolute'
  | 'ended'
  | 'revoked'
  | 'evicted'
  | 'undecodable'
  | 'invalid'
  | 'rotated'
  | 'future';

/** As loaded or stored. Only by id: `id`, `storedId`, `version`, `marks`, `byOldId`. */
export interface TrackedSession<S extends object = object> extends SessionTimes {
  readonly value: S;
  readonly text: string;
  readonly id?: string | undefined;
  /** The key in the storage. */
  readonly storedId?: string | undefined;
  readonly version?: string | undefined;
  readonly marks?: string | undefined;
  readonly owner?: string | undefined;
  readonly snapshot?: SessionSnapshot<S> | undefined;
  /** If `id` was rotated. Such an id is never sent. */
  readonly byOldId?: ByOldId;
}

export interface ByOldId {
  readonly details: SessionDetails | undefined;
  /** May still be undone. */
  readonly isPending: boolean;
}

export interface SessionIds {
  readonly id: string;
  readonly storedId: string;
  readonly byOldId?: ByOldId | undefined;
}

/** One order of properties, for V8. */
export function trackedById<S extends object>(
  value: S,
  text: string,
  times: SessionTimes,
  { id, storedId, byOldId }: SessionIds,
  version: string | undefined,
  owner: string | undefined,
  snapshot: SessionSnapshot<S> | undefined,
  marks: string | undefined,
): TrackedSession<S> {
  const { createdAt, renewedAt, details } = times;
  const session = { value, text, createdAt, renewedAt, details, id, storedId, version, owner, snapshot, marks };
  return byOldId ? { ...session, byOldId } : session;
}

export type LoadResult<S extends object> =
  | { readonly status: 'loaded'; readonly session: TrackedSession<S> }
  | {
      readonly status: 'rejected';
      readonly reason: RejectionReason;
      readonly id?: string;
      /** The grace period is over. */
      readonly replayed?: Replay;
      /** Another system still uses it: not cleared. */
      readonly leave?: true;
      readonly handle?: string;
      readonly createdAt?: number;
      readonly path?: string;
      /** Another version may accept it: not cleared. */
      readonly kept?: boolean;
    };

export interface Replay {
  readonly handle: string | undefined;
  readonly revoked: boolean;
}

export interface SessionToTrack<S extends object> {
  readonly value: S;
  /** {@link SessionTracker.serialize} of `value`, if known. */
  readonly text?: string | undefined;
  /** {@link SessionTracker.capture} of `value`, taken with `text`. */
  readonly snapshot?: SessionSnapshot<S> | undefined;
  readonly previous?: TrackedSession<S> | undefined;
  readonly call: SessionCall;
  /** Gives a new id. `due`: because of its age. */
  readonly rotate?: boolean | 'due';
  /** With `rotate`: restarts the absolute timeout. */
  readonly restart?: boolean;
  /** Writes and sends even an unchanged session. */
  readonly force?: boolean;
  /** Overrides those of `previous`, which are dropped for another owner and with `restart`. */
  readonly details?: SessionDetails | undefined;
  /** With `rotate`. Keeps the times; `maxPerOwner` does not apply. */
  readonly acting?: ActingStep | undefined;
  /** From {@link SessionTracker.newId}. Default: a new one. */
  readonly id?: string | undefined;
  /** The id of a session that ends next. */
  readonly replaces?: string | undefined;
  /** Called with the handles that `maxPerOwner` ends. */
  onRevoked?(this: void, handles: readonly string[]): void;
  /**
   * Called when `value` gets an owner, before the login is confirmed. May change `value`. An error undoes the login.
   * @param before text of the visitor's session. @returns the text of `value`.
   */
  onOwner?: ((this: void, before: string | undefined) => Promise<string>) | undefined;
  /** Applied before a write, and again after a lost race. */
  revise?(this: void, value: S): void;
}

export type StoreResult<S extends object> =
  /** Nothing was written or sent. */
  | { readonly status: 'unchanged'; readonly session: TrackedSession<S> }
  | {
      readonly status: 'created' | 'changed' | 'renewed' | 'rotated';
      readonly session: TrackedSession<S>;
      readonly transportValue: string;
      /** The client already has `transportValue`. */
      readonly held?: boolean;
      readonly conflicts?: readonly string[];
    }
  /** The change was dropped. `rotated`: the session has another id. */
  | { readonly status: 'gone'; readonly reason: 'ended' | 'rotated' };

/**
 * Converts a session to a string for the client and back (Ktor: `SessionTracker`): the content
 * ({@link SessionTrackerByValue}) or an id ({@link SessionTrackerById}). The first four members are required.
 */
export interface SessionTracker<S extends object = object> {
  /**
   * @param transportValue what the transformers returned. Untrusted.
   * @returns the session, `undefined`, or the reason why there is none.
   * @throws only if a storage fails.
   */
  load(
    transportValue: string,
    call: SessionCall,
  ): LoadResult<S> | S | undefined | Promise<LoadResult<S> | S | undefined>;

  /**
   * @returns the string for the client, or a {@link StoreResult}.
   * @throws {SessionUnserializableError}, {SessionConflictError}, or if a storage fails; nothing is sent then.
   */
  store(session: SessionToTrack<S>): StoreResult<S> | string | Promise<StoreResult<S> | string>;

  clear(session: TrackedSession<S>, call: SessionCall): void | Promise<void>;

  /** @throws {SessionError} if `value` is no instance of the session class. */
  validate(value: S): void;

  /** Default `own`. */
  readonly kind?: string;
  /** Absent: no times and details. */
  readonly lifetime?: SessionLifetime | undefined;
  /** Of several received values, the one renewed last wins. Default: the first. */
  readonly newestWins?: boolean;

  /** Loads the session again. Default: not possible. */
  reload?(session: TrackedSession<S>, call: SessionCall): LoadResult<S> | Promise<LoadResult<S>>;

  /** Texts are compared to find changes. Default: `SessionSerializerReflection`. */
  serialize?(value: S): string;

  /** Detects changes without serializing. Default: texts are compared. */
  capture?(value: S): SessionSnapshot<S> | undefined;

  /** Called if `value` cannot be serialized: a request that only reads must not fail. Default: it fails. */
  isUnchanged?(value: S, session: TrackedSession<S>): boolean;

  /** Default: never. */
  isRenewalDue?(session: TrackedSession<S>): boolean;

  /** Whether the age of the id calls for a new one. Default: never. */
  isRotationDue?(session: TrackedSession<S>): boolean;
  /** The inverse of {@link serialize}. */
  read?(text: string): S;

  /** Supports {@link SessionToTrack.acting}. */
  readonly keepsActors?: boolean;

  ownerOf?(value: S): string | undefined;

  /** If so, it is stored before the headers. Default: always. */
  changesTransportValue?(value: S, previous: TrackedSession<S> | undefined): boolean;

  /** The largest fields in bytes, for {@link SessionTooLargeError}. */
  fieldSizes?(value: S): ReadonlyArray<{ readonly name: string; readonly size: number }>;

  newId?(call: SessionCall): string;

  clearById?(id: string): Promise<void>;
}

/** With all members that sessions need. */
export interface CompleteSessionTracker<S extends object = object> extends SessionTracker<S> {
  readonly kind: string;
  load(transportValue: string, call: SessionCall): LoadResult<S> | Promise<LoadResult<S>>;
  store(session: SessionToTrack<S>): StoreResult<S> | Promise<StoreResult<S>>;
  clear(session: TrackedSession<S>, call: SessionCall): Promise<void>;
  serialize(value: S): string;
  isRenewalDue(session: TrackedSession<S>): boolean;
  changesTransportValue(value: S, previous: TrackedSession<S> | undefined): boolean;
  fieldSizes(value: S): ReadonlyArray<{ readonly name: string; readonly size: number }>;
  validate(value: unknown): asserts value is S;
}
