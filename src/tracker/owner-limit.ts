import { ApplicationFailure } from '../errors/application-failure.js';
import { SessionConfigurationError, SessionLimitError, SessionWrongValueError } from '../errors/session.errors.js';
import type { OwnerIndex, SessionStorage, StoredSession } from '../storage/session-storage.js';
import type { SessionTimes } from './session-lifetime.js';

/** The maximum number of sessions per owner. */
export interface MaxPerOwner {
  /** A whole number from 1. */
  readonly limit: number;
  /**
   * `end-oldest`: ends the oldest sessions. `refuse`: the login fails with a {@link SessionLimitError} (409). Default
   * `end-oldest`.
   */
  readonly beyond?: 'end-oldest' | 'refuse';
}

/** The limit of a session, for plans and roles; `null`: no limit. */
export type MaxPerOwnerOf<S extends object = object> = MaxPerOwnerFunction<S>['of'];

// A method, for bivariance.
export interface MaxPerOwnerFunction<S> {
  of(session: S): number | MaxPerOwner | null;
}

export interface LimitedSessions {
  readonly storage: SessionStorage;
  listByOwner(storedOwner: string): ReturnType<OwnerIndex['list']>;
  /** `undefined`: no live session. */
  peek(stored: StoredSession): { readonly createdAt: number; readonly renewedAt: number } | undefined;
  clearByHandle(handle: string, reason: 'evicted'): Promise<void>;
}

/** A session that is about to get an owner. */
export interface Login {
  readonly owner: string;
  readonly session: object;
  /** Ends with this login and does not count. */
  readonly replaces?: string | undefined;
  readonly onRevoked?: ((handles: readonly string[]) => void) | undefined;
}

export interface Admitted<T> {
  readonly handle: string;
  readonly written: T;
}

interface LiveSession {
  readonly handle: string;
  readonly createdAt: number;
  readonly renewedAt: number;
}

/**
 * Enforces the maximum number of live sessions per owner. A login lists the owner's sessions before and after it
 * writes, so that parallel logins see each other.
 *
 * `end-oldest`: each login gets a later time than the sessions it found, whatever the clocks of the servers. After
 * parallel logins, exactly the newest sessions are left.
 *
 * `refuse`: never more sessions than the limit; two parallel logins for the last place may both be refused.
 */
export class OwnerLimit {
  readonly #name: string;
  readonly #limit: Required<MaxPerOwner> | MaxPerOwnerOf;
  readonly #sessions: LimitedSessions;

  /** @throws {SessionConfigurationError} on a wrong option, or a storage without an owner index. */
  constructor(name: string, limit: MaxPerOwner | MaxPerOwnerOf<never>, sessions: LimitedSessions) {
    const problem = typeof limit === 'function' ? undefined : problemOf(limit);
    if (problem) throw new SessionConfigurationError(`Session "${name}": ${problem}`);
    if (!sessions.storage.owners) {
      throw new SessionConfigurationError(
        `Session "${name}": maxPerOwner needs a storage with an owner index. Use memory, directory, Redis or SQL.`,
      );
    }
    this.#name = name;
    this.#limit = typeof limit === 'function' ? limit : { beyond: 'end-oldest', ...limit };
    this.#sessions = sessions;
  }

  /**
   * @param write called with the times to write.
   * @throws {SessionLimitError} beyond the limit; the session is not stored.
   */
  async admit<T>(login: Login, times: SessionTimes, write: (times: SessionTimes) => Promise<Admitted<T>>): Promise<T> {
    const rule = this.#ruleFor(login);
    if (!rule) return (await write(times)).written;
    const { limit } = rule;
    const refuses = rule.beyond === 'refuse';
    const before = await this.#live(login);
    if (refuses) this.#refuseBeyond(limit, before);
    const { handle, written } = await write(timesAfter(times, before));
    try {
      if (refuses) this.#refuseBeyond(limit, await this.#live(login), handle);
      else await this.#endOldest(login, limit);
      return written;
    } catch (error) {
      await this.#sessions.storage.invalidate(handle).catch(() => undefined);
      throw error;
    }
  }

  // One order for all, so that no login ends what another one keeps.
  async #endOldest(login: Login, limit: number): Promise<void> {
    const newestFirst = (await this.#live(login)).sort(
      (one, other) => other.createdAt - one.createdAt || (one.handle < other.handle ? 1 : -1),
    );
    const surplus = newestFirst.slice(limit);
    const ended: string[] = [];
    try {
      for (const { handle } of surplus) {
        await this.#sessions.clearByHandle(handle, 'evicted');
        ended.push(handle);
      }
    } finally {
      if (ended.length > 0) login.onRevoked?.(ended);
    }
  }

  #refuseBeyond(limit: number, live: readonly LiveSession[], own?: string): void {
    const others = live.filter(({ handle }) => handle !== own);
    if (others.length >= limit) throw new SessionLimitError(this.#name, limit, others);
  }

  #ruleFor({ session }: Login): Required<MaxPerOwner> | undefined {
    if (typeof this.#limit !== 'function') return this.#limit;
    const result = resultOf(this.#limit, session);
    if (result === null) return undefined;
    const rule = { beyond: 'end-oldest', ...(typeof result === 'object' ? result : { limit: result }) } as const;
    const problem = problemOf(rule);
    if (!problem) return rule;
    throw new SessionWrongValueError(
      `Session "${this.#name}": the function maxPerOwner returned a wrong value. ${problem}`,
    );
  }

  async #live({ owner, replaces }: Login): Promise<LiveSession[]> {
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

function timesAfter({ createdAt, renewedAt, details }: SessionTimes, before: readonly LiveSession[]): SessionTimes {
  const next = before.reduce((latest, present) => Math.max(latest, present.createdAt + 1), createdAt);
  return { createdAt: next, renewedAt: Math.max(renewedAt, next), details };
}
