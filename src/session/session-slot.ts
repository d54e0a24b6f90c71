import {
  SessionError,
  SessionStorageUnavailableError,
  SessionTooLargeError,
  SessionTooLateError,
} from '../errors/session.errors.js';
import { hashSessionId } from '../tracker/session-id-provider.js';
import type { RejectionReason, StoreResult, TrackedSession } from '../tracker/session-tracker.js';
import { transformRead, transformWrite, type TransformedRead } from '../transformer/session-transport-transformer.js';
import type { SessionEvent, SessionEvents } from './session-event.js';
import type { SessionProvider } from './session-provider.js';
import type { DecidedSession, FreshSession, IncomingSession, SessionState } from './session-state.js';
import type { ResponseCall } from './response-call.js';

/** What a commit would have to do. */
type Decision<S extends object> =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'clear' }
  | { readonly kind: 'renew'; readonly value: S; readonly text: string; readonly previous: TrackedSession<S> }
  | { readonly kind: 'store'; readonly value: S; readonly text: string; readonly previous?: TrackedSession<S> };

type OrdinaryEvent = 'loaded' | 'created' | 'changed' | 'renewed' | 'rotated' | 'cleared';

const NOTHING = { kind: 'nothing' } as const;

/** One declared session in one request: loads it once, knows what changed, stores it and tells the client. */
export class SessionSlot<S extends object = object> {
  readonly provider: SessionProvider<S>;
  readonly #call: ResponseCall;
  readonly #events: SessionEvents;
  #state: SessionState<S> = { kind: 'unread' };
  #receiving: Promise<IncomingSession<S>> | undefined;
  #fresh: FreshSession<S> | undefined;
  #rotate = false;
  #sent = false;
  /** The updates under way, one after the other. */
  #updating: Promise<unknown> | undefined;

  constructor(provider: SessionProvider<S>, call: ResponseCall, events: SessionEvents) {
    this.provider = provider;
    this.#call = call;
    this.#events = events;
  }

