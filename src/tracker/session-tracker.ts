import type { SessionCall } from '../call/session-call.js';
import type { SessionSnapshot } from '../serializer/session-serializer.js';
import type { ActingStep } from './session-acting.js';
import type { SessionDetails } from './session-details.js';
import type { SessionLifetime, SessionTimes } from './session-lifetime.js';

/** Why something that a client sent is not a session. */
export type RejectionReason =
  /** Not of the form that we send. */
  | 'malformed'
  /** Changed or forged. */
  | 'tampered'
  /** Protected with a key that is not in the key ring. */
  | 'unknown-key'
  /** A value or id of another session of the application. */
  | 'wrong-session'
  /** Several cookies of the name came, and none is a session. */
  | 'duplicate-cookie'
  /** An id that is not in the storage: never issued, expired, or ended before its mark ran out. */
  | 'unknown-id'
  /** Past its idle timeout. */
  | 'expired-idle'
  /** Past its absolute timeout. */
  | 'expired-absolute'
  /** Its client signed out. */
  | 'ended'
  /** `SessionsService` ended it, or the replay of an old id did. */
  | 'revoked'
  /** A login beyond `maxPerOwner` ended it. */
  | 'evicted'
  /** The serializer could not read its text. */
  | 'undecodable'
  /** Its `validate` option did not accept it, or a migration of it failed. */
  | 'invalid'
  /** The session got a new id. */
  | 'rotated'
  /** Made later than this server's clock says it is: one of the servers has a wrong clock. */
  | 'future';

/** One session as it was loaded or stored: what a later change is compared and merged with. */
export interface TrackedSession<S extends object = object> extends SessionTimes {
  /** The instance that the application holds. */
  readonly value: S;
  /** The serialized text that `value` was read from or written as. */
  readonly text: string;
  /** By id: the client's id. */
  readonly id?: string | undefined;
  /** By id: the name of the id in the storage. */
  readonly storedId?: string | undefined;
  /** By id: the stored version. */
  readonly version?: string | undefined;
  /** By id: the marks of its last writes. */
  readonly marks?: string | undefined;
  /** Whose session it is. */
  readonly owner?: string | undefined;
  /** What `value` held when it was loaded or stored. Absent where only its text can tell. */
  readonly snapshot?: SessionSnapshot<S> | undefined;
  /** By id: `id` is one from before a rotation. It is never sent again. */
  readonly byOldId?: ByOldId;
}

/** A session that a request found by an id from before a rotation. */
export interface ByOldId {
  /** The stored details. Those of the {@link TrackedSession} are what the request sees. */
  readonly details: SessionDetails | undefined;
  /** The rotation may still be undone, so that a change has to wait. */
  readonly isPending: boolean;
}

/** The id that a client holds, and the name of the session in the storage. */
export interface SessionIds {
  readonly id: string;
  readonly storedId: string;
  readonly byOldId?: ByOldId | undefined;
}

/** A by-id session. Every one has the same properties in the same order, which the engine likes. */
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

/** What a tracker made of a received string. */
export type LoadResult<S extends object> =
  | { readonly status: 'loaded'; readonly session: TrackedSession<S> }
  | {
      readonly status: 'rejected';
      readonly reason: RejectionReason;
      /** With `rotated` and `future`: the id that came, by which `clearById` still ends the session. */
      readonly id?: string;
      /** With `rotated`: the grace period of the id is over. */
      readonly replayed?: Replay;
      /** It is another system's, which still uses it: the client keeps it. */
      readonly leave?: true;
      /** By id: the name of the id in the storage. */
      readonly handle?: string;
      /** With `expired-idle` and `expired-absolute`: when the session was created, in epoch milliseconds. */
      readonly createdAt?: number;
      /** With `invalid`: the field that is wrong. Never content. */
      readonly path?: string;
      /** It may be good for another version of the application: the client is to keep it. */
      readonly kept?: boolean;
    };

/** An id came back after its grace period. */
export interface Replay {
  /** The handle of its session; `undefined` where that has ended. */
  readonly handle: string | undefined;
  /** The session was ended for that. */
  readonly revoked: boolean;
}

/** One session to be stored. */
export interface SessionToTrack<S extends object> {
  readonly value: S;
  /** What {@link SessionTracker.serialize} gives for `value`, where the caller has it already. */
  readonly text?: string | undefined;
  /** What {@link SessionTracker.capture} gave for `value` together with `text`. */
  readonly snapshot?: SessionSnapshot<S> | undefined;
  /** What was loaded or stored before in this request; absent for a new session. */
  readonly previous?: TrackedSession<S> | undefined;
  /** The request it belongs to, for ids made from it. */
  readonly call: SessionCall;
  /** Give it a new id, whether its owner changed or not. `due`: because its id is old enough. */
  readonly rotate?: boolean | 'due';
  /** With `rotate`: starts the absolute timeout anew, also for the same owner. */
  readonly restart?: boolean;
  /** Write and send it even if nothing changed. */
  readonly force?: boolean;
  /** Takes the place of the details of `previous` of the same names; those of another owner or with `restart` are gone. */
  readonly details?: SessionDetails | undefined;
  /** With `rotate`: somebody begins to act for another, or ends it. The times stay, and no limit is looked at. */
  readonly acting?: ActingStep | undefined;
  /** By id: the id that a new session gets, from {@link SessionTracker.newId}. Default: one is made. */
  readonly id?: string | undefined;
  /** By id: the id of one that the caller ends with this one, so that it is not among its owner's. */
  readonly replaces?: string | undefined;
  /** Told the handles of sessions of its owner that were ended to make room for it. */
  onRevoked?(this: void, handles: readonly string[]): void;
  /**
   * Called when `value` gets an owner, once the record of the session before is taken and before the new one counts. May
   * change `value`. A failure undoes the login.
   * @param before the text of the session that gets the owner; `undefined` for a new one.
   * @returns the text of `value`.
   */
  onOwner?: ((this: void, before: string | undefined) => Promise<string>) | undefined;
  /** Applied to `value` before it is written, and again to the present value whenever another request was faster. */
  revise?(this: void, value: S): void;
}

