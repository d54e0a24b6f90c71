import type { SessionCall } from '../call/session-call.js';
import { ApplicationFailure } from '../errors/application-failure.js';
import {
  SessionConflictError,
  SessionError,
  SessionStorageUnavailableError,
  SessionTooLateError,
  SessionWrongValueError,
} from '../errors/session.errors.js';
import { joinedDetails, type SessionDetails } from '../tracker/session-details.js';
import type { ActingStep } from '../tracker/session-acting.js';
import type { SessionToTrack, StoreResult, TrackedSession } from '../tracker/session-tracker.js';
import { isPromise, type Awaitable } from '../transformer/awaitable.js';
import { clearSession, sendSession } from './answer-session.js';
import type { OwnLifetime } from '../tracker/session-lifetime.js';
import { detailsOfLifetime, maxAgeOf, withoutTimes } from './own-lifetime.js';
import { infoOf, type SessionInfo } from './session-info.js';
import { ownerListener } from './owner-listener.js';
import { actorFor, reportActing, whileActing } from './acting.js';
import { loadValue, receiveSession, reportReceived } from './receive-session.js';
import type { ActAsOptions, ClearOptions, SessionInit } from './request-sessions.js';
import { decide, decideFresh, type SessionDecision, type SessionUse } from './session-decision.js';
import type { SessionEventSink, SessionFacts } from './session-event.js';
import type { SessionProviders } from './session-providers.js';
import type { SessionProvider } from './session-provider.js';
import { factsOf, reportFailure, reportOrdinary, tellReason, type SessionPlace } from './session-report.js';
import { SessionRevision } from './session-revision.js';
import {
  endedBefore,
  isDecided,
  isStored,
  replacesLoaded,
  storedBehind,
  type FreshSession,
  type IncomingSession,
  type SessionState,
  type StoredIncoming,
} from './session-state.js';

const UNREAD = { kind: 'unread' } as const;

/** What a request asks for when its session is stored, besides the content. */
interface Wanted {
  /** Another id. */
  readonly rotate?: boolean;
  /** The absolute timeout starts anew. */
  readonly restart?: boolean;
  readonly details?: SessionDetails;
  /** The owner begins to act for another, or stops. */
  readonly acting?: ActingStep;
}

const NOTHING_WANTED: Wanted = {};

/** One session class in one request: loads the session once, detects changes, stores and sends them. */
export class SessionSlot<S extends object = object> implements SessionPlace<S> {
  readonly provider: SessionProvider<S>;
  readonly call: SessionCall;
  readonly events: SessionEventSink;
  readonly providers: SessionProviders | undefined;
  #state: SessionState<S> = UNREAD;
  #received = false;
  #receiving: Promise<void> | undefined;
  #fresh: FreshSession<S> | undefined;
  #wanted: Wanted = NOTHING_WANTED;
  /** What `Clear-Site-Data` lists. */
  #siteData: ClearOptions['siteData'];
  /** Whether the request uses the session, and thus renews it. */
  #renews = false;
  #sent = false;
  /** The string that was sent since the request began. */
  #transportValue: string | undefined;
  /** The error of a dropped change. The session can still be ended. */
  #lost: SessionConflictError | undefined;
  /** The id that a new session will get. */
  #newId: string | undefined;
  /** The pending updates, in sequence. */
  #updating: Promise<unknown> | undefined;

  constructor(provider: SessionProvider<S>, call: SessionCall, events: SessionEventSink, providers?: SessionProviders) {
    this.provider = provider;
    this.call = call;
    this.events = events;
    this.providers = providers;
  }

