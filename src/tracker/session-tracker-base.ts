import { isDeepStrictEqual } from 'node:util';
import type { SessionCall } from '../call/session-call.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { MigrationFailure } from '../serializer/session-evolution.js';
import { isFieldwise, type SessionSerializer, type SessionSnapshot } from '../serializer/session-serializer.js';
import { InvalidSession } from '../serializer/session-validation.js';
import { wrongValue, type SessionClass } from './session-class.js';
import { SessionLifetime } from './session-lifetime.js';
import type {
  CompleteSessionTracker,
  LoadResult,
  SessionToTrack,
  StoreResult,
  TrackedSession,
} from './session-tracker.js';

export interface SessionTrackerOptions<S extends object> {
  readonly lifetime?: SessionLifetime;
  /** A change rotates the session. Default: no owners. */
  readonly ownerOf?: (value: S) => string | undefined;
  /** Throws {@link InvalidSession}. */
  readonly check?: (value: S) => void;
  /** Ktor's format: text without times. Default `false`. */
  readonly bare?: boolean;
  /** Epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

const MAX_FIELDS = 5;

export abstract class SessionTrackerBase<S extends object> implements CompleteSessionTracker<S> {
  abstract readonly kind: 'by-value' | 'by-id';
  readonly type: SessionClass<S>;
  readonly serializer: SessionSerializer<S>;
  readonly lifetime: SessionLifetime | undefined;
  readonly keepsActors: boolean;
  readonly ownerOf: (value: S) => string | undefined;
  protected readonly limits: SessionLifetime;
  protected readonly check: ((value: S) => void) | undefined;
  protected readonly now: () => number;

  protected constructor(type: SessionClass<S>, serializer: SessionSerializer<S>, options: SessionTrackerOptions<S>) {
    const { bare = false } = options;
    this.type = type;
    this.serializer = serializer;
    this.limits = options.lifetime ?? new SessionLifetime();
    this.lifetime = bare ? undefined : this.limits;
    this.keepsActors = !bare;
    this.ownerOf = options.ownerOf ?? (() => undefined);
    this.check = options.check;
    this.now = options.now ?? (() => Date.now());
  }

  abstract load(transportValue: string, call?: SessionCall): LoadResult<S> | Promise<LoadResult<S>>;
  abstract store(session: SessionToTrack<S>): StoreResult<S> | Promise<StoreResult<S>>;
  abstract clear(session: TrackedSession<S>, call?: SessionCall): Promise<void>;
  abstract changesTransportValue(value: S, previous: TrackedSession<S> | undefined): boolean;

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
    try {
      return isDeepStrictEqual(this.read(text), value);
    } catch {
      return false;
    }
  }

  isRenewalDue(session: TrackedSession<S>): boolean {
    return this.limits.isRenewalDue(session, this.now());
  }

  fieldSizes(value: S): ReadonlyArray<{ readonly name: string; readonly size: number }> {
    const { serializer } = this;
    if (!isFieldwise(serializer)) return [];
    return [...serializer.split(serializer.serialize(value))]
      .map(([name, text]) => ({ name, size: Buffer.byteLength(text) }))
      .sort((left, right) => right.size - left.size)
      .slice(0, MAX_FIELDS);
  }

  validate(value: unknown): asserts value is S {
    if (!(value instanceof this.type)) throw wrongValue(this.type, value);
  }
}

export function unreadable<S extends object>(
  serializer: SessionSerializer<S>,
  text: string,
  error: unknown,
  id?: string,
): LoadResult<S> & { readonly status: 'rejected' } {
  if (error instanceof SessionConfigurationError) throw error;
  const isFailure = error instanceof MigrationFailure;
  const path = error instanceof InvalidSession ? error.path : undefined;
  return {
    status: 'rejected',
    reason: isFailure || error instanceof InvalidSession ? 'invalid' : 'undecodable',
    ...(path === undefined ? {} : { path }),
    // A server with a newer class, or a working step, can read it.
    ...(isFailure || serializer.isNewer?.(text) ? { kept: true, ...(id === undefined ? {} : { id }) } : {}),
  };
}
