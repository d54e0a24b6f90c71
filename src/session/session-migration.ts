import { EMPTY_CALL, type SessionCall } from '../call/session-call.js';
import type {
  LoadResult,
  RejectionReason,
  SessionToTrack,
  CompleteSessionTracker,
  StoreResult,
  TrackedSession,
} from '../tracker/session-tracker.js';
import type { SessionLifetime } from '../tracker/session-lifetime.js';
import {
  transformRead,
  transformWrite,
  type KeyState,
  type SessionTransportTransformer,
} from '../transformer/session-transport-transformer.js';
import type { CookieConfiguration } from '../transport/cookie-configuration.js';
import { SessionTransportCookie } from '../transport/session-transport-cookie.js';
import type { SessionTransport } from '../transport/session-transport.js';
import { SessionProvider } from './session-provider.js';
import { isTwinTracker, TWIN_SUFFIX, type TwinLink, type TwinTracker } from './session-twin.js';

const UNDER_WAY_MILLISECONDS = 60_000;

export interface AlsoWrite<S extends object> {
  readonly tracker: TwinTracker<S>;
  readonly lifetime: SessionLifetime;
}

/**
 * A provider that also accepts sessions of another one and replaces them. Old records end after a minute.
 * @param alsoWrite also writes the old form and merges changes of the old code. Default: none.
 */
export function migratingProvider<S extends object>(
  own: SessionProvider<S>,
  from: SessionProvider<S>,
  alsoWrite?: AlsoWrite<S>,
): SessionProvider<S> {
  const transport = new MigratingSessionTransport(
    own as SessionProvider<never>,
    from as SessionProvider<never>,
    alsoWrite !== undefined,
  );
  const tracker = new MigratingSessionTracker(own.tracker, from.tracker, alsoWrite, transport.sharesNameElsewhere);
  return new SessionProvider<S>(own.name, own.type, transport, tracker, {
    sendOnlyIfModified: own.sendOnlyIfModified,
    saveOnServerError: own.saveOnServerError,
    onUnavailable: own.onUnavailable,
    ownerField: own.ownerField,
    keepIdOnSet: own.keepIdOnSet,
    lifetimeOf: (value) => own.lifetimeOf(value),
    onOwnerChange: own.onOwnerChange,
    reauthenticationResets: own.reauthenticationResets,
    tellsReasons: own.tellsReasons,
    now: own.now,
    onGone: own.onGone,
    keepCacheControl: own.keepCacheControl,
  });
}

/** Never sent. */
interface Packed {
  readonly own?: string | undefined;
  readonly foreign?: string | undefined;
  readonly marked?: boolean | undefined;
}

function pack(packed: Packed): string {
  return JSON.stringify(packed);
}

function unpack(packed: string): Packed {
  return JSON.parse(packed) as Packed;
}

class MigratingSessionTransport implements SessionTransport {
  readonly kind: string;
  readonly requestHeader: string;
  readonly transformers: readonly SessionTransportTransformer[];
  readonly name: string;
  readonly configuration?: CookieConfiguration;
  readonly #own: SessionTransport;
  readonly #from: SessionTransport;
  readonly #sharesName: boolean;
  readonly #sharesPlace: boolean;
  readonly #alsoWrite: boolean;
  readonly #mark: SessionTransportCookie | undefined;

  constructor(own: SessionProvider<never>, from: SessionProvider<never>, alsoWrite: boolean) {
    this.#own = own.transport;
    this.#from = from.transport;
    this.#alsoWrite = alsoWrite;
    this.kind = own.transport.kind;
    this.name = nameOf(own);
    if (own.transport instanceof SessionTransportCookie) this.configuration = own.transport.configuration;
    const isSameHeader = own.transport.requestHeader === from.transport.requestHeader;
    this.requestHeader = isSameHeader
      ? own.transport.requestHeader
      : `${own.transport.requestHeader}, ${from.transport.requestHeader}`;
    this.#sharesName = isSameHeader && nameOf(own) === nameOf(from);
    const scopes = [scopeOf(own.transport), scopeOf(from.transport)];
    this.#sharesPlace = this.#sharesName && (scopes.includes(undefined) || scopes[0] === scopes[1]);
    this.transformers = [new MigratingTransformer(own.transport.transformers, from.transport.transformers, alsoWrite)];
    if (
      isTwinTracker(from.tracker) &&
      own.tracker.kind === 'by-value' &&
      own.transport instanceof SessionTransportCookie
    ) {
      this.#mark = new SessionTransportCookie(`${own.transport.name}-2`, own.transport.configuration);
    }
  }

