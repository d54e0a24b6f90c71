import type { SessionCall } from '../call/session-call.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { SessionSerializerReflection } from '../serializer/session-serializer-reflection.js';
import type { SessionClass } from './session-class.js';
import type {
  CompleteSessionTracker,
  LoadResult,
  SessionToTrack,
  SessionTracker,
  StoreResult,
  TrackedSession,
} from './session-tracker.js';

const VERBS = ['load', 'store', 'clear', 'validate'] as const;
const WITH_DEFAULTS = ['kind', 'serialize', 'isRenewalDue', 'changesTransportValue', 'fieldSizes'] as const;

/** @throws {SessionConfigurationError} if a verb is missing. */
export function completedTracker<S extends object>(
  name: string,
  type: SessionClass<S>,
  tracker: SessionTracker<S>,
): CompleteSessionTracker<S> {
  const missing = VERBS.find((verb) => typeof tracker[verb] !== 'function');
  if (missing) {
    throw new SessionConfigurationError(
      `The tracker of session "${name}" has no ${missing}(). A tracker has load, store, clear and validate.`,
    );
  }
  return isComplete(tracker) ? tracker : new OwnSessionTracker(type, tracker);
}

function isComplete<S extends object>(tracker: SessionTracker<S>): tracker is CompleteSessionTracker<S> {
  return WITH_DEFAULTS.every((member) => tracker[member] !== undefined);
}

class OwnSessionTracker<S extends object> implements CompleteSessionTracker<S> {
  readonly kind: string;
  readonly newestWins: boolean;
  readonly reload?: NonNullable<SessionTracker<S>['reload']>;
  readonly ownerOf?: NonNullable<SessionTracker<S>['ownerOf']>;
  readonly newId?: NonNullable<SessionTracker<S>['newId']>;
  readonly clearById?: NonNullable<SessionTracker<S>['clearById']>;
  readonly #type: SessionClass<S>;
  readonly #own: SessionTracker<S>;
  readonly #serializer: SessionSerializerReflection<S> | undefined;

  constructor(type: SessionClass<S>, own: SessionTracker<S>) {
    this.kind = own.kind ?? 'own';
    this.newestWins = own.newestWins ?? false;
    this.#type = type;
    this.#own = own;
    this.#serializer = own.serialize ? undefined : new SessionSerializerReflection(type);
    if (own.reload) this.reload = (session, call) => own.reload!(session, call);
    if (own.ownerOf) this.ownerOf = (value) => own.ownerOf!(value);
    if (own.newId) this.newId = (call) => own.newId!(call);
    if (own.clearById) this.clearById = (id) => own.clearById!(id);
  }

  async load(transportValue: string, call: SessionCall): Promise<LoadResult<S>> {
    const loaded = await this.#own.load(transportValue, call);
    if (loaded === undefined || loaded === null) return { status: 'rejected', reason: 'unknown-id' };
    if (!(loaded instanceof this.#type)) return loaded as LoadResult<S>;
    return { status: 'loaded', session: this.#tracked(loaded, this.serialize(loaded)) };
  }

  async store({ revise, ...session }: SessionToTrack<S>): Promise<StoreResult<S>> {
    const { value, previous, rotate } = session;
    revise?.(value);
    const text = (revise ? undefined : session.text) ?? this.serialize(value);
    const stored = await this.#own.store({ ...session, text });
    if (typeof stored !== 'string') return stored;
    const status = !previous ? 'created' : rotate ? 'rotated' : 'changed';
    const tracked = this.#tracked(value, text, previous?.createdAt);
    return { status, session: tracked, transportValue: stored };
  }

  async clear(session: TrackedSession<S>, call: SessionCall): Promise<void> {
    await this.#own.clear(session, call);
  }

  serialize(value: S): string {
    return this.#serializer ? this.#serializer.serialize(value) : this.#own.serialize!(value);
  }

  isRenewalDue(session: TrackedSession<S>): boolean {
    return this.#own.isRenewalDue?.(session) ?? false;
  }

  changesTransportValue(value: S, previous: TrackedSession<S> | undefined): boolean {
    return this.#own.changesTransportValue?.(value, previous) ?? true;
  }

  fieldSizes(value: S): ReadonlyArray<{ readonly name: string; readonly size: number }> {
    return this.#own.fieldSizes?.(value) ?? [];
  }

  validate(value: unknown): asserts value is S {
    this.#own.validate(value as S);
  }

  toString(): string {
    const own: object = this.#own;
    return own.toString === Object.prototype.toString ? own.constructor.name : String(own);
  }

  #tracked(value: S, text: string, createdAt?: number): TrackedSession<S> {
    const now = Date.now();
    return { value, text, createdAt: createdAt ?? now, renewedAt: now, owner: this.ownerOf?.(value) };
  }
}
