import { SessionConfigurationError, SessionLimitError } from '../errors/session.errors.js';
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

/** What an {@link OwnerLimit} needs of the tracker that it belongs to. */
export interface LimitedSessions {
  readonly storage: SessionStorage;
  /** `undefined` for what is stored and does not count as a session. */
  peek(stored: StoredSession): { readonly createdAt: number } | undefined;
  clearByHandle(handle: string, reason: 'evicted'): Promise<void>;
}

/** A session that is about to get an owner. Owner and handles are their names in the storage. */
export interface Login {
  readonly owner: string;
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
 * live until the next login. A session that gets a new id at the very moment of a login may count twice.
 */
export class OwnerLimit {
  readonly #name: string;
  readonly #limit: number;
  readonly #refuses: boolean;
  readonly #sessions: LimitedSessions;
  readonly #owners: OwnerIndex;

  /** @throws {SessionConfigurationError} on an option that is wrong, or a storage without an owner index. */
  constructor(name: string, { limit, beyond = 'end-oldest' }: MaxPerOwner, sessions: LimitedSessions) {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new SessionConfigurationError(
        `Session "${name}": maxPerOwner is a whole number of sessions from 1, as in { maxPerOwner: 5 }.`,
      );
    }
    if (beyond !== 'end-oldest' && beyond !== 'refuse') {
      throw new SessionConfigurationError(`Session "${name}": maxPerOwner.beyond is one of 'end-oldest', 'refuse'.`);
    }
    const { owners } = sessions.storage;
    if (!owners) {
      throw new SessionConfigurationError(
        `Session "${name}": maxPerOwner needs a storage that lists the sessions of an owner, and this one has no owner ` +
          'index. Use one that has: memory, directory, Redis, SQL.',
      );
    }
    this.#name = name;
    this.#limit = limit;
    this.#refuses = beyond === 'refuse';
    this.#sessions = sessions;
    this.#owners = owners;
  }

  /**
   * Writes a session where there is room for it, or makes room.
   * @param write gets the times to write, of which the later counts as newer.
   * @throws {SessionLimitError} where there is none. Then, and when the storage fails, it is not stored.
   */
  async admit<T>(login: Login, times: SessionTimes, write: (times: SessionTimes) => Promise<Admitted<T>>): Promise<T> {
    const before = await this.#live(login);
    if (this.#refuses && before.length >= this.#limit) throw new SessionLimitError(this.#name, this.#limit);
    const { handle, written } = await write(latestOf(times, before));
    try {
      if (!this.#refuses) await this.#endOldest(login);
      else if (await this.#isFullWithout(handle, login)) throw new SessionLimitError(this.#name, this.#limit);
      return written;
    } catch (error) {
      await this.#sessions.storage.invalidate(handle).catch(() => undefined);
      throw error;
    }
  }

  // One order for all: what one login takes for the newest, no other ends.
  async #endOldest(login: Login): Promise<void> {
    const newestFirst = (await this.#live(login)).sort(
      (one, other) => other.createdAt - one.createdAt || (one.handle < other.handle ? 1 : -1),
    );
    const surplus = newestFirst.slice(this.#limit);
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

  async #isFullWithout(own: string, login: Login): Promise<boolean> {
    return (await this.#live(login)).filter(({ handle }) => handle !== own).length >= this.#limit;
  }

  async #live({ owner, replaces }: Login): Promise<Present[]> {
    return (await this.#owners.list(owner)).flatMap(({ id, session }) => {
      const present = id === replaces ? undefined : this.#sessions.peek(session);
      return present ? [{ handle: id, createdAt: present.createdAt }] : [];
    });
  }
}

function latestOf({ createdAt, renewedAt, details }: SessionTimes, before: readonly Present[]): SessionTimes {
  const next = before.reduce((latest, present) => Math.max(latest, present.createdAt + 1), createdAt);
  return { createdAt: next, renewedAt: Math.max(renewedAt, next), details };
}
