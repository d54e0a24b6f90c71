import { Inject, Injectable } from '@nestjs/common';
import { SessionConfigurationError, SessionError } from '../errors/session.errors.js';
import type { RequestSessions } from '../session/request-sessions.js';
import type { OwnerIndex } from '../storage/session-storage.js';
import type { SessionClass } from '../tracker/session-class.js';
import { MigratingSessionTracker } from '../session/migrating-session-tracker.js';
import { SessionTrackerById } from '../tracker/session-tracker-by-id.js';
import { isSessionId } from '../tracker/session-id-provider.js';
import { ownerText, type SessionOwnerId } from '../tracker/session-owner.js';
import { httpSessionsOf } from './request/sessions-of-request.js';
import { SessionsRuntime } from './sessions-runtime.js';

/** May be shown to its owner. */
export interface OwnedSession<S extends object = object> {
  /** For `revoke`; not a credential. */
  readonly handle: string;
  readonly createdAt: Date;
  /** Last use, exact to a tenth of the idle timeout. */
  readonly renewedAt: Date;
  /** Without further use. */
  readonly expiresAt: Date;
  /** A copy of the content. */
  readonly session: S;
}

export type RevokeOptions =
  | { readonly owner: SessionOwnerId; readonly anyOwner?: false }
  | { readonly anyOwner: true; readonly owner?: undefined };

/** Lists and ends by-id sessions by owner. */
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
      throw new SessionError(
        'SESSION_NO_REQUEST',
        'SessionsService.current: there is no current request. Call it while a request is handled.',
      );
    }
    return httpSessionsOf(request).exchange;
  }

  /**
   * The owner's live sessions, newest first. With `from: sameSession(…)`, a just migrated one may appear twice for a
   * minute.
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
   * Ends a session.
   * @param options `{ owner }` for a handle from a client, because handles are not secret; `{ anyOwner: true }` for
   * administrators.
   * @returns whether it existed.
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
   * Ends all sessions of an owner.
   * @param options.except id of a session to keep.
   * @returns how many ended.
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

  /** To find the current session in `list`. */
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

/** @param owner `undefined`: any. */
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

/** @returns how many were not yet migrated. */
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
