import { ApplicationFailure } from '../errors/application-failure.js';
import { SessionConfigurationError, SessionLimitError, SessionWrongValueError } from '../errors/session.errors.js';
import type { OwnerIndex, SessionStorage, StoredSession } from '../storage/session-storage.js';
import type { SessionTimes } from './session-lifetime.js';

/** How many sessions one owner may have at a time, and what happens to one more. */
export interface MaxPerOwner {
  /** A whole number from 1. */
  readonly limit: number;
  /**
   * `end-oldest`: those that were created first are ended, as by `SessionsService.revoke`. `refuse`: the login is
   * refused by a {@link SessionLimitError}, answered with 409; nothing is stored or sent. Default `end-oldest`.
   */
  readonly beyond?: 'end-oldest' | 'refuse';
}

/**
 * The same as a function of the session that gets an owner, for plans and roles: a number, the long form, or `null` for
 * no limit. Anything else fails the login.
 */
export type MaxPerOwnerOf<S extends object = object> = MaxPerOwnerFunction<S>['of'];

// A method, so that functions of different sessions fit into one list.
export interface MaxPerOwnerFunction<S> {
  of(session: S): number | MaxPerOwner | null;
}

/** What an {@link OwnerLimit} needs of the tracker that it belongs to. */
export interface LimitedSessions {
  readonly storage: SessionStorage;
  /** The records of an owner. */
  listByOwner(storedOwner: string): ReturnType<OwnerIndex['list']>;
  /** `undefined` for what is stored and does not count as a session. */
  peek(stored: StoredSession): { readonly createdAt: number; readonly renewedAt: number } | undefined;
  clearByHandle(handle: string, reason: 'evicted'): Promise<void>;
}

/** A session that is about to get an owner. Owner and handles are their names in the storage. */
export interface Login {
  readonly owner: string;
  /** The session itself, of which the limit may depend. */
  readonly session: object;
  /** A session that ends with this login, so that it does not count. */
  readonly replaces?: string | undefined;
  /** Told the handles of sessions that were ended to make room. */
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
 * Keeps the number of an owner's live sessions. It is looked at whenever a session gets an owner, before it is written
 * and again after, so that parallel logins see each other. That costs a login two lists of the owner's sessions; other
 * requests cost nothing.
 *
 * **`end-oldest`**: while logins of one owner are under way there may be as many more sessions than the limit as there
 * are logins; when the last of them is answered, exactly the newest are left. A login counts as newer than all that it
 * found, whatever the clocks of the servers say: its time of creation is put after theirs. Parallel ones go by their
 * times, and where they are more than the limit some of them are ended at once.
 *
 * **`refuse`**: never more than the limit are let in. Of parallel logins for the last place each may be refused because
 * of the other.
 *
 * A login whose limit cannot be looked at fails as any storage failure. Where the limit was lowered, sessions beyond it
 * live until the next login. A session that gets a new id at the very moment of a login may count twice; one whose login
 * to another owner fails at that moment may not count, and then lives until the next login.
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
   * Writes a session where there is room for it, or makes room.
   * @param write gets the times to write, of which the later counts as newer.
   * @throws {SessionLimitError} where there is none. Then, and when the storage fails, it is not stored.
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

  // One order for all: what one login takes for the newest, no other ends.
  async #endOldest(login: Login, limit: number): Promise<void> {
    const newestFirst = (await this.#live(login)).sort(
      (one, other) => other.createdAt - one.createdAt || (one.handle < other.handle ? 1 : -1),
    );
    const surplus = newestFirst.slice(limit);
    const ended: string[] = [];
    try {
      // One after the other: where the limit was lowered there may be many.
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
    const said = resultOf(this.#limit, session);
    if (said === null) return undefined;
    const rule = { beyond: 'end-oldest', ...(typeof said === 'object' ? said : { limit: said }) } as const;
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
    return 'maxPerOwner is a whole number of sessions from 1, as in { maxPerOwner: 5 }.';
  }
  if (beyond === 'end-oldest' || beyond === 'refuse') return undefined;
  return "maxPerOwner.beyond is one of 'end-oldest', 'refuse'.";
}

function latestOf({ createdAt, renewedAt, details }: SessionTimes, before: readonly Present[]): SessionTimes {
  const next = before.reduce((latest, present) => Math.max(latest, present.createdAt + 1), createdAt);
  return { createdAt: next, renewedAt: Math.max(renewedAt, next), details };
}
