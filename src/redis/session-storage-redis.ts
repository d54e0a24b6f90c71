import { randomInt } from 'node:crypto';
import {
  expiryOf,
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
import { nodeFinderOf } from './redis-nodes.js';
import { RedisOwnerIndex } from './redis-owner-index.js';
import { textOf } from './redis-reply.js';
import { BURY, REPLACE, runScript, TOUCH } from './redis-scripts.js';
import { decodeRedisValue, deadlineOf, encodeDeadline, encodeOwnerAndValue, encodeRedisValue } from './redis-value.js';

export interface SessionStorageRedisOptions {
  /**
   * A client of Redis 6.2 or newer, or Valkey, which the application creates, connects and closes: node-redis, ioredis,
   * iovalkey or @valkey/valkey-glide (single, pool, cluster or sentinel), or a function that sends one command.
   */
  readonly client: RedisClient;
  /**
   * {@link close} closes the client; `SessionsModule` calls it last, after all requests. Default `false`: the
   * application closes the client, in `onApplicationShutdown`.
   */
  readonly ownClient?: boolean;
  /** Prefix of all keys, without `{`, `}` and spaces. Default `nestjs-sessions:`. */
  readonly prefix?: string;
  /**
   * Clock, epoch milliseconds; for tests. By default sessions expire by the clock of the Redis server, so that this
   * machine's may be wrong. With it, they expire by both.
   */
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
 * **Cost.** `read` is one `GET`, `replace` and `touch` one `EVALSHA`, `create` one `SET … NX` and `invalidate` one
 * `EVALSHA`; the last two need one more command for a session with an owner. Every command uses one key, so clusters
 * work.
 *
 * **Guarantees.** Versions, `replace` and `touch` are exact for any number of processes. Redis removes expired
 * sessions. An owner's list is exact; `owners.invalidateAll` ends sessions one by one until none is left.
 *
 * **A crash** of Redis loses what was not persisted, and a failover what was not replicated: with
 * `appendfsync everysec` the last second, including logouts. Set `maxmemory-policy` to `noeviction` or `volatile-ttl`:
 * others remove live sessions, see {@link inspect}.
 *
 * Replicas lag, so every command goes to the primary. For ioredis with `scaleReads`, configure this in the application.
 */
export class SessionStorageRedis implements SessionStorage {
  readonly owners: OwnerIndex;
  readonly ownsClient: boolean;
  /** Closes the client; present only with `ownClient: true`. */
  declare readonly close?: () => Promise<void>;
  /** Present only for a cluster. */
  declare readonly nodeOf?: (id: string) => string | undefined;
  readonly #index: RedisOwnerIndex;
  readonly #command: RedisCommand;
  readonly #keys: RedisKeys;
  readonly #now: (() => number) | undefined;

  /** @throws {SessionConfigurationError} for an invalid client or prefix. */
  constructor(options: SessionStorageRedisOptions) {
    this.#command = redisCommandOf(options?.client);
    const close = closerOf('redisSessionStorage', options.client, options.ownClient);
    this.ownsClient = close !== undefined;
    if (close) Object.assign(this, { close });
    this.#keys = new RedisKeys(options.prefix ?? 'nestjs-sessions:');
    const nodeOfKey = nodeFinderOf(options.client);
    if (nodeOfKey) this.nodeOf = (id) => nodeOfKey(this.#keys.session(id));
    this.#now = options.now;
    const sessions = { read: (id: string) => this.read(id), take: (id: string) => this.#take(id) };
    this.#index = new RedisOwnerIndex(this.#command, this.#keys, sessions, () => this.#present());
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
    if (this.#isPast(expiresAt)) {
      await this.#command(key, false, ['DEL', key]);
      return version;
    }
    if (owner !== undefined) await this.#index.add(owner, id, Math.max(expiresAt, latestExpiry));
    const value = encodeRedisValue(session, version);
    await this.#command(key, false, ['SET', key, value, ...this.#expiry({ expiresAt })]);
    return version;
  }

  async create(id: string, session: SessionToStore): Promise<string | undefined> {
    const key = this.#keys.session(id);
    const { expiresAt, owner, latestExpiry = NEVER } = session;
    const version = newVersion();
    if (this.#isPast(this.#deadline(session))) return version;
    if (owner !== undefined) await this.#index.add(owner, id, Math.max(expiresAt, latestExpiry));
    const value = encodeRedisValue({ ...session, expiresAt: this.#deadline(session) }, version);
    const reply = await this.#command(key, false, ['SET', key, value, ...this.#expiry(session), 'NX']);
    if (textOf(reply) !== undefined) return version;
    // A client that resends a command after a broken connection may find its own first attempt.
    return textOf(await this.#command(key, true, ['GET', key])) === value ? version : undefined;
  }

  async invalidate(id: string): Promise<boolean> {
    const ended = await this.#take(id);
    if (ended?.owner !== undefined) await this.#index.remove(ended.owner, [id]);
    return ended !== undefined;
  }

  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    const { expiresAt, owner, latestExpiry = NEVER } = session;
    const deadline = encodeDeadline(this.#deadline(session));
    const args = [version ?? '', deadline, encodeOwnerAndValue(session), this.#present(), ...this.#expiry(session)];
    const reply = textOf(await runScript(this.#command, REPLACE, this.#keys.session(id), args));
    const [, replaced, isExtended] = /^(\d{1,16})(\+?)$/.exec(reply ?? '') ?? [];
    if (replaced !== undefined) {
      if (isExtended && owner !== undefined) await this.#index.add(owner, id, Math.max(expiresAt, latestExpiry));
      return { status: 'replaced', version: replaced };
    }
    const current = this.#live(reply);
    return current ? { status: 'conflict', current } : { status: 'gone' };
  }

  async touch(id: string, expiresAt: number, version?: string, latestExpiry?: number): Promise<boolean> {
    const args = [encodeDeadline(expiresAt), version ?? '', this.#present()];
    const head = textOf(await runScript(this.#command, TOUCH, this.#keys.session(id), args));
    if (head === undefined) return false;
    // The index must outlive the session, even if a longer timeout renews it.
    const touched = decodeRedisValue(head);
    if (touched?.owner !== undefined) {
      await this.#index.add(touched.owner, id, Math.max(touched.expiresAt, expiresAt, latestExpiry ?? NEVER));
    }
    return true;
  }

  async ping(): Promise<void> {
    await this.#command(undefined, true, ['PING']);
  }

  /** Checks the server's eviction policy; see {@link SessionStorage.inspect}. */
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
    const args = [String(TOMBSTONE_IN_MILLISECONDS), this.#present(), newVersion()];
    try {
      return this.#live(await runScript(this.#command, BURY, key, args));
    } catch (error) {
      // A full or read-only server may still delete.
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
    return session && !this.#isPast(session.expiresAt) ? session : undefined;
  }

  /** By the option `now` only: Redis itself expires by its own clock. */
  #isPast(expiresAt: number): boolean {
    return this.#now !== undefined && expiresAt <= this.#now();
  }

  #deadline(session: SessionToStore): number {
    return this.#now ? expiryOf(session, this.#now()) : session.expiresAt;
  }

  /** When Redis removes a session, as arguments of `SET`. */
  #expiry({ expiresAt, expiresIn }: Pick<SessionToStore, 'expiresAt' | 'expiresIn'>): readonly [string, string] {
    if (expiresIn !== undefined) return ['PX', String(deadlineOf(expiresIn))];
    return ['PXAT', String(deadlineOf(expiresAt))];
  }

  /** The argument `now` of scripts. */
  #present(): string {
    return this.#now ? encodeDeadline(this.#now()) : '';
  }
}

// Random, so that an older version never matches if an id is reused.
function newVersion(): string {
  return String(randomInt(1, 2 ** 31));
}

/** {@link SessionStorageRedis} on the application's client. */
export function redisSessionStorage(options: SessionStorageRedisOptions): SessionStorageRedis {
  return new SessionStorageRedis(options);
}

// A cluster may reply per node.
function allText(reply: unknown): string {
  if (typeof reply !== 'object' || reply === null || Buffer.isBuffer(reply)) return String(reply);
  const parts: unknown[] = reply instanceof Map ? [...reply.values()] : Object.values(reply);
  return parts.map(allText).join('\n');
}
