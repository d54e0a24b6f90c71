import { Inject, Injectable } from '@nestjs/common';
import { SessionConfigurationError, SessionError } from '../errors/session.errors.js';
import type { RequestSessions } from '../session/request-sessions.js';
import type { OwnerIndex } from '../storage/session-storage.js';
import type { SessionClass } from '../tracker/session-class.js';
import { MigratingSessionTracker } from '../session/session-migration.js';
import { SessionTrackerById } from '../tracker/session-tracker-by-id.js';
import { isSessionId } from '../tracker/session-id-provider.js';
import { ownerText, type SessionOwnerId } from '../tracker/session-owner.js';
import { httpSessionsOf } from './http-sessions.js';
import { SessionsRuntime } from './sessions-runtime.js';

/** A session of an owner, safe to show to the owner. */
export interface OwnedSession<S extends object = object> {
  /** Hash of the id, for `revoke`; not a credential. */
  readonly handle: string;
  readonly createdAt: Date;
  /** Last use, exact to the renewal throttle (a tenth of the idle timeout). */
  readonly renewedAt: Date;
  readonly expiresAt: Date;
  /** A copy of the content. */
  readonly session: S;
}

export type RevokeOptions =
  | { readonly owner: SessionOwnerId; readonly anyOwner?: false }
  | { readonly anyOwner: true; readonly owner?: undefined };

/** Sessions outside of handlers: of the current request, and of an owner. */
@Injectable()
export class SessionsService {
  readonly #runtime: SessionsRuntime;

  constructor(@Inject(SessionsRuntime) runtime: SessionsRuntime) {
    this.#runtime = runtime;
  }

  /** @throws {SessionError} outside of a request, or without `asyncLocalStorage: true`. */
  get current(): RequestSessions {
    const { requests } = this.#runtime;
    if (!requests) {
      throw new SessionConfigurationError(
        'SessionsService.current needs SessionsModule.forRoot({ asyncLocalStorage: true }). With a request, use ' +
          'sessionsOf(request).',
      );
    }
    const request = requests.getStore();
    if (!request) {
      throw new SessionError('SESSION_NO_REQUEST', 'SessionsService.current: there is no current request.');
    }
    return httpSessionsOf(request).exchange;
  }

  /**
   * Lists the owner's live sessions, newest first. With `from: sameSession(…)`, it includes sessions not yet migrated;
   * a just migrated one may appear twice for a minute. Sessions of other packages appear once migrated, because their
   * stores have no owner index.
   */
  async list<S extends object>(type: SessionClass<S>, owner: SessionOwnerId): Promise<Array<OwnedSession<S>>> {
    const { tracker } = this.#owned(type);
    const name = givenOwner(owner, 'list');
    const listed = await liveSessions(tracker, name);
    const unmoved = this.#unmoved(type);
    if (unmoved?.storage.owners) {
      for (const [handle, session] of await liveSessions(unmoved, name)) {
        if (!listed.has(handle)) listed.set(handle, session);
      }
    }
    return [...listed.values()].sort((left, right) => right.createdAt.getTime() - left.createdAt.getTime());
  }

  /**
   * Ends a session by its handle.
   * @param options `{ owner }`: only if it belongs to this owner; required for handles from clients, which are not
   * secret. `{ anyOwner: true }`: any session, for administrators.
   * @returns whether the session existed; `false` for an invalid handle.
   * @throws {SessionError} without one of the options.
   */
  async revoke(type: SessionClass, handle: string, options: RevokeOptions): Promise<boolean> {
    const { tracker, name } = this.#byId(type);
    const owner = options?.anyOwner === true ? undefined : givenOwner(options?.owner, 'revoke');
    if (await endByHandle(tracker, handle, owner)) await this.#migrating(type)?.endTwinOf(handle);
    else {
      const unmoved = this.#unmoved(type);
      if (!unmoved || !(await endByHandle(unmoved, handle, owner))) return false;
    }
    this.#runtime.events.emit({ type: 'revoked', session: name, count: 1, handles: [handle] });
    return true;
  }

  /**
   * Ends all sessions of an owner: "sign out everywhere", or after a password change.
   * @param options.except the id of a session to keep, from `sessions.id(type)`.
   * @returns the number of ended sessions.
   */
  async revokeAll(
    type: SessionClass,
    owner: SessionOwnerId,
    options: { readonly except?: string | undefined } = {},
  ): Promise<number> {
    const { tracker, owners, name } = this.#owned(type);
    const ownerName = givenOwner(owner, 'revokeAll');
    const except = isSessionId(options.except) ? options.except : undefined;
    const migrating = this.#migrating(type);
    const listed = migrating ? await owners.list(tracker.storedOwnerOf(ownerName)) : [];
    let handles: readonly string[] = [];
    let count = await tracker.clearByOwner(ownerName, except, (ended) => (handles = ended));
    if (migrating) {
      count += await endOld(migrating, listed, ownerName, except === undefined ? undefined : tracker.handleOf(except));
    }
    if (count > 0) this.#runtime.events.emit({ type: 'revoked', session: name, count, handles });
    return count;
  }

