import { randomInt } from 'node:crypto';
import {
  NEVER,
  TOMBSTONE_IN_MILLISECONDS,
  type OwnerIndex,
  type ReplaceResult,
  type SessionStorage,
  type SessionToStore,
  type StoredSession,
} from '../storage/session-storage.js';
import { closerOf } from '../storage/owned-client.js';
import { redisCommandOf, type RedisClient, type RedisCommand } from './redis-command.js';
import { RedisKeys } from './redis-keys.js';
import { RedisOwnerIndex } from './redis-owner-index.js';
import { textOf } from './redis-reply.js';
import { BURY, REPLACE, runScript, TOUCH } from './redis-scripts.js';
import { decodeRedisValue, encodeDeadline, encodeOwnerAndValue, encodeRedisValue } from './redis-value.js';

export interface SessionStorageRedisOptions {
  /**
   * A client of Redis 6.2 or newer, or Valkey, that the application made, connected and closes: node-redis, ioredis,
   * iovalkey or @valkey/valkey-glide; a single one, pool, cluster or sentinel; or a function that sends one command.
   */
  readonly client: RedisClient;
  /**
   * The storage closes the client with {@link close}, which `SessionsModule` calls last of all: when the server has answered
   * every request. Default `false`: the application closes it, in `onApplicationShutdown`.
   */
  readonly ownClient?: boolean;
  /** What the names of all keys begin with. Default `nestjs-sessions:`. Not with `{`, `}` or spaces. */
  readonly prefix?: string;
  /** The clock, epoch milliseconds. Default `Date.now`. Redis itself removes sessions by its own. */
  readonly now?: () => number;
}

/**
 * Keeps sessions in Redis or Valkey.
 *
 * | key | type | holds |
 * |---|---|---|
 * | `nestjs-sessions:<id>` | string | `<deadline>\|<version>\|<owner>\|<value>`, expires at the deadline |
 * | `nestjs-sessions:owner:<owner>` | sorted set | the ids of an owner's sessions; only for sessions with an owner |
 *
 * **Cost.** `read` is one `GET`, `replace` and `touch` one `EVALSHA`, `create` one `SET … NX` and `invalidate` one `EVALSHA`;
 * the last two take one command more for a session with an owner. Every command names one key, so that a cluster
 * serves them all.
 *
 * **Promises.** Versions, `replace` and `touch` are exact, whatever the number of processes. Redis removes expired
 * sessions. An owner's list is exact; `owners.invalidateAll` ends sessions one by one until none is left.
 *
 * **A crash** of Redis loses what its persistence had not written, and a failover what the replica had not received:
 * with `appendfsync everysec` the last second, a logout in it included. Set `maxmemory-policy` to `noeviction` or
 * `volatile-ttl`: others remove live sessions, see {@link inspect}.
 *
 * Replicas lag, so every command goes to the primary. Of ioredis with `scaleReads`, that is for the application to
 * see to.
 */
export class SessionStorageRedis implements SessionStorage {
  readonly owners: OwnerIndex;
  readonly ownsClient: boolean;
  /** Closes the client; there with `ownClient: true` only. */
  declare readonly close?: () => Promise<void>;
  readonly #index: RedisOwnerIndex;
  readonly #command: RedisCommand;
  readonly #keys: RedisKeys;
  readonly #now: () => number;