  /**
   * Loads the session of the request, once; `undefined` if there is nothing to wait for. Rejects if the storage fails,
   * unless `onUnavailable` is `anonymous`.
   */
  load(): Promise<void> | undefined {
    if (this.#received) return undefined;
    if (this.#receiving) return this.#receiving;
    let incoming: Awaitable<IncomingSession<S>>;
    try {
      incoming =
        this.#transportValue === undefined ? receiveSession(this) : loadValue(this, this.#transportValue, false);
    } catch (error) {
      incoming = Promise.reject<IncomingSession<S>>(error);
    }
    if (!isPromise(incoming) && incoming.kind !== 'unavailable') {
      this.#take(incoming);
      return undefined;
    }
    this.#receiving = Promise.resolve(incoming).then(
      (received) => this.#take(received),
      (error: unknown) => this.#miss(error),
    );
    return this.#receiving;
  }

  /** The request uses the session, which is renewed if that is due. */
  use(): void {
    this.#renews = true;
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
      case 'rejected':
      case 'superseded':
      case 'unavailable':
      case 'cleared':
        // A changed new session is the session from then on, also for filters and interceptors.
        return this.#isFreshChanged() ? this.#fresh?.value : undefined;
      case 'unread':
      case 'frozen':
        return undefined;
    }
  }

  /** The instance that the application has, changed or not. */
  get held(): S | undefined {
    const state = this.#state;
    if (state.kind === 'loaded') return state.session.value;
    return state.kind === 'set' ? state.value : this.#fresh?.value;
  }

  /** The session, or a new one that is stored only if it changes. */
  get valueOrFresh(): S {
    const value = this.value;
    if (value !== undefined) return value;
    if (!this.#fresh) {
      const fresh = new this.provider.type();
      const { tracker } = this.provider;
      const initial = tracker.capture?.(fresh) ?? tracker.serialize(fresh);
      this.#fresh = { value: fresh, initial, stored: undefined };
    }
    return this.#fresh.value;
  }

