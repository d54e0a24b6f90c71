import { ApplicationFailure } from '../errors/application-failure.js';
import {
  SessionConfigurationError,
  SessionLimitError,
  SessionStorageUnavailableError,
  SessionWrongValueError,
} from '../errors/session.errors.js';
import type { OwnerIndex, SessionStorage, StoredSession } from '../storage/session-storage.js';
import { repeatUntilDone } from './repeat-until-done.js';
import { CLOCK_SKEW_IN_MILLISECONDS, type SessionTimes } from './session-lifetime.js';

/** Limits the sessions per owner. */
export interface MaxPerOwner {
  /** A whole number from 1. */
  readonly limit: number;
  /** `end-oldest`, or `refuse`: the login fails with {@link SessionLimitError} (409). Default `end-oldest`. */
  readonly beyond?: 'end-oldest' | 'refuse';
}

/** The limit of a session, for plans and roles; `null`: no limit. */
export type MaxPerOwnerOf<S extends object = object> = MaxPerOwnerFunction<S>['of'];

// A method, for bivariance.
export interface MaxPerOwnerFunction<S> {
  of(session: S): number | MaxPerOwner | null;
}

interface OwnerSessions {
  readonly storage: SessionStorage;
  listByOwner(storedOwner: string): ReturnType<OwnerIndex['list']>;
  /** `undefined` for a record that does not count. */
  peekPlace(stored: StoredSession): OwnerPlace | undefined;
  clearByHandle(handle: string, reason: 'evicted'): Promise<void>;
  /** Marks a session as ended by the login `successor`. @returns whether it was there. */
  evict(handle: string, stored: StoredSession, successor: string): Promise<boolean>;
  /** Ends it, after the login has succeeded. */
  endEvicted(handle: string): Promise<void>;
  /** Restores it, after the login has failed. */
  restore(handle: string): Promise<void>;
}

/** A session that counts for its owner. */
interface OwnerPlace {
  readonly createdAt: number;
  readonly renewedAt: number;
  /** `pending`: its login is not confirmed; `stale`: it has probably failed. `leaving`: a login is about to end it. */
  readonly state: 'settled' | 'pending' | 'stale' | 'leaving';
}

/** A session that is about to get an owner. */
interface Login {
  readonly owner: string;
  readonly session: object;
  /** Ends with this login. */
  readonly replaces?: string | undefined;
  readonly onRevoked?: ((handles: readonly string[]) => void) | undefined;
}

/** A pending session that was written for a {@link Login}. */
interface WrittenLogin<T> {
  readonly handle: string;
  readonly written: T;
}

/** A session that may be confirmed. */
interface Admitted<T> {
  readonly written: T;
  readonly admission?: Admission;
}

/** Ends the oldest sessions of an owner, in steps around the confirmation of a login. */
export interface Admission {
  makeRoom(): Promise<void>;
  /** After the confirmation. */
  finish(): Promise<void>;
  readonly evicted: readonly string[];
  /** After the login has failed. */
  restore(): Promise<void>;
}

interface LiveSession extends OwnerPlace {
  readonly handle: string;
  readonly stored: StoredSession;
}

const MAX_ROUNDS = 5;

/**
 * Limits the live sessions per owner. A login lists them before and after its write, so that parallel logins see each
 * other.
 *
 * `end-oldest`: each login gets a later time than the sessions it found, whatever the clocks of the servers. The oldest
 * sessions are marked before the confirmation and ended after it, so a failed login ends no session. During parallel logins
 * there may briefly be one session more for each.
 *
 * `refuse`: never more sessions than the limit; two parallel logins for the last place may both be refused.
 */
export class OwnerLimit {
  readonly #name: string;
  readonly #limit: Required<MaxPerOwner> | MaxPerOwnerOf;
  readonly #sessions: OwnerSessions;