  /** @throws {SessionConfigurationError} for a client that is none, or a prefix that cannot be used. */
  constructor(options: SessionStorageRedisOptions) {
    this.#command = redisCommandOf(options?.client);
    const close = closerOf('redisSessionStorage', options.client, options.ownClient);
    this.ownsClient = close !== undefined;
    if (close) Object.assign(this, { close });
    this.#keys = new RedisKeys(options.prefix ?? 'nestjs-sessions:');
    this.#now = options.now ?? (() => Date.now());
    const sessions = { read: (id: string) => this.read(id), take: (id: string) => this.#take(id) };
    this.#index = new RedisOwnerIndex(this.#command, this.#keys, sessions, this.#now);
    this.owners = this.#index;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const key = this.#keys.session(id);
    return this.#live(await this.#command(key, true, ['GET', key]));
  }

  async write(id: string, session: SessionToStore): Promise<string> {
    const key = this.#keys.session(id);
    const { expiresAt, owner, latestExpiry = NEVER } = session;
    const version = newVersion();
    if (expiresAt <= this.#now()) {
      await this.#command(key, false, ['DEL', key]);
      return version;
    }
    if (owner !== undefined) await this.#index.add(owner, id, Math.max(expiresAt, latestExpiry));
    const value = encodeRedisValue(session, version);
    await this.#command(key, false, ['SET', key, value, 'PXAT', encodeDeadline(expiresAt)]);
    return version;
  }

  async create(id: string, session: SessionToStore): Promise<string | undefined> {
    const key = this.#keys.session(id);
    const { expiresAt, owner, latestExpiry = NEVER } = session;
    const version = newVersion();
    if (expiresAt <= this.#now()) return version;
    if (owner !== undefined) await this.#index.add(owner, id, Math.max(expiresAt, latestExpiry));
    const value = encodeRedisValue(session, version);
    const reply = await this.#command(key, false, ['SET', key, value, 'PXAT', encodeDeadline(expiresAt), 'NX']);
    if (textOf(reply) !== undefined) return version;
    // A client that sends a command again after a broken connection meets its own first attempt.
    return textOf(await this.#command(key, true, ['GET', key])) === value ? version : undefined;
  }

  async invalidate(id: string): Promise<boolean> {
    const ended = await this.#take(id);
    if (ended?.owner !== undefined) await this.#index.remove(ended.owner, [id]);
    return ended !== undefined;
  }

  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    const deadline = encodeDeadline(session.expiresAt);
    const args = [version ?? '', deadline, encodeOwnerAndValue(session), encodeDeadline(this.#now())];
    const reply = textOf(await runScript(this.#command, REPLACE, this.#keys.session(id), args));
    if (reply !== undefined && /^\d{1,16}$/.test(reply)) return { status: 'replaced', version: reply };
    const current = this.#live(reply);
    return current ? { status: 'conflict', current } : { status: 'gone' };
  }

  async touch(id: string, expiresAt: number, version?: string, latestExpiry?: number): Promise<boolean> {
    const args = [encodeDeadline(expiresAt), version ?? '', encodeDeadline(this.#now())];
    const head = textOf(await runScript(this.#command, TOUCH, this.#keys.session(id), args));
    if (head === undefined) return false;
    // The index must outlive the session, also one that is renewed under a longer timeout than it was made under.
    const owner = decodeRedisValue(head)?.owner;
    if (owner !== undefined) await this.#index.add(owner, id, Math.max(expiresAt, latestExpiry ?? NEVER));
    return true;
  }

  async ping(): Promise<void> {
    await this.#command(undefined, true, ['PING']);
  }

  /** Asks for the server's eviction policy; see {@link SessionStorage.inspect}. */
  async inspect(): Promise<readonly string[]> {
    const info = await this.#command(undefined, true, ['INFO', 'memory']).catch(() => '');
    const policy = /maxmemory_policy:([a-z-]+)/.exec(allText(info))?.[1];
    if (policy === undefined || policy === 'noeviction' || policy === 'volatile-ttl') return [];
    return [
      `Redis is set to maxmemory-policy ${policy}: when its memory is full it removes sessions that are in use, ` +
        'and marks of ended ones, without which a slow request undoes a logout. ' +
        'Set maxmemory-policy to noeviction, or to volatile-ttl, which removes those first that expire first.',
    ];
  }

  async #take(id: string): Promise<StoredSession | undefined> {
    const key = this.#keys.session(id);
    const until = encodeDeadline(this.#now() + TOMBSTONE_IN_MILLISECONDS);
    try {
      return this.#live(await runScript(this.#command, BURY, key, [until, encodeDeadline(this.#now())]));
    } catch (error) {
      // A server that is full or read-only may still delete.
      return this.#command(key, false, ['GETDEL', key]).then(
        (reply) => this.#live(reply),
        () => {
          throw error;
        },
      );
    }
  }

  #live(reply: unknown): StoredSession | undefined {
    const text = textOf(reply);
    const session = text === undefined ? undefined : decodeRedisValue(text);
    return session && session.expiresAt > this.#now() ? session : undefined;
  }
}

// Not always 1: should an id ever be written twice, an older version must not fit.
function newVersion(): string {
  return String(randomInt(1, 2 ** 31));
}

/** {@link SessionStorageRedis} on a client of the application's. */
export function redisSessionStorage(options: SessionStorageRedisOptions): SessionStorageRedis {
  return new SessionStorageRedis(options);
}

// A cluster may answer for each node.
function allText(reply: unknown): string {
  if (typeof reply !== 'object' || reply === null || Buffer.isBuffer(reply)) return String(reply);
  const parts: unknown[] = reply instanceof Map ? [...reply.values()] : Object.values(reply);
  return parts.map(allText).join('\n');
}
