import type { SessionCall } from '../call/session-call.js';
import type { SessionSnapshot } from '../serializer/session-serializer.js';
import type { ActingStep } from './session-acting.js';
import type { SessionDetails } from './session-details.js';
import type { SessionLifetime, SessionTimes } from './session-lifetime.js';

/** Why something that a client sent is not a session. */
export type RejectionReason =
  /** Not in the format that we send. */
  | 'malformed'
  /** Changed or forged. */
  | 'tampered'
  /** Its key is not in the key ring. */
  | 'unknown-key'
  /** A value or id of another session of the application. */
  | 'wrong-session'
  /** Several cookies have the name, and none is valid. */
  | 'duplicate-cookie'
  /** An id that the storage does not have: never issued, expired, or ended some time ago. */
  | 'unknown-id'
  /** Past its idle timeout. */
  | 'expired-idle'
  /** Past its absolute timeout. */
  | 'expired-absolute'
  /** The client signed out. */
  | 'ended'
  /** Ended by `SessionsService`, or by the replay of an old id. */
  | 'revoked'
  /** Ended by a login beyond `maxPerOwner`. */
  | 'evicted'
  /** The serializer cannot read its text. */
  | 'undecodable'
  /** The option `validate` or a migration rejected it. */
  | 'invalid'
  /** The session got a new id. */
  | 'rotated'
  /** Created in the future by this server's clock: a server's clock is wrong. */
  | 'future';

/** A session as it was loaded or stored. Later changes are compared and merged with it. */
export interface TrackedSession<S extends object = object> extends SessionTimes {
  /** The instance that the application holds. */
  readonly value: S;
  /** The serialized text that `value` was read from or written as. */
  readonly text: string;
  /** By id: the client's id. */
  readonly id?: string | undefined;
  /** By id: the key in the storage. */
  readonly storedId?: string | undefined;
  /** By id: the stored version. */
  readonly version?: string | undefined;
  /** By id: the marks of its last writes. */
  readonly marks?: string | undefined;
  /** The session's owner. */
  readonly owner?: string | undefined;
  /** The content of `value` when it was loaded or stored. Absent: `text` is compared. */
  readonly snapshot?: SessionSnapshot<S> | undefined;
  /** By id: present if `id` was rotated. Such an id is never sent. */
  readonly byOldId?: ByOldId;
}

/** A session that was found by a rotated id. */
export interface ByOldId {
  /** The stored details; those of the {@link TrackedSession} are for the request. */
  readonly details: SessionDetails | undefined;
  /** The rotation may still be undone: changes must wait. */
  readonly isPending: boolean;
}

/** The client's id, and the key in the storage. */
export interface SessionIds {
  readonly id: string;
  readonly storedId: string;
  readonly byOldId?: ByOldId | undefined;
}

/** Creates a by-id session, always with the same properties in the same order (one hidden class in V8). */
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

/** Result of `load`. */
export type LoadResult<S extends object> =
  | { readonly status: 'loaded'; readonly session: TrackedSession<S> }
  | {
      readonly status: 'rejected';
      readonly reason: RejectionReason;
      /** With `rotated` and `future`: the received id; `clearById` still ends the session. */
      readonly id?: string;
      /** With `rotated`: the grace period of the id is over. */
      readonly replayed?: Replay;
      /** Another system still uses the value: it is not cleared. */
      readonly leave?: true;
      /** By id: the key in the storage. */
      readonly handle?: string;
      /** With `expired-idle` and `expired-absolute`: when the session was created, in epoch milliseconds. */
      readonly createdAt?: number;
      /** With `invalid`: the field that is wrong. Never content. */
      readonly path?: string;
      /** Another version of the application may accept the value: it is not cleared. */
      readonly kept?: boolean;
    };

/** A rotated id was received after its grace period. */
export interface Replay {
  /** The handle of its session; `undefined` if that has ended. */
  readonly handle: string | undefined;
  /** Whether the session was ended because of it. */
  readonly revoked: boolean;
}

/** Argument of `store`. */
export interface SessionToTrack<S extends object> {
  readonly value: S;
  /** Result of {@link SessionTracker.serialize} for `value`, if the caller has it. */
  readonly text?: string | undefined;
  /** Result of {@link SessionTracker.capture} for `value`, taken together with `text`. */
  readonly snapshot?: SessionSnapshot<S> | undefined;
  /** The session as it was loaded or last stored in this request; absent for a new one. */
  readonly previous?: TrackedSession<S> | undefined;
  /** The request. */
  readonly call: SessionCall;
  /** Gives the session a new id. `due`: because of the age of its id. */
  readonly rotate?: boolean | 'due';
  /** With `rotate`: restarts the absolute timeout, also for the same owner. */
  readonly restart?: boolean;
  /** Writes and sends the session even if it is unchanged. */
  readonly force?: boolean;
  /** Overrides the details of `previous`, which are dropped for another owner and with `restart`. */
  readonly details?: SessionDetails | undefined;
  /** With `rotate`: starts or ends acting for another owner. Keeps the times; no limit applies. */
  readonly acting?: ActingStep | undefined;
  /** By id: the id of a new session, from {@link SessionTracker.newId}. Default: a new one. */
  readonly id?: string | undefined;
  /** By id: the id of a session that the caller ends next; it does not count for `maxPerOwner`. */
  readonly replaces?: string | undefined;
  /** Called with the handles of the owner's sessions that were ended by `maxPerOwner`. */
  onRevoked?(this: void, handles: readonly string[]): void;
  /**
   * Called when `value` gets an owner, before the login is confirmed. May change `value`. An error undoes the login.
   * @param before text of the session that gets the owner; `undefined` for a new one.
   * @returns the text of `value`.
   */
  onOwner?: ((this: void, before: string | undefined) => Promise<string>) | undefined;
  /** Applied to `value` before it is written, and again to the present value after a lost race. */
  revise?(this: void, value: S): void;
}

