import type { SessionSerializer, SessionSnapshot } from '../serializer/session-serializer.js';
import { detailsAfter, presentAt } from './session-acting.js';
import { joinedDetails } from './session-details.js';
import { isOfAnotherName, openEnvelope, sealEnvelope } from './session-envelope.js';
import { fieldSizes } from './field-sizes.js';
import { isSameAsRead } from './same-as-read.js';
import { SessionLifetime, type SessionTimes } from './session-lifetime.js';
import type {
  CompleteSessionTracker,
  LoadResult,
  SessionToTrack,
  StoreResult,
  TrackedSession,
} from './session-tracker.js';
import { unreadable } from './unreadable-session.js';
import { wrongValue, type SessionClass } from './session-class.js';

/** What a {@link SessionTrackerByValue} may be told. */
export interface SessionTrackerByValueOptions<S extends object> {
  readonly lifetime?: SessionLifetime;
  /** Put into the value, so that one of another session is refused; for transformers that do not bind the name. */
  readonly name?: string;
  /** Whose session it is; a change of it starts the absolute timeout anew, as a login does. */
  readonly ownerOf?: (value: S) => string | undefined;
  /** Throws {@link InvalidSession} for a loaded session that does not count. */
  readonly check?: (value: S) => void;
  /** Leaves the times out, so that only the serialized text travels: the wire format of Ktor. Default `false`. */
  readonly bare?: boolean;
  /** The clock, in epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * The content itself travels (Ktor: `SessionTrackerByValue`). Nothing is kept on the server, so a copy of the value
 * stays good until its timeout, logout or not; parallel changes cannot be merged. Protect it with a transformer.
 */
export class SessionTrackerByValue<S extends object> implements CompleteSessionTracker<S> {
  readonly kind = 'by-value';
  readonly newestWins: boolean;
  readonly type: SessionClass<S>;
  readonly serializer: SessionSerializer<S>;
  readonly lifetime: SessionLifetime | undefined;
  readonly keepsActors: boolean;
  readonly #lifetime: SessionLifetime;
  readonly #ownerOf: (value: S) => string | undefined;
  readonly #name: string | undefined;
  readonly #bare: boolean;
  readonly #now: () => number;
  readonly #check: ((value: S) => void) | undefined;

  constructor(type: SessionClass<S>, serializer: SessionSerializer<S>, options: SessionTrackerByValueOptions<S> = {}) {
    this.type = type;
    this.serializer = serializer;
    this.#lifetime = options.lifetime ?? new SessionLifetime();
    this.#ownerOf = options.ownerOf ?? (() => undefined);
    this.#name = options.name;
    this.#bare = options.bare ?? false;
    this.lifetime = this.#bare ? undefined : this.#lifetime;
    this.keepsActors = !this.#bare;
    this.#check = options.check;
    this.newestWins = !this.#bare;
    this.#now = options.now ?? (() => Date.now());
  }

  load(transportValue: string): LoadResult<S> {
    const now = this.#now();
    const opened = this.#bare
      ? { createdAt: now, renewedAt: now, details: undefined, text: transportValue }
      : openEnvelope(transportValue, this.#name);
    const envelope = opened?.details ? presentAt(opened, now) : opened;
    if (!envelope)
      return {
        status: 'rejected',
        reason: this.#name !== undefined && isOfAnotherName(transportValue, this.#name) ? 'wrong-session' : 'malformed',
      };
    if (!this.#lifetime.isAlive(envelope, now)) {
      const { createdAt } = envelope;
      return { status: 'rejected', reason: this.#lifetime.rejection(envelope, now), createdAt };
    }
    try {
      const value = this.serializer.deserialize(envelope.text);
      this.#check?.(value);
      return { status: 'loaded', session: this.#tracked(value, envelope.text, envelope, this.capture(value)) };
    } catch (error) {
      return unreadable(this.serializer, envelope.text, error);
    }
  }

  reload({ text, ...times }: TrackedSession<S>): LoadResult<S> {
    const value = this.serializer.deserialize(text);
    return { status: 'loaded', session: this.#tracked(value, text, times, this.capture(value)) };
  }

  store(session: SessionToTrack<S> & { readonly onOwner?: undefined }): StoreResult<S>;
  store(session: SessionToTrack<S>): StoreResult<S> | Promise<StoreResult<S>>;
  store(session: SessionToTrack<S>): StoreResult<S> | Promise<StoreResult<S>> {
    const { value, previous } = session;
    session.revise?.(value);
    const owner = session.onOwner && this.#ownerOf(value);
    if (owner === undefined || owner === previous?.owner) return this.#store(session);
    return session.onOwner!(previous?.text).then((text) => this.#store({ ...session, text, snapshot: undefined }));
  }

  #store(session: SessionToTrack<S>): StoreResult<S> {
    const { value, previous, acting } = session;
    const text = (session.revise ? undefined : session.text) ?? this.serializer.serialize(value);
    const now = this.#now();
    const anew = { createdAt: now, renewedAt: now, details: session.details };
    if (!previous) return this.#sent('created', session, text, anew);
    if (acting) {
      const details = joinedDetails(detailsAfter(acting, previous), session.details);
      return this.#sent('rotated', session, text, { createdAt: previous.createdAt, renewedAt: now, details });
    }
    if (session.restart || this.#ownerOf(value) !== previous.owner) return this.#sent('rotated', session, text, anew);
    const details = joinedDetails(previous.details, session.details);
    const renewed = { createdAt: previous.createdAt, renewedAt: now, details };
    if (session.rotate) return this.#sent('rotated', session, text, renewed);
    if (text !== previous.text) return this.#sent('changed', session, text, renewed);
    if (session.force || session.details || this.#lifetime.isRenewalDue(previous, now))
      return this.#sent('renewed', session, text, renewed);
    return { status: 'unchanged', session: previous };
  }

  async clear(): Promise<void> {}

  serialize(value: S): string {
    return this.serializer.serialize(value);
  }

  read(text: string): S {
    return this.serializer.deserialize(text);
  }

  capture(value: S): SessionSnapshot<S> | undefined {
    return this.serializer.capture?.(value);
  }

  isUnchanged(value: S, { text }: TrackedSession<S>): boolean {
    return isSameAsRead(this.serializer, text, value);
  }

  isRenewalDue(session: TrackedSession<S>): boolean {
    return this.#lifetime.isRenewalDue(session, this.#now());
  }

  ownerOf(value: S): string | undefined {
    return this.#ownerOf(value);
  }

  changesTransportValue(): boolean {
    return true;
  }

  fieldSizes(value: S): ReadonlyArray<{ readonly name: string; readonly size: number }> {
    return fieldSizes(this.serializer, value);
  }

  validate(value: unknown): asserts value is S {
    if (!(value instanceof this.type)) throw wrongValue(this.type, value);
  }

  toString(): string {
    return 'SessionTrackerByValue';
  }

  #sent(
    status: 'created' | 'changed' | 'renewed' | 'rotated',
    { value, text: given, snapshot }: SessionToTrack<S>,
    text: string,
    times: SessionTimes,
  ): StoreResult<S> {
    return {
      status,
      session: this.#tracked(value, text, times, given === text ? snapshot : undefined),
      transportValue: this.#bare ? text : sealEnvelope(times, text, this.#name),
    };
  }

  #tracked(
    value: S,
    text: string,
    { createdAt, renewedAt, details }: SessionTimes,
    snapshot: SessionSnapshot<S> | undefined,
  ): TrackedSession<S> {
    return { value, text, createdAt, renewedAt, details, owner: this.#ownerOf(value), snapshot };
  }
}
