import { EMPTY_CALL, type SessionCall } from '../call/session-call.js';
import type { SessionLifetime } from '../tracker/session-lifetime.js';
import type {
  CompleteSessionTracker,
  LoadResult,
  RejectionReason,
  SessionToTrack,
  StoreResult,
  TrackedSession,
} from '../tracker/session-tracker.js';
import { pack, unpack } from './migrating-value.js';
import { isTwinTracker, TWIN_SUFFIX, type TwinLink, type TwinTracker } from './session-twin.js';

const OLD_RECORD_KEPT_FOR_MILLISECONDS = 60_000;

export interface AlsoWrite<S extends object> {
  readonly tracker: TwinTracker<S>;
  readonly lifetime: SessionLifetime;
}

export class MigratingSessionTracker<S extends object> implements CompleteSessionTracker<S> {
  readonly kind: string;
  readonly newestWins: boolean;
  readonly own: CompleteSessionTracker<S>;
  readonly from: CompleteSessionTracker<S>;
  readonly clearById?: (id: string) => Promise<void>;
  readonly #alsoWrite: AlsoWrite<S> | undefined;
  readonly #sendsAlways: boolean;
  readonly newId?: NonNullable<CompleteSessionTracker<S>['newId']>;
  readonly read?: NonNullable<CompleteSessionTracker<S>['read']>;
  readonly keepsActors: boolean;
  readonly #foreign = new WeakMap<TrackedSession<S>, TrackedSession<S>>();
  readonly #twins = new WeakMap<TrackedSession<S>, TrackedSession<S>>();

  constructor(
    own: CompleteSessionTracker<S>,
    from: CompleteSessionTracker<S>,
    alsoWrite?: AlsoWrite<S>,
    sendsAlways = false,
  ) {
    this.kind = own.kind;
    this.newestWins = own.newestWins ?? false;
    this.own = own;
    this.from = from;
    this.#alsoWrite = alsoWrite;
    this.#sendsAlways = sendsAlways;
    if (own.clearById) this.clearById = (id) => own.clearById!(id);
    if (own.newId) this.newId = (call) => own.newId!(call);
    if (own.read) this.read = (text) => own.read!(text);
    this.keepsActors = !alsoWrite && own.keepsActors === true;
  }

  async load(packed: string, call: SessionCall): Promise<LoadResult<S>> {
    const { own: ownValue, foreign: foreignValue, marked } = unpack(packed);
    const own = ownValue === undefined ? undefined : await this.own.load(ownValue, call);
    if (this.#alsoWrite && ownValue !== undefined && own?.status === 'loaded') {
      const hasTwin = own.session.id === undefined ? marked === true : ownValue.endsWith(TWIN_SUFFIX);
      return hasTwin ? this.#loadTwins(own.session, foreignValue, this.#alsoWrite.tracker, call) : own;
    }
    if (own?.status === 'loaded' || foreignValue === undefined) {
      return own ?? { status: 'rejected', reason: 'malformed' };
    }
    // It also carries an outdated old form.
    if (this.#alsoWrite && own?.status === 'rejected' && own.reason === 'rotated') return own;
    const foreign = await this.from.load(foreignValue, call);
    if (foreign.status === 'loaded' && !this.#linkOf(foreign.session)) {
      return this.#migrated(foreign.session);
    }
    const leave = this.#alsoWrite !== undefined && ownValue === undefined ? ({ leave: true } as const) : undefined;
    if (foreign.status === 'rejected') return { ...foreign, ...leave };
    if (ownValue !== undefined) await this.from.clear(foreign.session, call);
    return { status: 'rejected', reason: 'unknown-id', ...leave };
  }

  async #loadTwins(
    own: TrackedSession<S>,
    foreignValue: string | undefined,
    tracker: TwinTracker<S>,
    call: SessionCall,
  ): Promise<LoadResult<S>> {
    const foreign = foreignValue === undefined ? undefined : await tracker.load(foreignValue, call);
    if (foreign?.status === 'loaded') {
      const link = tracker.linkOf(foreign.session);
      if (link?.of === twinKeyOf(own)) {
        const { snapshot: _snapshot, ...rest } = own;
        const session = link.changed ? { ...rest, value: tracker.joined(own, foreign.session) } : own;
        this.#twins.set(session, foreign.session);
        return { status: 'loaded', session };
      }
      if (!link) {
        // A login or logout in the old code.
        await this.own.clear(own, call);
        return this.#migrated(foreign.session);
      }
    }
    // The old code ended the session.
    await this.own.clear(own, call);
    return rejected(foreign?.status === 'rejected' ? foreign.reason : 'unknown-id');
  }

  async reload(session: TrackedSession<S>, call: SessionCall): Promise<LoadResult<S>> {
    const foreign = this.#foreign.get(session);
    if (foreign) return { status: 'rejected', reason: 'unknown-id' };
    const result = (await this.own.reload?.(session, call)) ?? rejected<S>('unknown-id');
    const twin = this.#twins.get(session);
    if (twin && result.status === 'loaded') this.#twins.set(result.session, twin);
    return result;
  }