  /** @throws {SessionConfigurationError} on a wrong option, or a storage without an owner index. */
  constructor(name: string, limit: MaxPerOwner | MaxPerOwnerOf<never>, sessions: OwnerSessions) {
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
  async admit<T>(
    login: Login,
    times: SessionTimes,
    write: (times: SessionTimes) => Promise<WrittenLogin<T>>,
  ): Promise<Admitted<T>> {
    const rule = this.#ruleFor(login);
    if (!rule) return { written: (await write(times)).written };
    const { limit } = rule;
    const refuses = rule.beyond === 'refuse';
    const before = await this.#live(login);
    if (refuses) await this.#refuseBeyond(limit, before);
    const { handle, written } = await write(timesAfter(times, before));
    if (!refuses) return { written, admission: this.#admission(login, handle, limit, before) };
    try {
      await this.#refuseBeyond(limit, await this.#live(login), handle);
      return { written };
    } catch (error) {
      const { storage } = this.#sessions;
      const end = async (): Promise<unknown> => storage.invalidate(handle);
      await end().catch(() => void repeatUntilDone(end).catch(ignore));
      throw error;
    }
  }

  #admission(login: Login, own: string, limit: number, before: readonly LiveSession[]): Admission {
    const known = new Set(before.map(({ handle }) => handle));
    const evicted: string[] = [];
    let surplus: readonly LiveSession[] = [];
    return {
      evicted,
      makeRoom: async () => {
        for (let round = 1; round <= MAX_ROUNDS; round++) {
          surplus = this.#surplusOf(await this.#live(login), own, limit, known);
          let isComplete = true;
          for (const { handle, stored, state } of surplus) {
            if (handle === own || state === 'pending' || state === 'stale')
              await this.#sessions.clearByHandle(handle, 'evicted');
            else if (state === 'settled' && !evicted.includes(handle)) {
              // Before the call, whose outcome may stay unknown.
              evicted.push(handle);
              if (await this.#sessions.evict(handle, stored, own)) continue;
              evicted.pop();
              isComplete = false;
              break;
            }
          }
          if (isComplete) return;
        }
        throw new SessionStorageUnavailableError('The sessions of the owner changed during each attempt. Try again.');
      },
      finish: async () => {
        if (surplus.length > 0) login.onRevoked?.(surplus.map(({ handle }) => handle));
        const ended = surplus.filter(({ state }) => state === 'settled' || state === 'leaving');
        for (const { handle } of ended) await this.#sessions.endEvicted(handle);
      },
      restore: async () => {
        for (const handle of evicted) await this.#sessions.restore(handle);
      },
    };
  }

  /** All logins use one order, so no login ends a session that another considers newest. */
  #surplusOf(
    live: readonly LiveSession[],
    own: string,
    limit: number,
    known: ReadonlySet<string>,
  ): readonly LiveSession[] {
    const isOld = ({ handle, state }: LiveSession): boolean => handle !== own && state === 'stale';
    const newestFirst = live.toSorted(
      (one, other) =>
        Number(isOld(one)) - Number(isOld(other)) ||
        (one.handle === own && known.has(other.handle) ? -1 : 0) ||
        (other.handle === own && known.has(one.handle) ? 1 : 0) ||
        other.createdAt - one.createdAt ||
        (one.handle < other.handle ? 1 : -1),
    );
    const surplus = newestFirst.slice(limit);
    const mine = surplus.find(({ handle }) => handle === own);
    return mine ? [mine] : surplus;
  }

  /** Ends the sessions of failed logins if they take the last places. */
  async #refuseBeyond(limit: number, live: readonly LiveSession[], own?: string): Promise<void> {
    const others = live.filter(({ handle }) => handle !== own);
    const stale = others.filter(({ state }) => state === 'stale');
    if (others.length - stale.length >= limit) throw new SessionLimitError(this.#name, limit, others);
    if (others.length < limit) return;
    for (const { handle } of stale) await this.#sessions.clearByHandle(handle, 'evicted');
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
      const place = id === replaces ? undefined : this.#sessions.peekPlace(session);
      return place ? [{ ...place, handle: id, stored: session }] : [];
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
  const latest = before.reduce((time, present) => Math.max(time, present.createdAt + 1), createdAt);
  const next = Math.min(latest, createdAt + CLOCK_SKEW_IN_MILLISECONDS);
  return { createdAt: next, renewedAt: Math.max(renewedAt, next), details };
}

function ignore(): void {}
