import type {
  LoadResult,
  SessionToTrack,
  SessionTracker,
  StoreResult,
  TrackedSession,
} from '../tracker/session-tracker.js';
import {
  transformRead,
  transformWrite,
  type KeyState,
  type SessionTransportTransformer,
} from '../transformer/session-transport-transformer.js';
import type { SessionCall, SessionTransport } from '../transport/session-transport.js';
import { SessionProvider } from './session-provider.js';

/** How long requests under way may still carry the old system's id, which is ended after that. */
const UNDER_WAY_MILLISECONDS = 60_000;

/**
 * A provider that also accepts the sessions of another one, and gives them back as its own: what moves an application
 * from one format, key or storage to the next without logging anybody out. Its own sessions come first; nothing of the
 * other kind is ever written. A session that was in the other's storage is ended there a minute after it has moved.
 */
export function migratingProvider<S extends object>(
  own: SessionProvider<S>,
  from: SessionProvider<S>,
): SessionProvider<S> {
  const transport = new MigratingSessionTransport(own as SessionProvider<never>, from as SessionProvider<never>);
  return new SessionProvider(own.name, own.type, transport, new MigratingSessionTracker(own.tracker, from.tracker), {
    sendOnlyIfModified: own.sendOnlyIfModified,
    saveOnServerError: own.saveOnServerError,
    onUnavailable: own.onUnavailable,
    onGone: own.onGone,
  });
}

// What travels between the transport and the tracker: one text that is both, or either; never what a client wrote.
function pack(own: string | undefined, foreign: string | undefined): string {
  return JSON.stringify([own ?? null, foreign ?? null]);
}

function unpack(packed: string): readonly [own: string | undefined, foreign: string | undefined] {
  const [own, foreign] = JSON.parse(packed) as [string | null, string | null];
  return [own ?? undefined, foreign ?? undefined];
}

class MigratingSessionTransport implements SessionTransport {
  readonly kind: string;
  readonly requestHeader: string;
  readonly transformers: readonly SessionTransportTransformer[];
  readonly #own: SessionTransport;
  readonly #from: SessionTransport;
  readonly #sharesPlace: boolean;

  constructor(own: SessionProvider<never>, from: SessionProvider<never>) {
    this.#own = own.transport;
    this.#from = from.transport;
    this.kind = own.transport.kind;
    const isSameHeader = own.transport.requestHeader === from.transport.requestHeader;
    this.requestHeader = isSameHeader
      ? own.transport.requestHeader
      : `${own.transport.requestHeader}, ${from.transport.requestHeader}`;
    this.#sharesPlace = isSameHeader && own.name === from.name;
    this.transformers = [new MigratingTransformer(own.transport.transformers, from.transport.transformers)];
  }

  receive(call: SessionCall): ReadonlyArray<string | undefined> {
    const [own, foreign] = [this.#own.receive(call), this.#from.receive(call)];
    if (this.#sharesPlace && own.length === 1 && foreign.length === 1) {
      return own[0] === undefined && foreign[0] === undefined ? [undefined] : [pack(own[0], foreign[0])];
    }
    return [
      ...own.map((text) => (text === undefined ? undefined : pack(text, undefined))),
      ...foreign.map((text) => (text === undefined ? undefined : pack(undefined, text))),
    ];
  }

  send(call: SessionCall, value: string): void {
    this.#own.send(call, value);
    this.#forget(call);
  }

  clear(call: SessionCall): void {
    this.#own.clear(call);
    this.#forget(call);
  }

  isSecure(call: SessionCall): boolean {
    return this.#own.isSecure?.(call) ?? false;
  }

  toString(): string {
    return String(this.#own);
  }

  // In the same place, what we sent has replaced it.
  #forget(call: SessionCall): void {
    if (!this.#sharesPlace && this.#from.receive(call).length > 0) this.#from.clear(call);
  }
}

class MigratingTransformer implements SessionTransportTransformer {
  readonly #own: readonly SessionTransportTransformer[];
  readonly #from: readonly SessionTransportTransformer[];

  constructor(own: readonly SessionTransportTransformer[], from: readonly SessionTransportTransformer[]) {
    this.#own = own;
    this.#from = from;
  }

  async transformRead(packed: string): Promise<string | undefined> {
    const [ownText, foreignText] = unpack(packed);
    const own = await readOrRefuse(this.#own, ownText);
    // A value that our transformers know is ours; without any, the storage decides.
    const isOurs = own !== undefined && this.#own.length > 0;
    const foreign = isOurs ? undefined : await readOrRefuse(this.#from, foreignText);
    return own === undefined && foreign === undefined ? undefined : pack(own, foreign);
  }

  async transformWrite(transportValue: string): Promise<string> {
    return transformWrite(this.#own, transportValue);
  }

  keyState(packed: string): KeyState {
    const [own] = unpack(packed);
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

/** The tracker of {@link migratingProvider}. */
export class MigratingSessionTracker<S extends object> implements SessionTracker<S> {
  readonly kind: string;
  /** The tracker that stores. */
  readonly own: SessionTracker<S>;
  readonly clearById?: (id: string) => Promise<void>;
  readonly newId?: NonNullable<SessionTracker<S>['newId']>;
  readonly #from: SessionTracker<S>;
  /** The other's sessions by what this tracker made of them. */
  readonly #foreign = new WeakMap<TrackedSession<S>, TrackedSession<S>>();

  constructor(own: SessionTracker<S>, from: SessionTracker<S>) {
    this.kind = own.kind;
    this.own = own;
    this.#from = from;
    if (own.clearById) this.clearById = (id) => own.clearById!(id);
    if (own.newId) this.newId = (call) => own.newId!(call);
  }

  async load(packed: string): Promise<LoadResult<S>> {
    const [ownValue, foreignValue] = unpack(packed);
    const own = ownValue === undefined ? undefined : await this.own.load(ownValue);
    if (own?.status === 'loaded' || foreignValue === undefined) {
      return own ?? { status: 'rejected', reason: 'malformed' };
    }
    const foreign = await this.#from.load(foreignValue);
    if (foreign.status === 'rejected') return foreign;
    const { value, createdAt, renewedAt, owner } = foreign.session;
    // No text is like any other, so that the session is stored, changed or not. The other's id is none of ours.
    const session = { value, createdAt, renewedAt, text: '', ...(owner === undefined ? {} : { owner }) };
    this.#foreign.set(session, foreign.session);
    return { status: 'loaded', session };
  }

  async store(session: SessionToTrack<S>): Promise<StoreResult<S>> {
    const foreign = session.previous && this.#foreign.get(session.previous);
    if (!foreign) return this.own.store(session);
    const { previous: _previous, rotate: _rotate, ...fresh } = session;
    const result = await this.own.store(fresh);
    this.#endLater(foreign);
    return result;
  }

  async clear(session: TrackedSession<S>): Promise<void> {
    const foreign = this.#foreign.get(session);
    await (foreign ? this.#from.clear(foreign) : this.own.clear(session));
  }

  serialize(value: S): string {
    return this.own.serialize(value);
  }

  isRenewalDue(session: TrackedSession<S>): boolean {
    return this.own.isRenewalDue(session);
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

  // At once, a request under way with the old id would find nothing and end the cookie that the client has just got.
  #endLater(foreign: TrackedSession<S>): void {
    if (foreign.id === undefined) return;
    setTimeout(() => {
      this.#from.clear(foreign).catch(() => undefined);
    }, UNDER_WAY_MILLISECONDS).unref();
  }
}