  /** The handle of a session id, to find the current session in `list`. `undefined` for an invalid id. */
  handleOf(type: SessionClass, id: string): string | undefined {
    const { tracker } = this.#byId(type);
    return isSessionId(id) ? tracker.handleOf(id) : undefined;
  }

  #byId<S extends object>(type: SessionClass<S>): { tracker: SessionTrackerById<S>; name: string } {
    const { tracker: registered, name } = this.#runtime.providers.findByType(type);
    const tracker = registered instanceof MigratingSessionTracker ? registered.own : registered;
    if (tracker instanceof SessionTrackerById) return { tracker: tracker as SessionTrackerById<S>, name };
    throw new SessionError(
      'SESSION_WITHOUT_ID',
      `Session "${name}" is by value, so it cannot be listed or revoked. Add tracker: 'by-id'.`,
    );
  }

  #migrating<S extends object>(type: SessionClass<S>): MigratingSessionTracker<S> | undefined {
    const { tracker } = this.#runtime.providers.findByType(type);
    return tracker instanceof MigratingSessionTracker ? tracker : undefined;
  }

  /** The tracker of sessions not yet migrated. */
  #unmoved<S extends object>(type: SessionClass<S>): SessionTrackerById<S> | undefined {
    const from = this.#migrating(type)?.from;
    return from instanceof SessionTrackerById ? from : undefined;
  }

  #owned<S extends object>(
    type: SessionClass<S>,
  ): { tracker: SessionTrackerById<S>; name: string; owners: OwnerIndex } {
    const { tracker, name } = this.#byId(type);
    const { owners } = tracker.storage;
    if (!owners) {
      throw new SessionConfigurationError(
        `The storage of session "${name}" has no owner index, so an owner's sessions cannot be listed or ended. ` +
          'Use a storage with an owner index: memory, directory, Redis or SQL.',
      );
    }
    return { tracker, name, owners };
  }
}

function givenOwner(owner: unknown, method: string): string {
  const text = ownerText(owner, `The owner given to SessionsService.${method}`);
  if (text !== undefined) return text;
  throw new SessionError(
    'SESSION_WRONG_VALUE',
    `SessionsService.${method}: the owner is empty. ` +
      (method === 'revoke'
        ? 'Pass the owner: revoke(Type, handle, { owner: userId }), or { anyOwner: true } for administrators.'
        : 'Pass the id of the user.'),
  );
}

async function liveSessions<S extends object>(
  tracker: SessionTrackerById<S>,
  owner: string,
): Promise<Map<string, OwnedSession<S>>> {
  const listed = new Map<string, OwnedSession<S>>();
  for (const { id, session: stored } of await tracker.listByOwner(tracker.storedOwnerOf(owner))) {
    const session = tracker.peek(stored);
    if (!session) continue;
    listed.set(id, {
      handle: id,
      createdAt: new Date(session.createdAt),
      renewedAt: new Date(session.renewedAt),
      expiresAt: new Date(stored.expiresAt),
      session: session.value,
    });
  }
  return listed;
}

/** @param owner `undefined`: any. @returns whether the session existed. */
async function endByHandle<S extends object>(
  tracker: SessionTrackerById<S>,
  handle: string,
  owner: string | undefined,
): Promise<boolean> {
  if (!tracker.isHandle(handle)) return false;
  const session = await tracker.peekByHandle(handle);
  if (!session) return false;
  if (owner !== undefined && tracker.ownerOf(session.value) !== owner) return false;
  await tracker.clearByHandle(handle);
  return true;
}

/** Ends an owner's sessions in the old storage. @returns how many were not yet migrated. */
async function endOld<S extends object>(
  migrating: MigratingSessionTracker<S>,
  moved: ReadonlyArray<{ readonly id: string }>,
  owner: string,
  except: string | undefined,
): Promise<number> {
  for (const { id } of moved) if (id !== except) await migrating.endTwinOf(id);
  const { from } = migrating;
  if (!(from instanceof SessionTrackerById)) return 0;
  return (await from.storage.owners?.invalidateAll(from.storedOwnerOf(owner), except)) ?? 0;
}