/** What became of a session that was to be stored. */
export type StoreResult<S extends object> =
  /** Equal to what was loaded, and not due for renewal: nothing was written, nothing is to be sent. */
  | { readonly status: 'unchanged'; readonly session: TrackedSession<S> }
  | {
      readonly status: 'created' | 'changed' | 'renewed' | 'rotated';
      readonly session: TrackedSession<S>;
      /** What the client is to be sent. */
      readonly transportValue: string;
      /** The client holds `transportValue` already and no renewal is due: it need not be sent again. */
      readonly held?: boolean;
      /** Fields that this and another request both changed. */
      readonly conflicts?: readonly string[];
    }
  /** Ended meanwhile: the change was dropped. `reason` `rotated`: it lives on under another id. */
  | { readonly status: 'gone'; readonly reason: 'ended' | 'rotated' };

/**
 * Turns a session into the string that travels, and back (Ktor: `SessionTracker`): the content itself
 * ({@link SessionTrackerByValue}) or an id whose content is in a storage ({@link SessionTrackerById}).
 *
 * A tracker of your own needs the first four members, Ktor's; each of the others has a default.
 */
export interface SessionTracker<S extends object = object> {
  /**
   * @param transportValue what the transport and its transformers gave. Never trusted.
   * @param call the request that it came with.
   * @returns the session, `undefined` for none, or why there is none.
   * @throws only when a storage fails.
   */
  load(
    transportValue: string,
    call: SessionCall,
  ): LoadResult<S> | S | undefined | Promise<LoadResult<S> | S | undefined>;

  /**
   * @param session `session.value` is what to store, `session.call` the request.
   * @returns the string that the client is to be sent, or what became of the session.
   * @throws {SessionUnserializableError} and {SessionConflictError}, or when a storage fails; nothing is sent then.
   */
  store(session: SessionToTrack<S>): StoreResult<S> | string | Promise<StoreResult<S> | string>;

  /**
   * Ends a session.
   * @param call the request that ends it.
   */
  clear(session: TrackedSession<S>, call: SessionCall): void | Promise<void>;

  /** @throws {SessionError} when `value` is not of the session's class (Ktor: `validate`). */
  validate(value: S): void;

  /** `by-value`, `by-id`, or a name of your own. Default `own`. */
  readonly kind?: string;
  /** When sessions end. Absent where sessions carry no times and no details, as in the format of Ktor. */
  readonly lifetime?: SessionLifetime | undefined;
  /** Of several values of one client, the one that was renewed last is the session: each carries its times. */
  readonly newestWins?: boolean;

  /**
   * Reads a session anew that was loaded or stored in this request. Default: it cannot be read anew.
   * @param call the request.
   */
  reload?(session: TrackedSession<S>, call: SessionCall): LoadResult<S> | Promise<LoadResult<S>>;

  /**
   * The text of a session; two of equal content give equal texts, so that a change is seen. Default: that of
   * `SessionSerializerReflection`.
   */
  serialize?(value: S): string;

  /** What `value` holds now, for telling later that it has not changed. Absent where only its text can tell. */
  capture?(value: S): SessionSnapshot<S> | undefined;

  /**
   * Whether `value` holds what was read from the session's text. Asked where `value` cannot be written: a session that
   * came so from another server is no failure of a request that only reads it. Absent: such a request fails.
   */
  isUnchanged?(value: S, session: TrackedSession<S>): boolean;

  /**
   * Whether an unchanged session should be written again because enough of its idle timeout has passed. Default: never.
   */
  isRenewalDue?(session: TrackedSession<S>): boolean;

  /** Whether the id of a session is so old that it should get a new one. Absent: never. */
  isRotationDue?(session: TrackedSession<S>): boolean;
  /** The session of a text that {@link serialize} gave. Absent where that cannot be told. */
  read?(text: string): S;

  /** Whether it keeps who acts for the owner of a session; see {@link SessionToTrack.acting}. Default `false`. */
  readonly keepsActors?: boolean;

  /** Whose session `value` is. Absent where sessions have no owners. */
  ownerOf?(value: S): string | undefined;

  /**
   * Whether storing `value` gives the client something new to hold, so that it must happen before the head leaves.
   * Default: always.
   */
  changesTransportValue?(value: S, previous: TrackedSession<S> | undefined): boolean;

  /**
   * Serialized sizes in bytes of the largest top-level fields, largest first: for {@link SessionTooLargeError}.
   * Default: none.
   */
  fieldSizes?(value: S): ReadonlyArray<{ readonly name: string; readonly size: number }>;

  /** An id for a new session, to be stored with it. Absent where sessions have no ids. */
  newId?(call: SessionCall): string;

  /** Ends a session by its id. Absent where sessions have no ids. */
  clearById?(id: string): Promise<void>;
}

/** A {@link SessionTracker} that leaves nothing out which a session cannot do without. */
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
