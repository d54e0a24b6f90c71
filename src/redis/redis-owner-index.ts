import { readListed } from '../storage/read-listed.js';
import type { OwnerIndex, StoredSession } from '../storage/session-storage.js';
import { textsOf, type RedisCommand } from './redis-command.js';
import type { RedisKeys } from './redis-keys.js';
import { ADD_TO_OWNER, DROP_FROM_OWNER, runScript } from './redis-scripts.js';

/** The session that this call ended; `dead` if it was ended before. */
export type TakenSession = StoredSession | 'dead' | undefined;

export interface IndexedSessions {
  read(id: string): Promise<StoredSession | undefined>;
  take(id: string): Promise<TakenSession>;
}

/** A younger id without a session may be a session being created. */
const GRACE_IN_MILLISECONDS = 60_000;
const CONCURRENT_COMMANDS = 250;

/**
 * A sorted set of ids per owner, scored by the time of addition. An id is added before its session and may outlive it;
 * listing removes leftovers.
 */
export class RedisOwnerIndex implements OwnerIndex {
  readonly #command: RedisCommand;
  readonly #keys: RedisKeys;
  readonly #sessions: IndexedSessions;
  readonly #now: () => string;

  /** @param now the argument `now` of scripts: epoch milliseconds, or empty for the server's clock. */
  constructor(command: RedisCommand, keys: RedisKeys, sessions: IndexedSessions, now: () => string) {
    this.#command = command;
    this.#keys = keys;
    this.#sessions = sessions;
    this.#now = now;
  }

  async add(owner: string, id: string, latestExpiry: number): Promise<void> {
    const args = [this.#now(), id, String(latestExpiry)];
    await runScript(this.#command, ADD_TO_OWNER, this.#keys.owner(owner), args);
  }

  async remove(owner: string, ids: readonly string[]): Promise<void> {
    const key = this.#keys.owner(owner);
    for (let start = 0; start < ids.length; start += CONCURRENT_COMMANDS) {
      await this.#command(key, false, ['ZREM', key, ...ids.slice(start, start + CONCURRENT_COMMANDS)]);
    }
  }

  async list(owner: string): Promise<Array<{ readonly id: string; readonly session: StoredSession }>> {
    const found = await readListed(
      () => this.#ids(owner),
      (ids) => inBatches(ids, (id) => this.#sessions.read(id)),
    );
    const missing = [...found].flatMap(([id, session]) => (session ? [] : [id]));
    if (missing.length > 0) await this.#drop(owner, missing);
    return [...found].flatMap(([id, session]) => (session?.owner === owner ? [{ id, session }] : []));
  }

  async invalidateAll(owner: string, except?: string): Promise<number> {
    let total = 0;
    const known = new Set<string>();
    // A rotating session adds its new id before the old one ends, which may be between the two commands.
    for (;;) {
      const ids = (await this.#ids(owner)).filter((id) => id !== except);
      const taken = await inBatches(ids, (id) => this.#sessions.take(id));
      const ended = ids.filter((_id, index) => typeof taken[index] === 'object');
      const mayHaveRotated = ids.some((id, index) => taken[index] === 'dead' && !known.has(id));
      for (const id of ids) known.add(id);
      await this.remove(owner, ended);
      total += ended.length;
      if (ended.length > 0 || mayHaveRotated) continue;
      if (ids.length > 0) await this.#drop(owner, ids);
      return total;
    }
  }

  async #ids(owner: string): Promise<string[]> {
    const key = this.#keys.owner(owner);
    return textsOf(await this.#command(key, true, ['ZRANGE', key, '0', '-1']));
  }

  async #drop(owner: string, missing: readonly string[]): Promise<void> {
    const key = this.#keys.owner(owner);
    for (let start = 0; start < missing.length; start += CONCURRENT_COMMANDS) {
      const ids = missing.slice(start, start + CONCURRENT_COMMANDS);
      await runScript(this.#command, DROP_FROM_OWNER, key, [this.#now(), String(GRACE_IN_MILLISECONDS), ...ids]);
    }
  }
}

async function inBatches<T>(ids: readonly string[], run: (id: string) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let start = 0; start < ids.length; start += CONCURRENT_COMMANDS) {
    results.push(...(await Promise.all(ids.slice(start, start + CONCURRENT_COMMANDS).map(run))));
  }
  return results;
}
