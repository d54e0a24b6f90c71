import type { SessionSerializer, SessionSnapshot } from '../serializer/session-serializer.js';
import { detailsAfter, sessionAt } from './session-acting.js';
import { joinedDetails } from './session-details.js';
import { isOfAnotherName, openEnvelope, sealEnvelope } from './session-envelope.js';
import type { SessionTimes } from './session-lifetime.js';
import { SessionTrackerBase, unreadable, type SessionTrackerOptions } from './session-tracker-base.js';
import type { LoadResult, SessionToTrack, StoreResult, TrackedSession } from './session-tracker.js';
import type { SessionClass } from './session-class.js';

export interface SessionTrackerByValueOptions<S extends object> extends SessionTrackerOptions<S> {
  /** For transformers that do not bind the name. */
  readonly name?: string;
}

/**
 * The client has the content (Ktor: `SessionTrackerByValue`). A copy of the value is valid until its timeout, even
 * after logout; parallel changes cannot be merged. Protect it with a transformer.
 */
export class SessionTrackerByValue<S extends object> extends SessionTrackerBase<S> {
  readonly kind = 'by-value';
  readonly newestWins: boolean;
  readonly #name: string | undefined;
  readonly #bare: boolean;

  constructor(type: SessionClass<S>, serializer: SessionSerializer<S>, options: SessionTrackerByValueOptions<S> = {}) {
    super(type, serializer, options);
    this.#name = options.name;
    this.#bare = options.bare ?? false;
    this.newestWins = !this.#bare;
  }

  load(transportValue: string): LoadResult<S> {
    const now = this.now();
    const opened = this.#bare
      ? { createdAt: now, renewedAt: now, details: undefined, text: transportValue }
      : openEnvelope(transportValue, this.#name);
    const envelope = opened?.details ? sessionAt(opened, now) : opened;
    if (!envelope)
      return {
        status: 'rejected',
        reason: this.#name !== undefined && isOfAnotherName(transportValue, this.#name) ? 'wrong-session' : 'malformed',
      };
    const reason = this.limits.rejection(envelope, now);
    if (reason !== undefined) return { status: 'rejected', reason, createdAt: envelope.createdAt };
    try {
      const value = this.serializer.deserialize(envelope.text);
      this.check?.(value);
      return {
        status: 'loaded',
        session: this.#tracked(value, envelope.text, envelope, this.serializer.capture?.(value)),
      };
    } catch (error) {
      return unreadable(this.serializer, envelope.text, error);
    }
  }

  reload({ text, ...times }: TrackedSession<S>): LoadResult<S> {
    const value = this.serializer.deserialize(text);
    return { status: 'loaded', session: this.#tracked(value, text, times, this.serializer.capture?.(value)) };
  }

  store(session: SessionToTrack<S> & { readonly onOwner?: undefined }): StoreResult<S>;
  store(session: SessionToTrack<S>): StoreResult<S> | Promise<StoreResult<S>>;
  store(session: SessionToTrack<S>): StoreResult<S> | Promise<StoreResult<S>> {
    const { value, previous } = session;
    session.revise?.(value);
    const owner = session.onOwner && this.ownerOf(value);
    if (owner === undefined || owner === previous?.owner) return this.#store(session);
    return session.onOwner!(previous?.text).then((text) => this.#store({ ...session, text, snapshot: undefined }));
  }

  #store(session: SessionToTrack<S>): StoreResult<S> {
    const { value, previous, acting } = session;
    const text = (session.revise ? undefined : session.text) ?? this.serializer.serialize(value);
    const now = this.now();
    const restarted = { createdAt: now, renewedAt: now, details: session.details };
    if (!previous) return this.#stored('created', session, text, restarted);
    if (acting) {
      const details = joinedDetails(detailsAfter(acting, previous), session.details);
      return this.#stored('rotated', session, text, { createdAt: previous.createdAt, renewedAt: now, details });
    }
    if (session.restart || this.ownerOf(value) !== previous.owner)
      return this.#stored('rotated', session, text, restarted);
    const details = joinedDetails(previous.details, session.details);
    const renewed = { createdAt: previous.createdAt, renewedAt: now, details };
    if (session.rotate) return this.#stored('rotated', session, text, renewed);
    if (text !== previous.text) return this.#stored('changed', session, text, renewed);
    if (session.force || session.details || this.limits.isRenewalDue(previous, now))
      return this.#stored('renewed', session, text, renewed);
    return { status: 'unchanged', session: previous };
  }

  async clear(): Promise<void> {}

  changesTransportValue(): boolean {
    return true;
  }

  override toString(): string {
    return 'SessionTrackerByValue';
  }

  #stored(
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
    return { value, text, createdAt, renewedAt, details, owner: this.ownerOf(value), snapshot };
  }
}
