import { SessionReading } from './session-reading.js';
import { ApplicationFailure } from '../errors/application-failure.js';
import { SessionConflictError, SessionTooLateError, type SessionError } from '../errors/session.errors.js';
import type { SessionDetails } from '../tracker/session-details.js';
import type { ActingStep } from '../tracker/session-acting.js';
import type { SessionToTrack, StoreResult, TrackedSession } from '../tracker/session-tracker.js';
import { isPromise, type Awaitable } from '../transformer/awaitable.js';
import { clearSession, sendSession } from './send-session.js';
import { detailsOfLifetime } from './own-lifetime.js';
import { ownerListener } from './owner-listener.js';
import { reportActing } from './acting.js';
import type { ClearOptions } from './request-sessions.js';
import { decide, rotationOf, type DecisionInput, type SessionDecision } from './session-decision.js';
import type { SessionFacts } from './session-event.js';
import { factsOf, reportFailure, reportOrdinary } from './session-report.js';
import { SessionRevision } from './session-revision.js';
import {
  endedSessionOf,
  isDecided,
  isStored,
  storedSessionOf,
  type IncomingSession,
  type SessionState,
  type StoredIncoming,
} from './session-state.js';

interface WantedChange {
  readonly rotate?: boolean;
  readonly restart?: boolean;
  readonly details?: SessionDetails;
  readonly acting?: ActingStep;
}

const NOTHING_WANTED: WantedChange = {};

/** Decides when a session is stored, and stores it. */
export abstract class SessionStoring<S extends object = object> extends SessionReading<S> implements DecisionInput<S> {
  wanted: WantedChange = NOTHING_WANTED;
  protected siteData: ClearOptions['siteData'];
  sent = false;
  #goneError: SessionConflictError | undefined;
  #updating: Promise<unknown> | undefined;
  /** As the last commit left it: until it changes, there is nothing to store. */
  #committed: (SessionState<S> & { readonly kind: 'loaded' }) | undefined;

  update(change: (present: S) => void): Promise<S> {
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
    const state = this.state;
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
   * Decides synchronously.
   * @param serverError drops changes unless the session keeps them.
   * @returns `undefined` if done.
   */
  commit(serverError: boolean): Promise<void> | undefined {
    if (this.#updating) return this.#updating.then(() => this.commit(serverError));
    if (this.#isUnread) return this.#commitUnread(serverError);
    let decision: SessionDecision<S>;
    try {
      decision = this.#decide(serverError);
    } catch (error) {
      this.state = { kind: 'frozen' };
      return Promise.reject(error);
    }
    switch (decision.kind) {
      case 'nothing':
        this.#reportDropped();
        if (this.renews) this.#noteCommitted();
        return undefined;
      case 'refuse':
        return this.#fail(decision.error);
      case 'clear':
        return this.#clear();
      case 'renew':
        return this.#renew(decision);
      case 'store':
        return this.#store(decision);
    }
  }

  /** @returns whether a commit would do nothing. */
  isSettled(serverError: boolean): boolean {
    if (this.#updating) return false;
    const { state } = this;
    const isCommitted = state === this.#committed && this.wanted === NOTHING_WANTED;
    if (isCommitted && state.session.snapshot?.matches(state.session.value)) return true;
    if (this.#isUnread) return false;
    try {
      return this.#decide(serverError).kind === 'nothing';
    } catch {
      return false;
    }
  }

  /** Set or cleared before the session was loaded. */
  get #isUnread(): boolean {
    const { state } = this;
    return (state.kind === 'set' || state.kind === 'cleared') && state.incoming.kind === 'unread';
  }

  #noteCommitted(): void {
    if (this.state.kind === 'loaded') this.#committed = this.state;
  }

  #decide(serverError: boolean): SessionDecision<S> {
    return decide(this, !serverError || this.provider.saveOnServerError);
  }

  async #commitUnread(serverError: boolean): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      this.state = { kind: 'frozen' };
      throw error;
    }
    await this.commit(serverError);
  }

