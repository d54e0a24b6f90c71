import type { SessionCall } from '../call/session-call.js';
import { infoOf, type SessionInfo } from './session-info.js';
import { loadValue, receiveSession, reportReceived, type Receiving } from './receive-session.js';
import { decideFresh } from './session-decision.js';
import type { SessionEventSink } from './session-event.js';
import type { SessionProviders } from './session-providers.js';
import type { SessionProvider } from './session-provider.js';
import { tellReason, type SessionContext } from './session-report.js';
import {
  isDecided,
  storedSessionOf,
  type FreshSession,
  type IncomingSession,
  type SessionState,
} from './session-state.js';

const UNREAD = { kind: 'unread' } as const;

/** Reads the session of a request, or creates one. */
export abstract class SessionReading<S extends object = object> implements SessionContext<S> {
  readonly provider: SessionProvider<S>;
  readonly call: SessionCall;
  readonly events: SessionEventSink;
  readonly providers: SessionProviders | undefined;
  state: SessionState<S> = UNREAD;
  fresh: FreshSession<S> | undefined;
  renews = false;
  protected received = false;
  #receiving: Promise<void> | undefined;
  protected transportValue: string | undefined;
  protected newId: string | undefined;

  constructor(provider: SessionProvider<S>, call: SessionCall, events: SessionEventSink, providers?: SessionProviders) {
    this.provider = provider;
    this.call = call;
    this.events = events;
    this.providers = providers;
  }

  /** Loads the session once. `undefined` if done. Rejects if the storage fails, unless `onUnavailable` is `anonymous`. */
  load(): Promise<void> | undefined {
    if (this.received) return undefined;
    if (this.#receiving) return this.#receiving;
    let incoming: Receiving<S>;
    try {
      incoming = this.transportValue === undefined ? receiveSession(this) : loadValue(this, this.transportValue, false);
    } catch (error) {
      incoming = Promise.reject<IncomingSession<S>>(error);
    }
    if (!(incoming instanceof Promise) && incoming.kind !== 'unavailable') {
      this.#accept(incoming);
      return undefined;
    }
    this.#receiving = Promise.resolve(incoming).then(
      (received) => this.#accept(received),
      (error: unknown) => this.#failLoading(error),
    );
    return this.#receiving;
  }

  #accept(incoming: IncomingSession<S>): void {
    const isMissed = incoming.kind === 'unavailable' && this.provider.onUnavailable === 'reject';
    if (isMissed && this.state.kind !== 'cleared') this.#failLoading(incoming.error);
    this.received = true;
    reportReceived(this, incoming);
    if (incoming.kind === 'rejected' || incoming.kind === 'superseded') tellReason(this, incoming.reason ?? 'rotated');
    const state = this.state;
    if (state.kind === 'unread') this.state = incoming;
    else if (isDecided(state) && state.incoming.kind === 'unread') this.state = { ...state, incoming };
  }

  protected unload(): void {
    this.state = UNREAD;
    this.received = false;
    this.#receiving = undefined;
  }

  #failLoading(error: unknown): never {
    if (this.state.kind === 'unread') this.state = { kind: 'frozen' };
    throw error;
  }

  get value(): S | undefined {
    const state = this.state;
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
        return this.#isFreshChanged() ? this.fresh?.value : undefined;
      case 'unread':
      case 'frozen':
        return undefined;
    }
  }

  get heldInstance(): S | undefined {
    const state = this.state;
    if (state.kind === 'loaded') return state.session.value;
    return state.kind === 'set' ? state.value : this.fresh?.value;
  }

  /** A new one is stored if it changes. */
  get valueOrFresh(): S {
    const value = this.value;
    if (value !== undefined) return value;
    if (!this.fresh) {
      const fresh = new this.provider.type();
      const { tracker } = this.provider;
      const initial = tracker.capture?.(fresh) ?? tracker.serialize(fresh);
      this.fresh = { value: fresh, initial, stored: undefined };
    }
    return this.fresh.value;
  }

  /** A new one is always stored (`stored`) or never. */
  valueOrNew(stored: boolean): S {
    const value = this.valueOrFresh;
    if (this.fresh) this.fresh = { ...this.fresh, stored };
    return value;
  }

  get id(): string | undefined {
    return storedSessionOf(this.state)?.id;
  }

  get idNow(): string | undefined {
    const id = this.id;
    if (id !== undefined) return id;
    const state = this.state;
    const isNew = state.kind === 'set' ? this.received : this.fresh !== undefined;
    if (isNew) this.newId ??= this.provider.tracker.newId?.(this.call);
    return isNew ? this.newId : undefined;
  }

  async info(): Promise<SessionInfo | undefined> {
    await this.load();
    const stored = storedSessionOf(this.state);
    return stored && infoOf(this.provider, stored);
  }

  #isFreshChanged(): boolean {
    return this.fresh !== undefined && this.fresh.stored !== false && this.differs(this.fresh);
  }

  protected differs(fresh: FreshSession<S>): boolean {
    try {
      return decideFresh(this.provider, { ...fresh, stored: undefined }) !== undefined;
    } catch {
      return true;
    }
  }
}