/** Result of `store`. */
export type StoreResult<S extends object> =
  /** Unchanged and not due for renewal: nothing was written, nothing is sent. */
  | { readonly status: 'unchanged'; readonly session: TrackedSession<S> }
  | {
      readonly status: 'created' | 'changed' | 'renewed' | 'rotated';
      readonly session: TrackedSession<S>;
      /** The string for the client. */
      readonly transportValue: string;
      /** The client has `transportValue` and no renewal is due: it need not be sent. */
      readonly held?: boolean;
      /** Fields that another request changed as well. */
      readonly conflicts?: readonly string[];
    }
  /** Ended meanwhile: the change was dropped. `rotated`: the session continues under another id. */
  | { readonly status: 'gone'; readonly reason: 'ended' | 'rotated' };

/**
 * Converts a session to a string for the client and back (Ktor: `SessionTracker`): the content
 * ({@link SessionTrackerByValue}), or an id with the content in a storage ({@link SessionTrackerById}).
 *
 * The first four members, Ktor's, are required; the others have defaults.
 */
export interface SessionTracker<S extends object = object> {
  /**
   * @param transportValue the received string after the transformers. Untrusted.
   * @param call the request.
   * @returns the session, `undefined`, or the reason why there is none.
   * @throws only if a storage fails.
   */
  load(
    transportValue: string,
    call: SessionCall,
  ): LoadResult<S> | S | undefined | Promise<LoadResult<S> | S | undefined>;

  /**
   * @param session `session.value` is the session, `session.call` the request.
   * @returns the string for the client, or a {@link StoreResult}.
   * @throws {SessionUnserializableError} and {SessionConflictError}, and if a storage fails; nothing is sent then.
   */
  store(session: SessionToTrack<S>): StoreResult<S> | string | Promise<StoreResult<S> | string>;

  /**
   * Ends a session.
   * @param call the request.
   */
  clear(session: TrackedSession<S>, call: SessionCall): void | Promise<void>;

  /** @throws {SessionError} if `value` is no instance of the session class (Ktor: `validate`). */
  validate(value: S): void;

  /** `by-value`, `by-id`, or a name of your own. Default `own`. */
  readonly kind?: string;
  /** Timeouts. Absent if sessions carry no times and details, as in Ktor's format. */
  readonly lifetime?: SessionLifetime | undefined;
  /** Of several received values, the one that was renewed last wins. Default `false`: the first. */
  readonly newestWins?: boolean;

  /**
   * Reads a session of this request again. Default: not possible.
   * @param call the request.
   */
  reload?(session: TrackedSession<S>, call: SessionCall): LoadResult<S> | Promise<LoadResult<S>>;

  /**
   * The text of a session. Equal contents give equal texts: a change is detected by it. Default: that of
   * `SessionSerializerReflection`.
   */
  serialize?(value: S): string;

  /** Captures the content of `value`, to detect changes without serializing. Default: texts are compared. */
  capture?(value: S): SessionSnapshot<S> | undefined;

  /**
   * Whether `value` still equals what was read from the session's text. Called if `value` cannot be serialized: a
   * request that only reads a session of another server must not fail. Default: it fails.
   */
  isUnchanged?(value: S, session: TrackedSession<S>): boolean;

  /**
   * Whether use should renew an unchanged session, because enough of its idle timeout has passed. Default: never.
   */
  isRenewalDue?(session: TrackedSession<S>): boolean;

  /** Whether the session should get a new id because of the age of its id. Default: never. */
  isRotationDue?(session: TrackedSession<S>): boolean;
  /** The inverse of {@link serialize}. Default: not possible. */
  read?(text: string): S;

  /** Whether it supports {@link SessionToTrack.acting}. Default `false`. */
  readonly keepsActors?: boolean;

  /** The owner of a session. Default: sessions have no owner. */
  ownerOf?(value: S): string | undefined;

  /**
   * Whether storing `value` changes the client's string, so that it must happen before the response headers are sent.
   * Default: always.
   */
  changesTransportValue?(value: S, previous: TrackedSession<S> | undefined): boolean;

  /**
   * Serialized sizes in bytes of the largest top-level fields, largest first: for {@link SessionTooLargeError}.
   * Default: none.
   */
  fieldSizes?(value: S): ReadonlyArray<{ readonly name: string; readonly size: number }>;

  /** Creates an id for a new session. Default: sessions have no ids. */
  newId?(call: SessionCall): string;

  /** Ends a session by its id. Default: sessions have no ids. */
  clearById?(id: string): Promise<void>;
}

/** A {@link SessionTracker} with all members that sessions need. */
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