  #fail(error: SessionError): Promise<never> {
    if (error instanceof SessionConflictError) {
      this.events.emit({ type: 'gone', ...this.#facts(), reason: 'rotated' });
    }
    this.fresh = undefined;
    this.state = { kind: 'frozen' };
    return Promise.reject(error);
  }

  async #clear(): Promise<void> {
    const before = this.state;
    const stored = isDecided(before) ? before.incoming : before;
    clearSession(this, this.siteData);
    this.state = { kind: 'absent' };
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

  // A failure costs only a part of the idle timeout.
  async #renew(decision: SessionDecision<S> & { kind: 'renew' }): Promise<void> {
    if (this.call.headSent) return;
    try {
      const before = this.state;
      await this.#finish(before, await this.provider.tracker.store({ ...decision, call: this.call }));
    } catch (error) {
      const facts = factsOf(this, decision.previous);
      this.events.emit({ type: 'unavailable', ...facts, reason: 'storage-down', operation: 'renew', error });
    }
  }

  #store(decision: SessionDecision<S> & { kind: 'store' }, revise?: (value: S) => void): Promise<void> | undefined {
    const { value, text, snapshot, previous } = decision;
    const before = this.state;
    const ended = endedSessionOf(before);
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
        rotate: rotationOf(this),
        restart: this.wanted.restart ?? false,
        details: this.#detailsToStore(value, previous),
        acting: this.wanted.acting,
        text: revision ? undefined : text,
        snapshot,
        previous,
        id: previous ? undefined : this.newId,
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