  /** A request does not show scopes. */
  get sharesNameElsewhere(): boolean {
    return this.#sharesName && !this.#sharesPlace;
  }

  receive(call: SessionCall): ReadonlyArray<string | undefined> {
    const [own, foreign] = [this.#own.receive(call), this.#from.receive(call)];
    const marked = this.#mark && this.#mark.receive(call).length > 0;
    if (own.length === 0) return foreign.map((text) => (text === undefined ? undefined : pack({ foreign: text })));
    return own.map((text, index) => {
      const withForeign = this.#alsoWrite || index === own.length - 1 || this.#sharesPlace;
      const other = withForeign ? foreign[this.#sharesPlace ? index : 0] : undefined;
      return text === undefined && other === undefined ? undefined : pack({ own: text, foreign: other, marked });
    });
  }

  get persistent(): boolean {
    return this.#own.persistent ?? true;
  }

  send(call: SessionCall, value: string, maxAgeInSeconds?: number | null): void {
    if (!this.#alsoWrite) {
      this.#own.send(call, value, maxAgeInSeconds);
      this.#forget(call);
      return this.#unmark(call);
    }
    const { own, foreign } = unpack(value);
    this.#own.send(call, own!, maxAgeInSeconds);
    if (foreign === undefined) return;
    this.#from.send(this.#callOfFrom(call), foreign);
    this.#mark?.send(call, '1');
  }

  clear(call: SessionCall): void {
    this.#own.clear(call);
    this.#forget(call);
    this.#unmark(call);
  }

  get clearsElsewhere(): boolean {
    return this.#own.clearsElsewhere ?? false;
  }

  isSecure(call: SessionCall): boolean {
    return this.#own.isSecure?.(call) ?? false;
  }

  toString(): string {
    return String(this.#own);
  }

  #unmark(call: SessionCall): void {
    if (this.#mark && this.#mark.receive(call).length > 0) this.#mark.clear(call);
  }

  #forget(call: SessionCall): void {
    const came = this.#from.receive(call).length > 0;
    if (this.#alsoWrite || came) this.#from.clear(this.#callOfFrom(call));
  }

  // Another scope needs its own header line.
  #callOfFrom(call: SessionCall): SessionCall {
    if (!this.#sharesName) return call;
    return {
      requestHeader: (name) => call.requestHeader(name),
      secure: call.secure,
      setHeader: (name, value) => call.setHeader(name, value),
      setCookie: (name, line) => {
        if (name !== this.name) call.setCookie(name, line);
        else if (!this.#sharesPlace) call.setCookie(`${name} in its old scope`, line);
      },
    };
  }
}

function nameOf({ name, transport }: SessionProvider<never>): string {
  return transport.name ?? name;
}

function scopeOf(transport: SessionTransport): string | undefined {
  const { configuration } = transport as { configuration?: { domain?: string; path?: string } };
  const domain = configuration?.domain?.replace(/^\./, '').toLowerCase() ?? '';
  return configuration && `${domain}${configuration.path ?? '/'}`;
}

class MigratingTransformer implements SessionTransportTransformer {
  readonly #own: readonly SessionTransportTransformer[];
  readonly #from: readonly SessionTransportTransformer[];
  readonly #alsoWrite: boolean;

  constructor(
    own: readonly SessionTransportTransformer[],
    from: readonly SessionTransportTransformer[],
    alsoWrite: boolean,
  ) {
    this.#own = own;
    this.#from = from;
    this.#alsoWrite = alsoWrite;
  }

  async transformRead(packed: string): Promise<string | undefined> {
    const { own: ownText, foreign: foreignText, marked } = unpack(packed);
    const own = await readOrRefuse(this.#own, ownText);
    // Without transformers, the storage decides.
    const isOurs = !this.#alsoWrite && own !== undefined && this.#own.length > 0;
    const foreign = isOurs ? undefined : await readOrRefuse(this.#from, foreignText);
    return own === undefined && foreign === undefined ? undefined : pack({ own, foreign, marked });
  }

  async transformWrite(transportValue: string): Promise<string> {
    if (!this.#alsoWrite) return transformWrite(this.#own, transportValue);
    const { own, foreign } = unpack(transportValue);
    return pack({
      own: await transformWrite(this.#own, own!),
      foreign: foreign === undefined ? undefined : await transformWrite(this.#from, foreign),
    });
  }

  keyState(packed: string): KeyState {
    const { own } = unpack(packed);
    return (own === undefined ? undefined : this.#own.at(-1)?.keyState?.(own)) ?? 'current';
  }
}

async function readOrRefuse(
  transformers: readonly SessionTransportTransformer[],
  text: string | undefined,
): Promise<string | undefined> {
  try {
    return text === undefined ? undefined : (await transformRead(transformers, text))?.value;
  } catch {
    return undefined;
  }
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
      return this.#moved(foreign.session);
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
      if (link?.of === nameOfSession(own)) {
        const { snapshot: _snapshot, ...rest } = own;
        const session = link.changed ? { ...rest, value: tracker.joined(own, foreign.session) } : own;
        this.#twins.set(session, foreign.session);
        return { status: 'loaded', session };
      }
      if (!link) {
        // A login or logout in the old code.
        await this.own.clear(own, call);
        return this.#moved(foreign.session);
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

  #moved(foreign: TrackedSession<S>): LoadResult<S> {
    const { value, createdAt, renewedAt, owner } = foreign;
    const session = { value, createdAt, renewedAt, text: '', ...(owner === undefined ? {} : { owner }) };
    this.#foreign.set(session, foreign);
    return { status: 'loaded', session };
  }

  async store(session: SessionToTrack<S>): Promise<StoreResult<S>> {
    const foreign = session.previous && this.#foreign.get(session.previous);
    const twinned = this.#twinnedBefore(session.previous);
    if (twinned) return this.#storeAlone(session, twinned);
    const { previous: _previous, rotate: _rotate, ...fresh } = session;
    const force = session.force || this.#isTwinDue(session.previous);
    const result = await this.own.store(foreign ? fresh : { ...session, force });
    const sent = this.#alsoWrite ? await this.#storeTwin(session, result, this.#alsoWrite) : result;
    const isKept = result.status !== 'gone' && this.#twins.get(result.session)?.id === foreign?.id;
    if (foreign && !isKept) this.#endLater(foreign);
    // To move the cookie to its new scope.
    return this.#sendsAlways && 'transportValue' in sent ? { ...sent, held: false } : sent;
  }

  #twinnedBefore(session: TrackedSession<S> | undefined): string | undefined {
    return !this.#alsoWrite && session?.id?.endsWith(TWIN_SUFFIX) ? session.storedId : undefined;
  }

  // The new id has no twin suffix: old processes expect no old form.
  async #storeAlone(session: SessionToTrack<S>, name: string): Promise<StoreResult<S>> {
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
      of: nameOfSession(session),
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
    const twinned = this.#twinnedBefore(session);
    if (twinned) await this.endTwinOf(twinned);
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
    }, UNDER_WAY_MILLISECONDS).unref();
  }
}

function rejected<S extends object>(reason: RejectionReason): LoadResult<S> {
  return { status: 'rejected', reason };
}

/** A stable key of both forms. */
function nameOfSession<S extends object>({ storedId, createdAt }: TrackedSession<S>): string {
  return storedId ?? createdAt.toString(36);
}
