import { ApplicationFailure } from '../errors/application-failure.js';
import { SessionConfigurationError, SessionLimitError, SessionWrongValueError } from '../errors/session.errors.js';
import type { OwnerIndex, SessionStorage, StoredSession } from '../storage/session-storage.js';
import type { SessionTimes } from './session-lifetime.js';

/** The maximum number of sessions per owner, and what happens beyond it. */
export interface MaxPerOwner {
  /** A whole number from 1. */
  readonly limit: number;
  /**
   * `end-oldest`: the oldest sessions are ended, as by `SessionsService.revoke`. `refuse`: the login fails with a
   * {@link SessionLimitError} (409); nothing is stored or sent. Default `end-oldest`.
   */
  readonly beyond?: 'end-oldest' | 'refuse';
}

/**
 * The same as a function of the session that gets an owner, for plans and roles. Returns a number, the long form, or
 * `null` for no limit; anything else fails the login.
 */
export type MaxPerOwnerOf<S extends object = object> = MaxPerOwnerFunction<S>['of'];

// A method, for bivariance: functions of different sessions fit into one list.
export interface MaxPerOwnerFunction<S> {
  of(session: S): number | MaxPerOwner | null;
}

/** The part of the tracker that {@link OwnerLimit} uses. */
export interface LimitedSessions {
  readonly storage: SessionStorage;
  /** The records of an owner. */
  listByOwner(storedOwner: string): ReturnType<OwnerIndex['list']>;
  /** `undefined` for a record that is no live session. */
  peek(stored: StoredSession): { readonly createdAt: number; readonly renewedAt: number } | undefined;
  clearByHandle(handle: string, reason: 'evicted'): Promise<void>;
}

/** A session that is about to get an owner. Owner and handles are keys of the storage. */
export interface Login {
  readonly owner: string;
  /** The session; the limit may depend on it. */
  readonly session: object;
  /** A session that ends with this login and does not count. */
  readonly replaces?: string | undefined;
  /** Called with the handles of ended sessions. */
  readonly onRevoked?: ((handles: readonly string[]) => void) | undefined;
}

/** A session that was written for a {@link Login}. */
export interface Admitted<T> {
  readonly handle: string;
  readonly written: T;
}

interface Present {
  readonly handle: string;
  readonly createdAt: number;
  readonly renewedAt: number;
}

/**
 * Enforces the maximum number of live sessions per owner. A login lists the owner's sessions before it writes and again
 * after, so that parallel logins see each other. Other requests cost nothing.
 *
 * **`end-oldest`**: during logins there may be one session more for each of them; when the last one is answered,
 * exactly the newest sessions are left. A login counts as newer than all sessions it found, whatever the clocks of the
 * servers: its time of creation is set after theirs. Parallel logins are ordered by their times.
 *
 * **`refuse`**: never more sessions than the limit. Two parallel logins for the last place may both be refused.
 *
 * If the list fails, the login fails. After the limit was lowered, sessions beyond it live until the next login. A
 * session that is rotated during a login may count twice; one whose login to another owner fails then may not count
 * until the next login.
 */
export class OwnerLimit {
  readonly #name: string;
  readonly #limit: Required<MaxPerOwner> | MaxPerOwnerOf;
  readonly #sessions: LimitedSessions;

  /** @throws {SessionConfigurationError} on an option that is wrong, or a storage without an owner index. */
  constructor(name: string, limit: MaxPerOwner | MaxPerOwnerOf<never>, sessions: LimitedSessions) {
    const problem = typeof limit === 'function' ? undefined : problemOf(limit);
    if (problem) throw new SessionConfigurationError(`Session "${name}": ${problem}`);
    if (!sessions.storage.owners) {
      throw new SessionConfigurationError(
        `Session "${name}": maxPerOwner needs a storage that lists the sessions of an owner, and this one has no owner ` +
          'index. Use one that has: memory, directory, Redis, SQL.',
      );
    }
    this.#name = name;
    this.#limit = typeof limit === 'function' ? limit : { beyond: 'end-oldest', ...limit };
    this.#sessions = sessions;
  }