  #detailsToStore(value: S, previous: TrackedSession<S> | undefined): SessionDetails | undefined {
    const { tracker } = this.provider;
    const { acting, restart, details } = this.wanted;
    if (acting) return details;
    const isNew = previous === undefined || restart || tracker.ownerOf?.(value) !== previous.owner;
    const own = isNew ? this.provider.lifetimeOf(value) : undefined;
    return own ? { ...detailsOfLifetime(this.provider, own), ...details } : details;
  }

  #onOwner(value: S, previous: TrackedSession<S> | undefined, ended: StoredIncoming<S> | undefined) {
    if (!this.provider.onOwnerChange || this.wanted.acting) return undefined;
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

  // If it fails, the new session is not sent.
  async #endReplaced(ended: StoredIncoming<S>, result: StoreResult<S>): Promise<void> {
    try {
      await this.#end(ended);
    } catch (error) {
      if (result.status === 'created') void this.provider.tracker.clear(result.session, this.call).catch(ignore);
      throw error;
    }
  }

  #failureOf(error: unknown, revision: SessionRevision<S> | undefined): unknown {
    // Nothing was stored.
    if (revision?.thrown(error) || (error !== undefined && error === this.#goneError)) return error;
    this.state = { kind: 'frozen' };
    return error instanceof ApplicationFailure ? error.cause : reportFailure(this, 'store', error);
  }

  #refuseTooLate(value: S, previous: TrackedSession<S> | undefined): void {
    const isLate =
      this.call.headSent && (rotationOf(this) === true || this.provider.tracker.changesTransportValue(value, previous));
    if (isLate) throw new SessionTooLateError();
  }

  #finish(before: SessionState<S>, result: StoreResult<S>): Promise<void> | undefined {
    const { acting } = this.wanted;
    this.resetWanted();
    if (result.status === 'gone') return this.#reportGone(before, result.reason);
    const isOutdated = before.kind === 'loaded' && before.outdated;
    this.#settle(before, { kind: 'loaded', session: result.session, outdated: false });
    this.#noteCommitted();
    if (result.status === 'unchanged') return undefined;
    this.transportValue = result.transportValue;
    if (result.conflicts?.length) {
      this.events.emit({ type: 'conflict', ...factsOf(this, result.session), fields: result.conflicts });
    }
    reportOrdinary(this, result.status, result.session);
    if (acting) reportActing(this, acting, storedSessionOf(before), result.session);
    else this.#reportOwnerSwitch(storedSessionOf(before), result.session);
    // Ktor always sends.
    const isKept = result.held && !isOutdated && this.provider.sendOnlyIfModified && !this.provider.keepIdOnSet;
    // The present id is unknown.
    if (this.call.headSent || isKept || result.session.byOldId) return undefined;
    const sending = sendSession(this, result.session, result.transportValue);
    this.sent = true;
    return sending;
  }

  #reportOwnerSwitch(before: TrackedSession<S> | undefined, after: TrackedSession<S>): void {
    if (before?.owner === undefined || after.owner === undefined || before.owner === after.owner) return;
    if (before.value !== after.value || this.provider.keepIdOnSet) return;
    this.events.emit({ type: 'owner-switched', ...factsOf(this, after) });
  }

  /** The browser may already have the cookie of a new login, so it is not touched. */
  #reportGone(before: SessionState<S>, reason: 'ended' | 'rotated'): undefined {
    const { name, tracker, onGone } = this.provider;
    const stored = storedSessionOf(before);
    this.events.emit({ type: 'gone', ...factsOf(this, stored), reason });
    const id = stored?.id;
    if (reason === 'rotated') {
      this.#settle(before, { kind: 'superseded', reason, ...(id === undefined ? {} : { id }) });
      throw (this.#goneError = new SessionConflictError(name, 'was given a new id'));
    }
    const value = stored && (before.kind === 'set' ? before.value : stored.value);
    const owner = value && tracker.ownerOf?.(value);
    this.#settle(before, { kind: 'absent' });
    // A login that was not stored must fail.
    const isLogin = owner !== undefined && owner !== stored?.owner;
    if (isLogin || onGone === 'reject') throw (this.#goneError = new SessionConflictError(name, 'was ended'));
    return undefined;
  }

  #settle(before: SessionState<S>, stored: IncomingSession<S>): void {
    const state = this.state;
    this.state = state !== before && isDecided(state) ? { ...state, incoming: stored } : stored;
  }

  reportLateChange(serverError: boolean): void {
    if (this.#updating) return void this.#updating.then(() => this.reportLateChange(serverError));
    if (!this.#isChanged(serverError)) return;
    this.events.emit({ type: 'too-late', ...this.#facts() });
    this.state = { kind: 'frozen' };
  }

  reportUnstored(): void {
    if (this.#updating || !this.#isChanged(false)) return;
    this.events.emit({ type: 'too-late', ...this.#facts(), connection: true });
  }

  #isChanged(serverError: boolean): boolean {
    if (this.#isUnread) return true;
    try {
      const { kind } = this.#decide(serverError);
      return kind === 'store' || kind === 'clear';
    } catch {
      return true;
    }
  }

  // With newSession: false.
  #reportDropped(): void {
    const fresh = this.fresh;
    if (fresh?.stored !== false || !this.differs(fresh)) return;
    this.fresh = undefined;
    this.events.emit({ type: 'not-begun', ...this.#facts() });
  }

  #facts(): SessionFacts {
    return factsOf(this, storedSessionOf(this.state));
  }

  revert(): void {
    const state = this.state;
    const incoming = isDecided(state) ? state.incoming : state;
    this.resetWanted();
    this.state = incoming;
    if (incoming.kind === 'loaded') this.unload();
  }

  protected want(more: WantedChange): void {
    this.wanted = { ...this.wanted, ...more };
  }

  protected wantDetails(more: SessionDetails): void {
    this.want({ details: { ...this.wanted.details, ...more } });
  }

  protected resetWanted(): void {
    this.fresh = undefined;
    this.wanted = NOTHING_WANTED;
  }
}

function ignore(): void {}
