import { Inject, Injectable } from '@nestjs/common';
import { SessionConfigurationError, SessionError } from '../errors/session.errors.js';
import type { RequestSessions } from '../session/request-sessions.js';
import type { OwnerIndex } from '../storage/session-storage.js';
import type { SessionClass } from '../tracker/session-class.js';
import { MigratingSessionTracker } from '../session/session-migration.js';
import { SessionTrackerById } from '../tracker/session-tracker-by-id.js';
import { httpSessionsOf } from './http-sessions.js';
import { SessionsRuntime } from './sessions-runtime.js';

/** One session of an owner, as it may be shown to them. */
export interface OwnedSession<S extends object = object> {
  /** Public name of the session, for `revoke`: a hash of its id, of no use to whoever sees it. */
  readonly handle: string;
  readonly createdAt: Date;
  /** When it was last used, exact to the renewal throttle (a tenth of the idle timeout). */
  readonly renewedAt: Date;
  readonly expiresAt: Date;
  /** What the session holds. A copy: changing it changes nothing. */
  readonly session: S;
}

/** Sessions from outside of handlers: those of the running request, and those of an owner. */
@Injectable()
export class SessionsService {
  readonly #runtime: SessionsRuntime;

  constructor(@Inject(SessionsRuntime) runtime: SessionsRuntime) {
    this.#runtime = runtime;
  }

  /**
   * The sessions of the request that the running code belongs to.
   * @throws {SessionError} outside of a request, or where `asyncLocalStorage: true` is not set.
   */
  get current(): RequestSessions {
    const { requests } = this.#runtime;
    if (!requests) {
      throw new SessionConfigurationError(
        'SessionsService.current needs SessionsModule.forRoot({ asyncLocalStorage: true }). With a request at hand use ' +
          'sessionsOf(request).',
      );
    }
    const request = requests.getStore();
    if (!request) {
      throw new SessionError('SESSION_NO_REQUEST', 'SessionsService.current: no request is being handled here.');
    }
    return httpSessionsOf(request).sessions;
  }

  /** The owner's live sessions of this class, newest first. */
  async list<S extends object>(
    type: SessionClass<S>,
    owner: string | number | bigint,
  ): Promise<Array<OwnedSession<S>>> {
    const { tracker, owners } = this.#owned(type);
    const listed: Array<OwnedSession<S>> = [];
    for (const { id, session: stored } of await owners.list(tracker.storedOwnerOf(String(owner)))) {
      const session = tracker.peek(stored);
      if (!session) continue;
      listed.push({
        handle: id,
        createdAt: new Date(session.createdAt),
        renewedAt: new Date(session.renewedAt),
        expiresAt: new Date(stored.expiresAt),
        session: session.value,
      });
    }
    return listed.sort((left, right) => right.createdAt.getTime() - left.createdAt.getTime());
  }

  /**
   * Ends one session by its handle.
   * @param options.owner ends it only if it is this owner's. Say it whenever the handle comes from a client: a handle
   *   is no secret.
   * @returns whether there was one.
   */
  async revoke(
    type: SessionClass,
    handle: string,
    options: { readonly owner?: string | number | bigint } = {},
  ): Promise<boolean> {
    const { tracker, name } = this.#byId(type);
    const stored = await tracker.storage.read(handle);
    const session = stored && tracker.peek(stored);
    if (!session) return false;
    if (options.owner !== undefined && tracker.ownerOf(session.value) !== String(options.owner)) return false;
    await tracker.clearByHandle(handle);
    this.#runtime.events.emit({ type: 'revoked', session: name, count: 1 });
    return true;
  }

  /**
   * Ends every session of an owner: "sign out everywhere", or after a change of password.
   * @param options.except the id of one that stays, as `sessions.id(type)` gives it.
   * @returns how many were ended.
   */
  async revokeAll(
    type: SessionClass,
    owner: string | number | bigint,
    options: { readonly except?: string | undefined } = {},
  ): Promise<number> {
    const { tracker, name } = this.#owned(type);
    const count = await tracker.clearByOwner(String(owner), options.except);
    if (count > 0) this.#runtime.events.emit({ type: 'revoked', session: name, count });
    return count;
  }

  /** The public handle of a session id, as `list` shows it: to tell which of them is the present one. */
  handleOf(type: SessionClass, id: string): string {
    return this.#byId(type).tracker.handleOf(id);
  }

  #byId<S extends object>(type: SessionClass<S>): { tracker: SessionTrackerById<S>; name: string } {
    const { tracker: registered, name } = this.#runtime.providers.findByType(type);
    const tracker = registered instanceof MigratingSessionTracker ? registered.own : registered;
    if (tracker instanceof SessionTrackerById) return { tracker: tracker as SessionTrackerById<S>, name };
    throw new SessionError(
      'SESSION_WITHOUT_ID',
      `Session "${name}" is not kept on the server, so it can be neither listed nor revoked. Add tracker: 'by-id'.`,
    );
  }

  #owned<S extends object>(
    type: SessionClass<S>,
  ): { tracker: SessionTrackerById<S>; name: string; owners: OwnerIndex } {
    const { tracker, name } = this.#byId(type);
    const { owners } = tracker.storage;
    if (!owners) {
      throw new SessionConfigurationError(
        `The storage of session "${name}" has no owner index, so an owner's sessions can be neither listed nor ended. ` +
          'Use one that has: memory, Redis, SQL.',
      );
    }
    return { tracker, name, owners };
  }
}