  /** Loads what came with the request, once. Rejects when the storage fails and the session may not be missed. */
  async load(): Promise<void> {
    let incoming: IncomingSession<S>;
    try {
      incoming = await (this.#receiving ??= this.#receive());
    } catch (error) {
      if (this.#state.kind === 'unread') this.#state = { kind: 'frozen' };
      throw error;
    }
    const state = this.#state;
    if (state.kind === 'unread') this.#state = incoming;
    else if (isDecided(state) && state.incoming.kind === 'unread') this.#state = { ...state, incoming };
  }

  /** The session, once loaded. */
  get value(): S | undefined {
    const state = this.#state;
    switch (state.kind) {
      case 'loaded':
        return state.session.value;
      case 'set':
        return state.value;
      case 'absent':
      case 'stale':
      case 'superseded':
      case 'cleared':
        // A new session that a handler has changed is the session from then on, for filters and interceptors too.
        return this.#isFreshChanged() ? this.#fresh?.value : undefined;
      case 'unread':
      case 'frozen':
        return undefined;
    }
  }

  /** The session, or a new one that is stored only if it changes. */
  get valueOrFresh(): S {
    const value = this.value;
    if (value !== undefined) return value;
    if (!this.#fresh) {
      const fresh = new this.provider.type();
      this.#fresh = { value: fresh, text: this.provider.tracker.serialize(fresh) };
    }
    return this.#fresh.value;
  }

  /** The id of the stored session. */
  get id(): string | undefined {
    return storedBehind(this.#state)?.id;
  }

  set(value: S): void {
    if (this.#call.responded) throw new SessionTooLateError();
    this.provider.tracker.validate(value);
    const state = this.#state;
    if (state.kind === 'set') this.#state = { ...state, value };
    else if (state.kind === 'cleared') this.#state = { kind: 'set', value, incoming: state.incoming, ended: true };
    else this.#state = { kind: 'set', value, incoming: state, ended: false };
    this.#fresh = undefined;
  }

  clear(): void {
    const state = this.#state;
    if (state.kind === 'frozen') return;
    this.#state = { kind: 'cleared', incoming: isDecided(state) ? state.incoming : state };
    this.#fresh = undefined;
    this.#rotate = false;
  }

  async regenerate(): Promise<void> {
    await this.load();
    if (this.#call.responded) throw new SessionTooLateError();
    if (storedBehind(this.#state)) this.#rotate = true;
  }

  /** Applies `change` until it lands; see RequestSessions.update. */
  update(change: (present: S) => void): Promise<S> {
    // One after the other: each must see what the one before has stored, or it would take it for somebody else's.
    const update = (): Promise<S> => this.#update(change);
    const updated = this.#updating ? this.#updating.then(update, update) : update();
    const done = updated.then(ignore, ignore).finally(() => {
      if (this.#updating === done) this.#updating = undefined;
    });
    this.#updating = done;
    return updated;
  }

  async #update(change: (present: S) => void): Promise<S> {
    await this.load();
    const state = this.#state;
    if (state.kind !== 'loaded' || this.provider.tracker.kind === 'by-value') {
      const value = this.valueOrFresh;
      change(value);
      return value;
    }
    const { value } = state.session;
    await this.#store({ kind: 'store', value, text: '', previous: state.session }, change);
    return value;
  }

  /**
   * Stores, ends or renews the session as the request left it. What there is to do is decided at once; where that is
   * nothing, it returns `undefined`. Rejects when it fails; nothing is tried again then.
   * @param serverError the response is a 5xx, so that changes are dropped unless the session wants them kept.
   */
  commit(serverError: boolean): Promise<void> | undefined {
    if (this.#updating) return this.#updating.then(() => this.commit(serverError));
    if (isDecided(this.#state) && this.#state.incoming.kind === 'unread') return this.#commitUnread(serverError);
    let decision: Decision<S>;
    try {
      decision = this.#decide(serverError);
    } catch (error) {
      this.#state = { kind: 'frozen' };
      return Promise.reject(error);
    }
    switch (decision.kind) {
      case 'nothing':
        return undefined;
      case 'clear':
        return this.#clear();
      case 'renew':
        return this.#renew(decision);
      case 'store':
        return this.#store(decision);
    }
  }

  /**
   * Reports a change that came after the head of the response and is lost.
   * @param serverError the response is a 5xx, whose changes were dropped on purpose.
   */
  reportLateChange(serverError: boolean): void {
    if (this.#updating) return void this.#updating.then(() => this.reportLateChange(serverError));
    let late: boolean;
    try {
      const decision = this.#decide(serverError);
      late = decision.kind === 'store' || decision.kind === 'clear';
    } catch {
      late = true;
    }
    if (!late) return;
    this.#events.emit({ type: 'too-late', session: this.provider.name });
    this.#state = { kind: 'frozen' };
  }

  async #commitUnread(serverError: boolean): Promise<void> {
    await this.#loadForCommit();
    await this.commit(serverError);
  }

  async #loadForCommit(): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      if (this.#state.kind === 'cleared') this.#tellCleared();
      this.#state = { kind: 'frozen' };
      throw error;
    }
  }

  async #receive(): Promise<IncomingSession<S>> {
    const { provider } = this;
    this.#call.setHeader('Vary', provider.transport.requestHeader);
    const received = provider.transport.receive(this.#call);
    if (received.length === 0) return { kind: 'absent' };
    if (received.length > 1) this.#emit({ type: 'duplicate', session: provider.name, count: received.length });
    let nothing: IncomingSession<S> = { kind: 'stale', reason: 'malformed' };
    for (const value of received) {
      const result: IncomingSession<S> =
        value === undefined ? { kind: 'stale', reason: 'malformed' } : await this.#read(value);
      if (result.kind !== 'stale' && result.kind !== 'superseded') return result;
      const reason = result.kind === 'stale' ? result.reason : 'rotated';
      this.#emit({ type: 'rejected', session: provider.name, reason });
      if (nothing.kind !== 'superseded') nothing = result;
    }
    return nothing;
  }

  async #read(received: string): Promise<IncomingSession<S>> {
    const { transport, tracker, onUnavailable } = this.provider;
    let transformed: TransformedRead | undefined;
    let reason: RejectionReason = 'tampered';
    try {
      transformed = await transformRead(transport.transformers, received);
      if (!transformed && transport.transformers.at(-1)?.keyState?.(received) === 'unknown') reason = 'unknown-key';
    } catch {
      transformed = undefined;
    }
    if (!transformed) return { kind: 'stale', reason };
    try {
      const result = await tracker.load(transformed.value);
      if (result.status === 'rejected') {
        const { reason, id } = result;
        return reason === 'rotated'
          ? { kind: 'superseded', ...(id === undefined ? {} : { id }) }
          : { kind: 'stale', reason };
      }
      this.#tell('loaded', result.session);
      return { kind: 'loaded', session: result.session, outdated: transformed.outdated };
    } catch (error) {
      const failure = this.#failed('load', error);
      if (onUnavailable === 'anonymous') return { kind: 'frozen' };
      throw failure;
    }
  }

  #decide(serverError: boolean): Decision<S> {
    const state = this.#state;
    const keep = !serverError || this.provider.saveOnServerError;
    switch (state.kind) {
      case 'unread':
      case 'frozen':
        return NOTHING;
      case 'absent':
        return (keep && this.#changedFresh()) || NOTHING;
      case 'stale':
        return (keep && this.#changedFresh()) || { kind: 'clear' };
      case 'superseded':
        return (keep && this.#changedFreshOfOwner()) || NOTHING;
      case 'loaded':
        return keep ? this.#changed(state.session.value, state.session, state.outdated) : NOTHING;
      case 'set':
        if (state.incoming.kind === 'frozen') return NOTHING;
        if (keep) return this.#decideSet(state);
        return state.ended ? { kind: 'clear' } : NOTHING;
      case 'cleared':
        if (state.incoming.kind === 'frozen') return NOTHING;
        return (keep && this.#changedFresh()) || (cameWith(state.incoming) || this.#sent ? { kind: 'clear' } : NOTHING);
    }
  }

  #decideSet(state: SessionState<S> & { kind: 'set' }): Decision<S> {
    const { incoming, value } = state;
    if (incoming.kind !== 'loaded' || state.ended) {
      return { kind: 'store', value, text: this.provider.tracker.serialize(value) };
    }
    if (this.provider.sendOnlyIfModified) return this.#changed(value, incoming.session, incoming.outdated);
    return { kind: 'store', value, text: this.provider.tracker.serialize(value), previous: incoming.session };
  }

  #changed(value: S, previous: TrackedSession<S>, outdated: boolean): Decision<S> {
    const text = this.provider.tracker.serialize(value);
    if (text !== previous.text || this.#rotate || outdated) return { kind: 'store', value, text, previous };
    return this.provider.tracker.isRenewalDue(previous) ? { kind: 'renew', value, text, previous } : NOTHING;
  }

  #isFreshChanged(): boolean {
    try {
      return this.#changedFresh() !== undefined;
    } catch {
      // What cannot be written has been changed, and fails when it is to be stored.
      return true;
    }
  }

  #changedFresh(): Decision<S> | undefined {
    if (!this.#fresh) return undefined;
    const { value, text: initial } = this.#fresh;
    const text = this.provider.tracker.serialize(value);
    return text === initial ? undefined : { kind: 'store', value, text };
  }

  // A request under way with the old id must not replace the new session's cookie by one for a session that nobody
  // signed in to; a login does, since the client may never have got the new cookie.
  #changedFreshOfOwner(): Decision<S> | undefined {
    const changed = this.#changedFresh();
    if (!changed || changed.kind !== 'store' || this.provider.tracker.ownerOf?.(changed.value) !== undefined)
      return changed;
    this.#fresh = undefined;
    this.#emit({ type: 'gone', session: this.provider.name, reason: 'rotated' });
    return undefined;
  }

  async #clear(): Promise<void> {
    const before = this.#state;
    const stored = isDecided(before) ? before.incoming : before;
    this.#tellCleared();
    this.#state = { kind: 'absent' };
    if (!isStored(stored)) return;
    try {
      await this.#end(stored);
    } catch (error) {
      throw this.#failed('clear', error);
    }
    const ended = stored.kind === 'loaded' ? stored.session : stored;
    this.#tell('cleared', ended);
  }

  // The old id of a session that has just been given a new one ends the new one: it is the same session.
  async #end(stored: StoredIncoming<S>): Promise<void> {
    const { tracker } = this.provider;
    if (stored.kind === 'loaded') await tracker.clear(stored.session);
    else if (stored.id !== undefined) await tracker.clearById?.(stored.id);
  }

  // A renewal that fails loses nothing but a little of the idle timeout.
  async #renew(decision: Decision<S> & { kind: 'renew' }): Promise<void> {
    if (this.#call.headSent) return;
    try {
      const before = this.#state;
      await this.#finish(before, await this.provider.tracker.store({ ...decision, call: this.#call }));
    } catch (error) {
      this.#emit({ type: 'unavailable', session: this.provider.name, operation: 'renew', error });
    }
  }

  async #store(decision: Decision<S> & { kind: 'store' }, revise?: (value: S) => void): Promise<void> {
    const { value, text, previous } = decision;
    const { tracker } = this.provider;
    this.#refuseTooLate(value, previous);
    const before = this.#state;
    const ended = endedBefore(before);
    const revision = revise && new Revision(revise, (present) => this.#refuseTooLate(present, previous));
    try {
      const result = await tracker.store({
        value,
        call: this.#call,
        force: true,
        rotate: this.#rotate,
        ...(revision ? { revise: revision.apply } : { text }),
        ...(previous ? { previous } : {}),
        ...replaced(ended),
        onRevoked: (count) => this.#emit({ type: 'revoked', session: this.provider.name, count }),
      });
      if (ended) await this.#end(ended);
      await this.#finish(before, result);
    } catch (error) {
      // The application's own refusal, and nothing has been stored.
      if (revision?.thrown(error)) throw error;
      this.#state = { kind: 'frozen' };
      throw this.#failed('store', error);
    }
  }

  #refuseTooLate(value: S, previous: TrackedSession<S> | undefined): void {
    const isLate =
      this.#call.headSent && (this.#rotate || this.provider.tracker.changesTransportValue(value, previous));
    if (isLate) throw new SessionTooLateError();
  }

  async #finish(before: SessionState<S>, result: StoreResult<S>): Promise<void> {
    const { name } = this.provider;
    this.#rotate = false;
    this.#fresh = undefined;
    if (result.status === 'gone') {
      this.#emit({ type: 'gone', session: name, reason: result.reason, ...handleOf(storedBehind(before)) });
      // The cookie of a session that lives on under another id is that session's now.
      if (result.reason === 'ended') this.#tellCleared();
      const id = storedBehind(before)?.id;
      const superseded = { kind: 'superseded', ...(id === undefined ? {} : { id }) } as const;
      this.#settle(before, result.reason === 'ended' ? { kind: 'absent' } : superseded);
      return;
    }
    this.#settle(before, { kind: 'loaded', session: result.session, outdated: false });
    if (result.status === 'unchanged') return;
    if (result.conflicts?.length) {
      this.#emit({ type: 'conflict', session: name, fields: result.conflicts, ...handleOf(result.session) });
    }
    this.#tell(result.status, result.session);
    if (!this.#call.headSent) await this.#send(result.session.value, result.transportValue);
  }

  // The application may have set or ended the session while it was being stored; that comes next.
  #settle(before: SessionState<S>, stored: IncomingSession<S>): void {
    const state = this.#state;
    this.#state = state !== before && isDecided(state) ? { ...state, incoming: stored } : stored;
  }

  async #send(value: S, transportValue: string): Promise<void> {
    const { transport, tracker, name } = this.provider;
    const protectedValue = await transformWrite(transport.transformers, transportValue);
    try {
      transport.send(this.#call, protectedValue);
    } catch (error) {
      if (!(error instanceof SessionTooLargeError)) throw error;
      throw new SessionTooLargeError(name, error.size, error.limit, tracker.fieldSizes(value));
    }
    this.#sent = true;
    this.#call.setHeader('Cache-Control', 'no-store');
    if (transport.isSecure?.(this.#call) && !this.#call.secure) this.#emit({ type: 'insecure', session: name });
  }

  #tellCleared(): void {
    if (this.#call.headSent) return;
    this.provider.transport.clear(this.#call);
    this.#call.setHeader('Cache-Control', 'no-store');
  }

  #failed(operation: 'load' | 'store' | 'clear', error: unknown): SessionError {
    const failure =
      error instanceof SessionError
        ? error
        : new SessionStorageUnavailableError(`The storage of session "${this.provider.name}" failed. Try again.`, {
            cause: error,
          });
    if (failure instanceof SessionStorageUnavailableError) {
      this.#call.setHeader('Retry-After', String(failure.retryAfterInSeconds));
      this.#emit({ type: 'unavailable', session: this.provider.name, operation, error: failure });
    }
    return failure;
  }

  // The handle is a hash, and most applications listen to none of these.
  #tell(type: OrdinaryEvent, session: { readonly id?: string }): void {
    if (this.#events.hears(type)) this.#emit({ type, session: this.provider.name, ...handleOf(session) });
  }

  #emit(event: SessionEvent): void {
    this.#events.emit(event);
  }
}

function isDecided<S extends object>(state: SessionState<S>): state is DecidedSession<S> {
  return state.kind === 'set' || state.kind === 'cleared';
}

/** What came with the request and is in the storage. */
type StoredIncoming<S extends object> = Extract<IncomingSession<S>, { readonly kind: 'loaded' | 'superseded' }>;

function isStored<S extends object>(state: SessionState<S>): state is StoredIncoming<S> {
  return state.kind === 'loaded' || state.kind === 'superseded';
}

/** The session that the application ended before it began another. */
function endedBefore<S extends object>(state: SessionState<S>): StoredIncoming<S> | undefined {
  const ended = state.kind === 'cleared' || (state.kind === 'set' && state.ended);
  return ended && isStored(state.incoming) ? state.incoming : undefined;
}

function replaced<S extends object>(ended: StoredIncoming<S> | undefined): { replaces?: string } {
  const id = ended?.kind === 'loaded' ? ended.session.id : ended?.id;
  return id === undefined ? {} : { replaces: id };
}

function storedBehind<S extends object>(state: SessionState<S>): TrackedSession<S> | undefined {
  if (state.kind === 'loaded') return state.session;
  if (state.kind === 'set' && !state.ended && state.incoming.kind === 'loaded') return state.incoming.session;
  return undefined;
}

function cameWith(incoming: IncomingSession<object>): boolean {
  switch (incoming.kind) {
    case 'unread':
    case 'stale':
    case 'superseded':
    case 'loaded':
      return true;
    case 'absent':
    case 'frozen':
      return false;
  }
}

const HANDLE_LENGTH = 8;

function ignore(): void {}

/** A change of the application's, and whether it was this that failed. */
class Revision<S> {
  readonly #revise: (value: S) => void;
  readonly #check: (value: S) => void;
  #failure: { readonly error: unknown } | undefined;

  constructor(revise: (value: S) => void, check: (value: S) => void) {
    this.#revise = revise;
    this.#check = check;
  }

  readonly apply = (value: S): void => {
    try {
      this.#revise(value);
      this.#check(value);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  };

  thrown(error: unknown): boolean {
    return this.#failure !== undefined && this.#failure.error === error;
  }
}

function handleOf(session: { readonly id?: string } | undefined): { handle?: string } {
  return session?.id === undefined ? {} : { handle: hashSessionId(session.id).slice(0, HANDLE_LENGTH) };
}
