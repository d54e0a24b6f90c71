import type { SessionCall } from '../call/session-call.js';
import { SessionConfigurationError, SessionWrongValueError } from '../errors/session.errors.js';
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
  return isComplete(tracker) ? tracker : new OwnSessionTracker(name, type, tracker);
}

function isComplete<S extends object>(tracker: SessionTracker<S>): tracker is CompleteSessionTracker<S> {
  return WITH_DEFAULTS.every((member) => tracker[member] !== undefined);
}

class OwnSessionTracker<S extends object> implements CompleteSessionTracker<S> {
  readonly kind: string;
  readonly newestWins: boolean;
  readonly capture?: NonNullable<SessionTracker<S>['capture']>;
  readonly isUnchanged?: NonNullable<SessionTracker<S>['isUnchanged']>;
  readonly isRotationDue?: NonNullable<SessionTracker<S>['isRotationDue']>;
  readonly read?: NonNullable<SessionTracker<S>['read']>;
  readonly reload?: NonNullable<SessionTracker<S>['reload']>;
  readonly ownerOf?: NonNullable<SessionTracker<S>['ownerOf']>;
  readonly newId?: NonNullable<SessionTracker<S>['newId']>;
  readonly clearById?: NonNullable<SessionTracker<S>['clearById']>;
  readonly #name: string;
  readonly #type: SessionClass<S>;
  readonly #own: SessionTracker<S>;
  readonly #serializer: SessionSerializerReflection<S> | undefined;

  constructor(name: string, type: SessionClass<S>, own: SessionTracker<S>) {
    this.#name = name;
    this.kind = own.kind ?? 'own';
    this.newestWins = own.newestWins ?? false;
    this.#type = type;
    this.#own = own;
    this.#serializer = own.serialize ? undefined : new SessionSerializerReflection(type);
    if (own.capture) this.capture = (value) => own.capture!(value);
    if (own.isUnchanged) this.isUnchanged = (value, session) => own.isUnchanged!(value, session);
    if (own.isRotationDue) this.isRotationDue = (session) => own.isRotationDue!(session);
    if (own.read) this.read = (text) => own.read!(text);
    if (own.reload) this.reload = (session, call) => own.reload!(session, call);
    if (own.ownerOf) this.ownerOf = (value) => own.ownerOf!(value);
    if (own.newId) this.newId = (call) => own.newId!(call);
    if (own.clearById) this.clearById = (id) => own.clearById!(id);
  }

  async load(transportValue: string, call: SessionCall): Promise<LoadResult<S>> {
    const loaded = await this.#own.load(transportValue, call);
    if (loaded === undefined || loaded === null) return { status: 'rejected', reason: 'unknown-id' };
    if (!(loaded instanceof this.#type)) return this.#checked(loaded);
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

  /** A row that is returned as it is would be no session, without a word. */
  #checked(loaded: object): LoadResult<S> {
    const { status } = loaded as Partial<LoadResult<S>>;
    if (status === 'loaded' || status === 'rejected') return loaded as LoadResult<S>;
    const { name } = this.#type;
    throw new SessionWrongValueError(
      `The load() of the tracker of session "${this.#name}" must return an instance of ${name}, such as ` +
        `Object.assign(new ${name}(), row), or undefined.`,
    );
  }

  #tracked(value: S, text: string, createdAt?: number): TrackedSession<S> {
    const now = Date.now();
    return { value, text, createdAt: createdAt ?? now, renewedAt: now, owner: this.ownerOf?.(value) };
  }
}