  /** {@link valueOrFresh}; a new session is stored in any case (`stored`) or never. */
  valueOrNew(stored: boolean): S {
    const value = this.valueOrFresh;
    if (this.#fresh) this.#fresh = { ...this.#fresh, stored };
    return value;
  }

  /** The id of the stored session. */
  get id(): string | undefined {
    return storedBehind(this.#state)?.id;
  }

  /** The same, or the future id of a new session. */
  get idNow(): string | undefined {
    const id = this.id;
    if (id !== undefined) return id;
    const state = this.#state;
    const isNew = state.kind === 'set' ? this.#received : this.#fresh !== undefined;
    if (isNew) this.#newId ??= this.provider.tracker.newId?.(this.call);
    return isNew ? this.#newId : undefined;
  }

  /** @param keepsId keeps the id of the loaded session. */
  set(value: S, keepsId = false): void {
    if (this.call.responded) throw new SessionTooLateError();
    this.provider.tracker.validate(value);
    const state = this.#state;
    if (state.kind === 'set') this.#state = { ...state, value, keepsId };
    else if (state.kind === 'cleared') this.#state = { kind: 'set', value, incoming: state.incoming, ended: true };
    else this.#state = { kind: 'set', value, incoming: state, ended: false, keepsId };
    this.#fresh = undefined;
  }

  /**
   * Makes it the session of an owner, with a new id and absolute timeout; see RequestSessions.login.
   * @param owner value of the owner field.
   * @param text of the owner, from the tracker.
   */
  async login(field: string, owner: unknown, text: string, init: SessionInit<S> | undefined): Promise<S> {
    await this.load();
    if (this.call.responded) throw new SessionTooLateError();
    if (this.#state.kind === 'frozen') {
      throw new SessionStorageUnavailableError(`The storage of session "${this.provider.name}" failed. Try again.`);
    }
    const before = { state: this.#state, fresh: this.#fresh, wanted: this.#wanted };
    if (this.#isOfOther(text)) this.clear();
    const value = this.valueOrFresh;
    const fields = value as Record<string, unknown>;
    const previousOwner = fields[field];
    try {
      fields[field] = owner;
      if (typeof init === 'function') await init(value);
      else if (init) Object.assign(value, init);
      fields[field] = owner;
      if (this.call.responded) throw new SessionTooLateError();
    } catch (error) {
      fields[field] = previousOwner;
      this.#state = before.state;
      this.#fresh = before.fresh;
      this.#wanted = before.wanted;
      throw error;
    }
    if (value !== this.value || value === this.#fresh?.value) this.set(value);
    this.#want({ rotate: true, restart: true });
    return value;
  }

  /** Whether another owner was signed in when the request came, or is now. */
  #isOfOther(owner: string): boolean {
    if (this.#isActing) return true;
    const value = this.value;
    const owners = [storedBehind(this.#state)?.owner, value && this.provider.tracker.ownerOf?.(value)];
    return owners.some((one) => one !== undefined && one !== owner);
  }

  /** @param siteData values of `Clear-Site-Data`. */
  clear(siteData?: ClearOptions['siteData']): void {
    const state = this.#state;
    if (state.kind === 'frozen') return;
    this.#siteData = siteData;
    this.#state = { kind: 'cleared', incoming: isDecided(state) ? state.incoming : state };
    this.#forgetRequest();
  }

  /** Facts of the stored session besides its content. */
  async info(): Promise<SessionInfo | undefined> {
    await this.load();
    const stored = storedBehind(this.#state);
    return stored && infoOf(this.provider, stored);
  }

  /** Gives the session its own lifetime when it is stored. */
  async lifetime(own: OwnLifetime): Promise<void> {
    await this.#assertPresent('lifetime');
    if (this.#isActing) throw whileActing('lifetime', this.provider.name);
    this.lifetimeNow(own);
  }

  /** The same at once, also for a session that is new and may not be stored. */
  lifetimeNow(own: OwnLifetime): void {
    this.#wantDetails(detailsOfLifetime(this.provider, own));
  }

  /** `Max-Age` of its cookie. `undefined`: that of the transport; `null`: none. */
  get maxAge(): number | null | undefined {
    const stored = storedBehind(this.#state);
    const { createdAt, renewedAt, details } = stored ?? { createdAt: 0, renewedAt: 0 };
    return maxAgeOf(this.provider, { createdAt, renewedAt, details: joinedDetails(details, this.#wanted.details) });
  }

  /**
   * Records a reauthentication of the owner. The session gets a new id when it is stored.
   * @param now epoch milliseconds. @param restart restarts the absolute timeout.
   */
  async authenticated(method: string | undefined, now: number, restart: boolean): Promise<void> {
    if (!this.provider.tracker.lifetime) throw withoutTimes(this.provider.name);
    const value = await this.#assertPresent('authenticated');
    const { tracker, name } = this.provider;
    if (this.#isActing) throw whileActing('authenticated', name);
    if (tracker.ownerOf?.(value) === undefined) {
      throw new SessionWrongValueError(`authenticated(): nobody is signed in to session "${name}". Call login first.`);
    }
    const stored = storedBehind(this.#state)?.details;
    const methods = {
      ...(this.#wanted.details?.methods ?? stored?.methods),
      ...(method === undefined ? {} : { [method]: now }),
    };
    // A restart drops the stored details; the lifetime of the session is among them.
    if (restart) this.#wanted = { ...this.#wanted, restart, details: { ...stored, ...this.#wanted.details } };
    this.#want({ rotate: true });
    this.#wantDetails({ authenticatedAt: now, methods });
  }

  /** Keeps the path to return to; `undefined`: none. */
  async returnTo(path: string | undefined): Promise<void> {
    if (this.value === undefined) return;
    this.#wantDetails({ returnTo: path });
  }

  /** Takes the path of {@link returnTo}. */
  async takeReturnPath(): Promise<string | undefined> {
    await this.load();
    const details = { ...storedBehind(this.#state)?.details, ...this.#wanted.details };
    if (details.returnTo === undefined) return undefined;
    this.#wantDetails({ returnTo: undefined });
    return details.returnTo;
  }

  /** Starts acting for `owner`; see RequestSessions.actAs. */
  async actAs(field: string, owner: unknown, text: string, options: ActAsOptions): Promise<S> {
    await this.#assertPresent('actAs');
    if (this.#isActing) throw whileActing('actAs', this.provider.name);
    // Changes of the actor's session in this request are part of what is restored.
    await this.commit(false);
    const state = this.#state;
    const stored = storedBehind(state);
    const actor = actorFor(this.provider, stored?.owner, text, options);
    const value = new this.provider.type();
    (value as Record<string, unknown>)[field] = owner;
    this.#state = { kind: 'set', value, incoming: state as IncomingSession<S>, ended: false };
    this.#want({ acting: actor, rotate: true });
    return value;
  }

  /** Restores the actor's own session. @returns whether there was an actor. */
  async stopActing(): Promise<boolean> {
    await this.load();
    if (this.call.responded) throw new SessionTooLateError();
    if (!this.#isActing) return false;
    const incoming = isDecided(this.#state) ? this.#state.incoming : (this.#state as IncomingSession<S>);
    const kept = storedBehind(this.#state)?.details?.actor;
    this.#forgetRequest();
    this.#state = incoming;
    if (!kept) return true;
    this.#state = { kind: 'set', value: this.provider.tracker.read!(kept.text), incoming, ended: false };
    this.#want({ acting: 'ends', rotate: true });
    return true;
  }

  get #isActing(): boolean {
    const { acting } = this.#wanted;
    if (acting !== undefined) return acting !== 'ends';
    return storedBehind(this.#state)?.details?.actor !== undefined;
  }

  async #assertPresent(verb: string): Promise<S> {
    await this.load();
    if (this.call.responded) throw new SessionTooLateError();
    const { value } = this;
    if (value !== undefined) return value;
    throw new SessionWrongValueError(
      `${verb}(): there is no session "${this.provider.name}". Call login or set first.`,
    );
  }

  #want(more: Wanted): void {
    this.#wanted = { ...this.#wanted, ...more };
  }

  #wantDetails(more: SessionDetails): void {
    this.#want({ details: { ...this.#wanted.details, ...more } });
  }

  #forgetRequest(): void {
    this.#fresh = undefined;
    this.#wanted = NOTHING_WANTED;
  }

  async regenerate(): Promise<void> {
    await this.load();
    if (this.call.responded) throw new SessionTooLateError();
    if (storedBehind(this.#state)) this.#want({ rotate: true });
  }

  /** Sends the session again although it is unchanged. */
  touch(): void {
    if (this.#state.kind === 'loaded') this.#state = { ...this.#state, outdated: true };
  }

  /** Reads the stored session again and drops changes of the request. */
  async reload(): Promise<void> {
    await this.load();
    const stored = storedBehind(this.#state);
    const result = stored && (await this.provider.tracker.reload?.(stored, this.call));
    if (result?.status !== 'loaded') {
      throw new SessionError(
        'SESSION_WITHOUT_ID',
        `There is no stored session "${this.provider.name}" to reload: it is new, or has been ended. Save it first.`,
      );
    }
    this.#state = { kind: 'loaded', session: result.session, outdated: false };
    this.#fresh = undefined;
  }

  /** Applies `change` until it is stored; see RequestSessions.update. */
  update(change: (present: S) => void): Promise<S> {
    // In sequence: each must start from what the one before has stored.
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
   * Stores, ends or renews the session as the request left it. The decision is synchronous; without work it returns
   * `undefined`. Rejects if it fails; it is not retried.
   * @param serverError the response is a 5xx, so that changes are dropped unless the session wants them kept.
   */
  commit(serverError: boolean): Promise<void> | undefined {
    if (this.#updating) return this.#updating.then(() => this.commit(serverError));
    if (isDecided(this.#state) && this.#state.incoming.kind === 'unread') return this.#commitUnread(serverError);
    let decision: SessionDecision<S>;
    try {
      decision = this.#decide(serverError);
    } catch (error) {
      this.#state = { kind: 'frozen' };
      return Promise.reject(error);
    }
    switch (decision.kind) {
      case 'nothing':
        this.#reportDropped();
        return undefined;
      case 'refuse':
        return this.#refuse(decision.error);
      case 'clear':
        return this.#clear();
      case 'renew':
        return this.#renew(decision);
      case 'store':
        return this.#store(decision);
    }
  }

  /** Whether {@link commit} has nothing to do. */
  isSettled(serverError: boolean): boolean {
    if (this.#updating || (isDecided(this.#state) && this.#state.incoming.kind === 'unread')) return false;
    try {
      return this.#decide(serverError).kind === 'nothing';
    } catch {
      return false;
    }
  }

  /**
   * Reports a change after the head of the response, which is lost.
   * @param serverError the response is a 5xx, whose changes are dropped on purpose.
   */
  reportLateChange(serverError: boolean): void {
    if (this.#updating) return void this.#updating.then(() => this.reportLateChange(serverError));
    if (!this.#isChanged(serverError)) return;
    this.events.emit({ type: 'too-late', ...this.#facts() });
    this.#state = { kind: 'frozen' };
  }

  /** Reports a change that is not stored, without a response. It can still be stored. */
  reportUnstored(): void {
    if (this.#updating || !this.#isChanged(false)) return;
    this.events.emit({ type: 'too-late', ...this.#facts(), connection: true });
  }

  #facts(): SessionFacts {
    return factsOf(this, storedBehind(this.#state));
  }

  /** Drops all changes since the last commit. The next access loads the stored session as a new instance. */
  revert(): void {
    const state = this.#state;
    const incoming = isDecided(state) ? state.incoming : state;
    this.#forgetRequest();
    this.#state = incoming;
    if (incoming.kind !== 'loaded') return;
    this.#state = UNREAD;
    this.#received = false;
    this.#receiving = undefined;
  }

  #isChanged(serverError: boolean): boolean {
    if (isDecided(this.#state) && this.#state.incoming.kind === 'unread') return true;
    try {
      const { kind } = this.#decide(serverError);
      return kind === 'store' || kind === 'clear';
    } catch {
      return true;
    }
  }

  // Once: the handler changed a new session with newSession: false.
  #reportDropped(): void {
    const fresh = this.#fresh;
    if (fresh?.stored !== false || !this.#differs(fresh)) return;
    this.#fresh = undefined;
    this.events.emit({ type: 'not-begun', ...this.#facts() });
  }

  // A change that cannot be stored must fail the request.
  #refuse(error: SessionError): Promise<never> {
    if (error instanceof SessionConflictError) {
      this.events.emit({ type: 'gone', ...this.#facts(), reason: 'rotated' });
    }
    this.#fresh = undefined;
    this.#state = { kind: 'frozen' };
    return Promise.reject(error);
  }

  #miss(error: unknown): never {
    if (this.#state.kind === 'unread') this.#state = { kind: 'frozen' };
    throw error;
  }

  #take(incoming: IncomingSession<S>): void {
    // An unread session can be ended.
    const isMissed = incoming.kind === 'unavailable' && this.provider.onUnavailable === 'reject';
    if (isMissed && this.#state.kind !== 'cleared') this.#miss(incoming.error);
    this.#received = true;
    reportReceived(this, incoming);
    if (incoming.kind === 'rejected' || incoming.kind === 'superseded') tellReason(this, incoming.reason ?? 'rotated');
    const state = this.#state;
    if (state.kind === 'unread') this.#state = incoming;
    else if (isDecided(state) && state.incoming.kind === 'unread') this.#state = { ...state, incoming };
  }

  #decide(serverError: boolean): SessionDecision<S> {
    const keep = !serverError || this.provider.saveOnServerError;
    return decide(this.provider, this.#use, keep);
  }

  get #use(): SessionUse<S> {
    return {
      state: this.#state,
      fresh: this.#fresh,
      rotate: this.#rotates,
      detailed: this.#wanted.details !== undefined,
      renews: this.#renews,
      sent: this.#sent,
    };
  }

  /** Whether the session gets a new id, apart from a change of owner. */
  get #rotates(): boolean | 'due' {
    if (this.#wanted.rotate) return true;
    const { tracker, keepIdOnSet } = this.provider;
    if (tracker.kind !== 'by-id') return false;
    const state = this.#state;
    if (!keepIdOnSet && replacesLoaded(state)) return true;
    const isDue = state.kind === 'loaded' && this.#renews && tracker.isRotationDue?.(state.session) === true;
    return isDue && !this.call.headSent && 'due';
  }

  #isFreshChanged(): boolean {
    return this.#fresh !== undefined && this.#fresh.stored !== false && this.#differs(this.#fresh);
  }

  #differs(fresh: FreshSession<S>): boolean {
    try {
      return decideFresh(this.provider, { ...fresh, stored: undefined }) !== undefined;
    } catch {
      // An unserializable session has changed; storing it fails.
      return true;
    }
  }

  async #commitUnread(serverError: boolean): Promise<void> {
    await this.#loadForCommit();
    await this.commit(serverError);
  }

  async #loadForCommit(): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      this.#state = { kind: 'frozen' };
      throw error;
    }
  }

  async #clear(): Promise<void> {
    const before = this.#state;
    const stored = isDecided(before) ? before.incoming : before;
    clearSession(this, this.#siteData);
    this.#state = { kind: 'absent' };
    if (!isStored(stored)) return;
    try {
      await this.#end(stored);
    } catch (error) {
      throw reportFailure(this, 'clear', error, stored.kind === 'loaded' ? stored.session : stored);
    }
    const ended = stored.kind === 'loaded' ? stored.session : stored;
    reportOrdinary(this, 'cleared', ended);
  }

  // A rotated id ends the session under its new id.
  async #end(stored: StoredIncoming<S>): Promise<void> {
    const { tracker } = this.provider;
    if (stored.kind === 'loaded') await tracker.clear(stored.session, this.call);
    else if (stored.id !== undefined) await tracker.clearById?.(stored.id);
  }

  // A failed renewal costs only a part of the idle timeout.
  async #renew(decision: SessionDecision<S> & { kind: 'renew' }): Promise<void> {
    if (this.call.headSent) return;
    try {
      const before = this.#state;
      await this.#finish(before, await this.provider.tracker.store({ ...decision, call: this.call }));
    } catch (error) {
      const facts = factsOf(this, decision.previous);
      this.events.emit({ type: 'unavailable', ...facts, reason: 'storage-down', operation: 'renew', error });
    }
  }

  /** `undefined` if it is done: there was nothing to wait for. */
  #store(decision: SessionDecision<S> & { kind: 'store' }, revise?: (value: S) => void): Promise<void> | undefined {
    const { value, text, snapshot, previous } = decision;
    const before = this.#state;
    const ended = endedBefore(before);
    const revision = revise && new SessionRevision(revise, (present) => this.#refuseTooLate(present, previous));
    try {
      this.#refuseTooLate(value, previous);
    } catch (error) {
      return Promise.reject(error);
    }
    try {
      const session: SessionToTrack<S> = {
        value,
        call: this.call,
        force: true,
        rotate: this.#rotates,
        restart: this.#wanted.restart ?? false,
        details: this.#detailsToStore(value, previous),
        acting: this.#wanted.acting,
        text: revision ? undefined : text,
        snapshot,
        previous,
        id: previous ? undefined : this.#newId,
        replaces: ended?.kind === 'loaded' ? ended.session.id : ended?.id,
        onOwner: this.#onOwner(value, previous, ended),
        onRevoked: (handles) => this.events.emit({ type: 'revoked', ...factsOf(this), count: handles.length, handles }),
      };
      const storing = this.provider.tracker.store(revision ? { ...session, revise: revision.apply } : session);
      if (isPromise(storing) || ended) return this.#finishStored(before, storing, ended, revision);
      const sending = this.#finish(before, storing);
      return sending?.catch((error: unknown) => {
        throw this.#failureOf(error, revision);
      });
    } catch (error) {
      return Promise.reject(this.#failureOf(error, revision));
    }
  }

  // The lifetime function of the class applies to new sessions and new owners.
  #detailsToStore(value: S, previous: TrackedSession<S> | undefined): SessionDetails | undefined {
    const { tracker } = this.provider;
    const { acting, restart, details } = this.#wanted;
    if (acting) return details;
    const isNew = previous === undefined || restart || tracker.ownerOf?.(value) !== previous.owner;
    const own = isNew ? this.provider.lifetimeOf(value) : undefined;
    return own ? { ...detailsOfLifetime(this.provider, own), ...details } : details;
  }

  #onOwner(value: S, previous: TrackedSession<S> | undefined, ended: StoredIncoming<S> | undefined) {
    if (!this.provider.onOwnerChange || this.#wanted.acting) return undefined;
    const endedOwner = ended?.kind === 'loaded' ? ended.session.owner : undefined;
    return ownerListener(this.provider, { value, previous, endedOwner, call: this.call });
  }

  async #finishStored(
    before: SessionState<S>,
    storing: Awaitable<StoreResult<S>>,
    ended: StoredIncoming<S> | undefined,
    revision: SessionRevision<S> | undefined,
  ): Promise<void> {
    try {
      const result = await storing;
      if (ended) await this.#endReplaced(ended, result);
      const sending = this.#finish(before, result);
      if (sending) await sending;
    } catch (error) {
      throw this.#failureOf(error, revision);
    }
  }

  // If the previous session cannot be ended, the new one is not sent.
  async #endReplaced(ended: StoredIncoming<S>, result: StoreResult<S>): Promise<void> {
    try {
      await this.#end(ended);
    } catch (error) {
      if (result.status === 'created') void this.provider.tracker.clear(result.session, this.call).catch(ignore);
      throw error;
    }
  }

  #failureOf(error: unknown, revision: SessionRevision<S> | undefined): unknown {
    // An error of the application or a conflict: nothing was stored.
    if (revision?.thrown(error) || (error !== undefined && error === this.#lost)) return error;
    this.#state = { kind: 'frozen' };
    return error instanceof ApplicationFailure ? error.cause : reportFailure(this, 'store', error);
  }

  #refuseTooLate(value: S, previous: TrackedSession<S> | undefined): void {
    const isLate =
      this.call.headSent && (this.#rotates === true || this.provider.tracker.changesTransportValue(value, previous));
    if (isLate) throw new SessionTooLateError();
  }

  #finish(before: SessionState<S>, result: StoreResult<S>): Promise<void> | undefined {
    const { acting } = this.#wanted;
    this.#forgetRequest();
    if (result.status === 'gone') return this.#lose(before, result.reason);
    const isOutdated = before.kind === 'loaded' && before.outdated;
    this.#settle(before, { kind: 'loaded', session: result.session, outdated: false });
    if (result.status === 'unchanged') return undefined;
    this.#transportValue = result.transportValue;
    if (result.conflicts?.length) {
      this.events.emit({ type: 'conflict', ...factsOf(this, result.session), fields: result.conflicts });
    }
    reportOrdinary(this, result.status, result.session);
    if (acting) reportActing(this, acting, storedBehind(before), result.session);
    else this.#reportOwnerSwitch(storedBehind(before), result.session);
    // Ktor sends an unchanged id with each change.
    const isKept = result.held && !isOutdated && this.provider.sendOnlyIfModified && !this.provider.keepIdOnSet;
    // A rotated id is never sent, and the request does not know the present one.
    if (this.call.headSent || isKept || result.session.byOldId) return undefined;
    const sending = sendSession(this, result.session, result.transportValue);
    this.#sent = true;
    return sending;
  }

  // Setting another instance is deliberate; changing the owner in place may be a mistake.
  #reportOwnerSwitch(before: TrackedSession<S> | undefined, after: TrackedSession<S>): void {
    if (before?.owner === undefined || after.owner === undefined || before.owner === after.owner) return;
    if (before.value !== after.value || this.provider.keepIdOnSet) return;
    this.events.emit({ type: 'owner-switched', ...factsOf(this, after) });
  }

  /**
   * The session was ended or rotated meanwhile, and the change was not stored. The cookie is not touched: the browser
   * may already have that of a new login. The next request with the dead id clears it.
   */
  #lose(before: SessionState<S>, reason: 'ended' | 'rotated'): undefined {
    const { name, tracker, onGone } = this.provider;
    const stored = storedBehind(before);
    this.events.emit({ type: 'gone', ...factsOf(this, stored), reason });
    const id = stored?.id;
    if (reason === 'rotated') {
      this.#settle(before, { kind: 'superseded', reason, ...(id === undefined ? {} : { id }) });
      throw (this.#lost = new SessionConflictError(name, 'was given a new id'));
    }
    const value = stored && (before.kind === 'set' ? before.value : stored.value);
    const owner = value && tracker.ownerOf?.(value);
    this.#settle(before, { kind: 'absent' });
    // A login that was not stored must fail.
    const isLogin = owner !== undefined && owner !== stored?.owner;
    if (isLogin || onGone === 'reject') throw (this.#lost = new SessionConflictError(name, 'was ended'));
    return undefined;
  }

  // The application may have set or ended the session meanwhile; that is stored next.
  #settle(before: SessionState<S>, stored: IncomingSession<S>): void {
    const state = this.#state;
    this.#state = state !== before && isDecided(state) ? { ...state, incoming: stored } : stored;
  }
}

function ignore(): void {}