  #linkOf(foreign: TrackedSession<S>): TwinLink | undefined {
    return isTwinTracker(this.from) ? this.from.linkOf(foreign) : undefined;
  }

  #migrated(foreign: TrackedSession<S>): LoadResult<S> {
    const { value, createdAt, renewedAt, owner } = foreign;
    const session = { value, createdAt, renewedAt, text: '', ...(owner === undefined ? {} : { owner }) };
    this.#foreign.set(session, foreign);
    return { status: 'loaded', session };
  }

  async store(session: SessionToTrack<S>): Promise<StoreResult<S>> {
    const foreign = session.previous && this.#foreign.get(session.previous);
    const formerTwin = this.#formerTwinKey(session.previous);
    if (formerTwin) return this.#storeWithoutTwin(session, formerTwin);
    const { previous: _previous, rotate: _rotate, ...fresh } = session;
    const force = session.force || this.#isTwinDue(session.previous);
    const result = await this.own.store(foreign ? fresh : { ...session, force });
    const sent = this.#alsoWrite ? await this.#storeTwin(session, result, this.#alsoWrite) : result;
    const isKept = result.status !== 'gone' && this.#twins.get(result.session)?.id === foreign?.id;
    if (foreign && !isKept) this.#endLater(foreign);
    // To move the cookie to its new scope.
    return this.#sendsAlways && 'transportValue' in sent ? { ...sent, held: false } : sent;
  }

  #formerTwinKey(session: TrackedSession<S> | undefined): string | undefined {
    return !this.#alsoWrite && session?.id?.endsWith(TWIN_SUFFIX) ? session.storedId : undefined;
  }

  // The new id has no twin suffix: old processes expect no old form.
  async #storeWithoutTwin(session: SessionToTrack<S>, name: string): Promise<StoreResult<S>> {
    const { headSent = false } = session.call as { headSent?: boolean };
    const result = await this.own.store(headSent ? session : { ...session, rotate: true });
    if (result.status === 'rotated') await this.endTwinOf(name);
    return result;
  }

  async #storeTwin(
    { previous, call }: SessionToTrack<S>,
    result: StoreResult<S>,
    { tracker, lifetime }: AlsoWrite<S>,
  ): Promise<StoreResult<S>> {
    const twin = previous && this.#twins.get(previous);
    if (result.status === 'gone') {
      if (twin) await tracker.clear(twin, call);
      return result;
    }
    if (result.status === 'unchanged') return result;
    const { session, transportValue } = result;
    const isById = session.id !== undefined;
    if (isById && !session.id.endsWith(TWIN_SUFFIX))
      return { ...result, transportValue: pack({ own: transportValue }) };
    const written = await tracker.storeTwin({
      value: session.value,
      of: twinKeyOf(session),
      isUnique: isById,
      keepsId: result.status !== 'rotated',
      previous: twin ?? (previous && this.#foreign.get(previous)),
      expiresAt: lifetime.expiresAt(session),
    });
    this.#twins.set(session, written.session);
    if (twin?.id !== undefined && twin.id !== written.session.id) await tracker.clear(twin, call);
    return { ...result, held: false, transportValue: pack({ own: transportValue, foreign: written.transportValue }) };
  }

  async clear(session: TrackedSession<S>, call: SessionCall): Promise<void> {
    const foreign = this.#foreign.get(session);
    if (foreign) return this.from.clear(foreign, call);
    await this.own.clear(session, call);
    const twin = this.#twins.get(session);
    if (twin) await this.from.clear(twin, call);
    const formerTwin = this.#formerTwinKey(session);
    if (formerTwin) await this.endTwinOf(formerTwin);
  }

  async endTwinOf(handle: string): Promise<void> {
    if (isTwinTracker(this.from)) await this.from.endTwinOf(handle);
  }

  serialize(value: S): string {
    return this.own.serialize(value);
  }

  get lifetime(): SessionLifetime | undefined {
    return this.own.lifetime;
  }

  isUnchanged(value: S, session: TrackedSession<S>): boolean {
    const foreign = this.#foreign.get(session);
    if (foreign) return this.from.isUnchanged?.(value, foreign) ?? false;
    return this.own.isUnchanged?.(value, session) ?? false;
  }

  isRenewalDue(session: TrackedSession<S>): boolean {
    return this.own.isRenewalDue(session) || this.#isTwinDue(session);
  }

  isRotationDue(session: TrackedSession<S>): boolean {
    return !this.#foreign.has(session) && this.own.isRotationDue?.(session) === true;
  }

  #isTwinDue(session: TrackedSession<S> | undefined): boolean {
    const twin = session && this.#twins.get(session);
    return twin !== undefined && this.from.isRenewalDue(twin);
  }

  ownerOf(value: S): string | undefined {
    return this.own.ownerOf?.(value);
  }

  changesTransportValue(value: S, previous: TrackedSession<S> | undefined): boolean {
    const isForeign = previous !== undefined && this.#foreign.has(previous);
    return isForeign || this.own.changesTransportValue(value, previous);
  }

  fieldSizes(value: S): ReadonlyArray<{ readonly name: string; readonly size: number }> {
    return this.own.fieldSizes(value);
  }

  validate(value: unknown): asserts value is S {
    this.own.validate(value);
  }

  toString(): string {
    return String(this.own);
  }

  // Parallel requests may still carry the old id.
  #endLater(foreign: TrackedSession<S>): void {
    if (foreign.id === undefined) return;
    setTimeout(() => {
      this.from.clear(foreign, EMPTY_CALL).catch(() => undefined);
    }, OLD_RECORD_KEPT_FOR_MILLISECONDS).unref();
  }
}

function rejected<S extends object>(reason: RejectionReason): LoadResult<S> {
  return { status: 'rejected', reason };
}

/** A stable key of both forms. */
function twinKeyOf<S extends object>({ storedId, createdAt }: TrackedSession<S>): string {
  return storedId ?? createdAt.toString(36);
}