  /**
   * Writes a session within the limit, and ends others if needed.
   * @param write called with the times to write; later times are newer.
   * @throws {SessionLimitError} beyond the limit. Then, and if the storage fails, the session is not stored.
   */
  async admit<T>(login: Login, times: SessionTimes, write: (times: SessionTimes) => Promise<Admitted<T>>): Promise<T> {
    const rule = this.#ruleFor(login);
    if (!rule) return (await write(times)).written;
    const { limit } = rule;
    const refuses = rule.beyond === 'refuse';
    const before = await this.#live(login);
    if (refuses) this.#refuseBeyond(limit, before);
    const { handle, written } = await write(latestOf(times, before));
    try {
      if (refuses) this.#refuseBeyond(limit, await this.#live(login), handle);
      else await this.#endOldest(login, limit);
      return written;
    } catch (error) {
      await this.#sessions.storage.invalidate(handle).catch(() => undefined);
      throw error;
    }
  }

  // All logins use one order: no login ends what another one considers newest.
  async #endOldest(login: Login, limit: number): Promise<void> {
    const newestFirst = (await this.#live(login)).sort(
      (one, other) => other.createdAt - one.createdAt || (one.handle < other.handle ? 1 : -1),
    );
    const surplus = newestFirst.slice(limit);
    const ended: string[] = [];
    try {
      // In sequence: after the limit was lowered there may be many.
      for (const { handle } of surplus) {
        await this.#sessions.clearByHandle(handle, 'evicted');
        ended.push(handle);
      }
    } finally {
      if (ended.length > 0) login.onRevoked?.(ended);
    }
  }

  #refuseBeyond(limit: number, live: readonly Present[], own?: string): void {
    const others = live.filter(({ handle }) => handle !== own);
    if (others.length >= limit) throw new SessionLimitError(this.#name, limit, others);
  }

  /** `undefined`: no limit. */
  #ruleFor({ session }: Login): Required<MaxPerOwner> | undefined {
    if (typeof this.#limit !== 'function') return this.#limit;
    const result = resultOf(this.#limit, session);
    if (result === null) return undefined;
    const rule = { beyond: 'end-oldest', ...(typeof result === 'object' ? result : { limit: result }) } as const;
    const problem = problemOf(rule);
    if (!problem) return rule;
    throw new SessionWrongValueError(`Session "${this.#name}": what the function gave is wrong. ${problem}`);
  }

  async #live({ owner, replaces }: Login): Promise<Present[]> {
    return (await this.#sessions.listByOwner(owner)).flatMap(({ id, session }) => {
      const present = id === replaces ? undefined : this.#sessions.peek(session);
      return present ? [{ handle: id, createdAt: present.createdAt, renewedAt: present.renewedAt }] : [];
    });
  }
}

function resultOf(limit: MaxPerOwnerOf, session: object): ReturnType<MaxPerOwnerOf> {
  try {
    return limit(session);
  } catch (error) {
    throw new ApplicationFailure(error);
  }
}

function problemOf({ limit, beyond = 'end-oldest' }: MaxPerOwner): string | undefined {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    return 'maxPerOwner must be a whole number from 1, as in { maxPerOwner: 5 }.';
  }
  if (beyond === 'end-oldest' || beyond === 'refuse') return undefined;
  return "maxPerOwner.beyond must be one of 'end-oldest', 'refuse'.";
}

function latestOf({ createdAt, renewedAt, details }: SessionTimes, before: readonly Present[]): SessionTimes {
  const next = before.reduce((latest, present) => Math.max(latest, present.createdAt + 1), createdAt);
  return { createdAt: next, renewedAt: Math.max(renewedAt, next), details };
}
