import { SessionStoring } from './session-storing.js';
import {
  SessionError,
  SessionStorageUnavailableError,
  SessionTooLateError,
  SessionWrongValueError,
} from '../errors/session.errors.js';
import { joinedDetails } from '../tracker/session-details.js';
import type { OwnLifetime } from '../tracker/session-lifetime.js';
import { detailsOfLifetime, maxAgeOf, noTimesError } from './own-lifetime.js';
import { actorFor, actingError } from './acting.js';
import type { ActAsOptions, ClearOptions, SessionInit } from './request-sessions.js';
import { isDecided, storedSessionOf, type IncomingSession } from './session-state.js';

/** The operations of the application on one session. */
export class SessionSlot<S extends object = object> extends SessionStoring<S> {
  set(value: S, keepsId = false): void {
    if (this.call.responded) throw new SessionTooLateError();
    this.provider.tracker.validate(value);
    const state = this.state;
    if (state.kind === 'set') this.state = { ...state, value, keepsId };
    else if (state.kind === 'cleared') this.state = { kind: 'set', value, incoming: state.incoming, ended: true };
    else this.state = { kind: 'set', value, incoming: state, ended: false, keepsId };
    this.fresh = undefined;
  }

  /** See RequestSessions. @param text of the owner, from the tracker. */
  async login(field: string, owner: unknown, text: string, init: SessionInit<S> | undefined): Promise<S> {
    await this.load();
    if (this.call.responded) throw new SessionTooLateError();
    if (this.state.kind === 'frozen') {
      throw new SessionStorageUnavailableError(`The storage of session "${this.provider.name}" failed. Try again.`);
    }
    const before = { state: this.state, fresh: this.fresh, wanted: this.wanted };
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
      this.state = before.state;
      this.fresh = before.fresh;
      this.wanted = before.wanted;
      throw error;
    }
    if (value !== this.value || value === this.fresh?.value) this.set(value);
    this.want({ rotate: true, restart: true });
    return value;
  }

  #isOfOther(owner: string): boolean {
    if (this.#isActing) return true;
    const value = this.value;
    const owners = [storedSessionOf(this.state)?.owner, value && this.provider.tracker.ownerOf?.(value)];
    return owners.some((one) => one !== undefined && one !== owner);
  }

  clear(siteData?: ClearOptions['siteData']): void {
    const state = this.state;
    if (state.kind === 'frozen') return;
    this.siteData = siteData;
    this.state = { kind: 'cleared', incoming: isDecided(state) ? state.incoming : state };
    this.resetWanted();
  }

  async lifetime(own: OwnLifetime): Promise<void> {
    await this.#assertPresent('lifetime');
    if (this.#isActing) throw actingError('lifetime', this.provider.name);
    this.lifetimeNow(own);
  }

  lifetimeNow(own: OwnLifetime): void {
    this.wantDetails(detailsOfLifetime(this.provider, own));
  }

  get maxAge(): number | null | undefined {
    const stored = storedSessionOf(this.state);
    const { createdAt, renewedAt, details } = stored ?? { createdAt: 0, renewedAt: 0 };
    return maxAgeOf(this.provider, { createdAt, renewedAt, details: joinedDetails(details, this.wanted.details) });
  }

  /** See RequestSessions. @param now epoch milliseconds. */
  async authenticated(method: string | undefined, now: number, restart: boolean): Promise<void> {
    if (!this.provider.tracker.lifetime) throw noTimesError(this.provider.name);
    const value = await this.#assertPresent('authenticated');
    const { tracker, name } = this.provider;
    if (this.#isActing) throw actingError('authenticated', name);
    if (tracker.ownerOf?.(value) === undefined) {
      throw new SessionWrongValueError(`authenticated(): no user is signed in to session "${name}". Call login first.`);
    }
    const stored = storedSessionOf(this.state)?.details;
    const methods = {
      ...(this.wanted.details?.methods ?? stored?.methods),
      ...(method === undefined ? {} : { [method]: now }),
    };
    // A restart drops stored details, such as the lifetime.
    if (restart) this.wanted = { ...this.wanted, restart, details: { ...stored, ...this.wanted.details } };
    this.want({ rotate: true });
    this.wantDetails({ authenticatedAt: now, methods });
  }

  async returnTo(path: string | undefined): Promise<void> {
    if (this.value === undefined) return;
    this.wantDetails({ returnTo: path });
  }

  async takeReturnPath(): Promise<string | undefined> {
    await this.load();
    const details = { ...storedSessionOf(this.state)?.details, ...this.wanted.details };
    if (details.returnTo === undefined) return undefined;
    this.wantDetails({ returnTo: undefined });
    return details.returnTo;
  }

  /** See RequestSessions. */
  async actAs(field: string, owner: unknown, text: string, options: ActAsOptions): Promise<S> {
    await this.#assertPresent('actAs');
    if (this.#isActing) throw actingError('actAs', this.provider.name);
    // Changes of the actor's session are part of what is restored.
    await this.commit(false);
    const state = this.state;
    const stored = storedSessionOf(state);
    const actor = actorFor(this.provider, stored?.owner, text, options);
    const value = new this.provider.type();
    (value as Record<string, unknown>)[field] = owner;
    this.state = { kind: 'set', value, incoming: state as IncomingSession<S>, ended: false };
    this.want({ acting: actor, rotate: true });
    return value;
  }

  async stopActing(): Promise<boolean> {
    await this.load();
    if (this.call.responded) throw new SessionTooLateError();
    if (!this.#isActing) return false;
    const incoming = isDecided(this.state) ? this.state.incoming : (this.state as IncomingSession<S>);
    const kept = storedSessionOf(this.state)?.details?.actor;
    this.resetWanted();
    this.state = incoming;
    if (!kept) return true;
    this.state = { kind: 'set', value: this.provider.tracker.read!(kept.text), incoming, ended: false };
    this.want({ acting: 'ends', rotate: true });
    return true;
  }

  get #isActing(): boolean {
    const { acting } = this.wanted;
    if (acting !== undefined) return acting !== 'ends';
    return storedSessionOf(this.state)?.details?.actor !== undefined;
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

  async regenerate(): Promise<void> {
    await this.load();
    if (this.call.responded) throw new SessionTooLateError();
    if (storedSessionOf(this.state)) this.want({ rotate: true });
  }

  touch(): void {
    if (this.state.kind === 'loaded') this.state = { ...this.state, outdated: true };
  }

  async reload(): Promise<void> {
    await this.load();
    const stored = storedSessionOf(this.state);
    const result = stored && (await this.provider.tracker.reload?.(stored, this.call));
    if (result?.status !== 'loaded') {
      throw new SessionError(
        'SESSION_WITHOUT_ID',
        `There is no stored session "${this.provider.name}" to reload: it is new, or has been ended. Save it first.`,
      );
    }
    this.state = { kind: 'loaded', session: result.session, outdated: false };
    this.fresh = undefined;
  }
}
