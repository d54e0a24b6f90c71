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
import { redisCommandOf, textOf, type RedisClient, type RedisCommand } from './redis-command.js';
import { RedisKeys } from './redis-keys.js';
import { nodeFinderOf } from './redis-nodes.js';
import { RedisOwnerIndex, type TakenSession } from './redis-owner-index.js';
import { WRITE_TOMBSTONE, REPLACE, runScript, TOUCH } from './redis-scripts.js';
import {
  decodeRedisValue,
  deadlineOf,
  encodeDeadline,
  encodeOwnerAndValue,
  encodeRedisValue,
  isTombstone,
} from './redis-value.js';

export interface SessionStorageRedisOptions {
  /**
   * node-redis, ioredis, iovalkey or @valkey/valkey-glide (single, pool, cluster or sentinel), or a function that sends
   * one command. Redis 6.2 or newer, or Valkey.
   */
  readonly client: RedisClient;
  /** Closes the client in {@link close}. Default `false`. */
  readonly ownClient?: boolean;
  /** Prefix of all keys, without `{`, `}` and spaces. Default `nestjs-sessions:`. */
  readonly prefix?: string;
  /** Clock, epoch milliseconds, for tests. Default: the clock of the Redis server. */
  readonly now?: () => number;
}

/**
 * Keeps sessions in Redis or Valkey; see docs/redis.md. Every command uses one key, so clusters work, and goes to the
 * primary: do not let ioredis scale reads.
 *
 * A crash or failover loses what was not persisted or replicated. Set `maxmemory-policy` to `noeviction` or
 * `volatile-ttl`.
 */
export class SessionStorageRedis implements SessionStorage {
  readonly owners: OwnerIndex;
  readonly ownsClient: boolean;
  declare readonly close?: () => Promise<void>;
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
    this.#index = new RedisOwnerIndex(this.#command, this.#keys, sessions, () => this.#nowArgument());
    this.owners = this.#index;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const key = this.#keys.session(id);
    return this.#liveSession(await this.#command(key, true, ['GET', key]));
  }

  async write(id: string, session: SessionToStore): Promise<string> {
    const key = this.#keys.session(id);
    const { expiresAt, owner, latestExpiry = NEVER } = session;
    const version = newVersion();
    if (this.#isExpired(expiresAt)) {
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
    if (this.#isExpired(this.#deadline(session))) return version;
    if (owner !== undefined) await this.#index.add(owner, id, Math.max(expiresAt, latestExpiry));
    const value = encodeRedisValue({ ...session, expiresAt: this.#deadline(session) }, version);
    const reply = await this.#command(key, false, ['SET', key, value, ...this.#expiry(session), 'NX']);
    if (textOf(reply) !== undefined) return version;
    // A client that resends a command may find its own first attempt.
    return textOf(await this.#command(key, true, ['GET', key])) === value ? version : undefined;
  }

  async invalidate(id: string): Promise<boolean> {
    const taken = await this.#take(id);
    if (typeof taken !== 'object') return false;
    if (taken.owner !== undefined) await this.#index.remove(taken.owner, [id]);
    return true;
  }

  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    const { expiresAt, owner, latestExpiry = NEVER } = session;
    const deadline = encodeDeadline(this.#deadline(session));
    const args = [version ?? '', deadline, encodeOwnerAndValue(session), this.#nowArgument(), ...this.#expiry(session)];
    const reply = textOf(await runScript(this.#command, REPLACE, this.#keys.session(id), args));
    const [, replaced, isExtended] = /^(\d{1,16})(\+?)$/.exec(reply ?? '') ?? [];
    if (replaced !== undefined) {
      if (isExtended && owner !== undefined) await this.#index.add(owner, id, Math.max(expiresAt, latestExpiry));
      return { status: 'replaced', version: replaced };
    }
    const current = this.#liveSession(reply);
    return current ? { status: 'conflict', current } : { status: 'gone' };
  }

  async touch(id: string, expiresAt: number, version?: string, latestExpiry?: number): Promise<boolean> {
    const args = [encodeDeadline(expiresAt), version ?? '', this.#nowArgument()];
    const head = textOf(await runScript(this.#command, TOUCH, this.#keys.session(id), args));
    if (head === undefined) return false;
    // The index must outlive the session.
    const touched = decodeRedisValue(head);
    if (touched?.owner !== undefined) {
      await this.#index.add(touched.owner, id, Math.max(touched.expiresAt, expiresAt, latestExpiry ?? NEVER));
    }
    return true;
  }

  async ping(): Promise<void> {
    await this.#command(undefined, true, ['PING']);
  }

  async inspect(): Promise<readonly string[]> {
    const info = await this.#command(undefined, true, ['INFO', 'memory']).catch(() => '');
    const policy = /maxmemory_policy:([a-z-]+)/.exec(allText(info))?.[1];
    if (policy === undefined || policy === 'noeviction' || policy === 'volatile-ttl') return [];
    return [
      `Redis is set to maxmemory-policy ${policy}: when its memory is full, it removes sessions that are in use, ` +
        'and tombstones of ended ones, without which a slow request can undo a logout. ' +
        'Set maxmemory-policy to noeviction, or to volatile-ttl, which removes the sessions that expire first.',
    ];
  }

  async #take(id: string): Promise<TakenSession> {
    const key = this.#keys.session(id);
    const args = [String(TOMBSTONE_IN_MILLISECONDS), this.#nowArgument(), newVersion()];
    try {
      return this.#takenOf(await runScript(this.#command, WRITE_TOMBSTONE, key, args));
    } catch (error) {
      return this.#command(key, false, ['GETDEL', key]).then(
        (reply) => this.#takenOf(reply),
        () => {
          throw error;
        },
      );
    }
  }

  #takenOf(reply: unknown): TakenSession {
    const text = textOf(reply);
    return this.#liveSession(text) ?? (text !== undefined && isTombstone(text) ? 'dead' : undefined);
  }

  #liveSession(reply: unknown): StoredSession | undefined {
    const text = textOf(reply);
    const session = text === undefined ? undefined : decodeRedisValue(text);
    return session && !this.#isExpired(session.expiresAt) ? session : undefined;
  }

  /** Only with the option `now`: Redis itself expires by its own clock. */
  #isExpired(expiresAt: number): boolean {
    return this.#now !== undefined && expiresAt <= this.#now();
  }

  #deadline(session: SessionToStore): number {
    return this.#now ? expiryOf(session, this.#now()) : session.expiresAt;
  }

  #expiry({ expiresAt, expiresIn }: Pick<SessionToStore, 'expiresAt' | 'expiresIn'>): readonly [string, string] {
    if (expiresIn !== undefined) return ['PX', String(deadlineOf(expiresIn))];
    return ['PXAT', String(deadlineOf(expiresAt))];
  }

  #nowArgument(): string {
    return this.#now ? encodeDeadline(this.#now()) : '';
  }
}

// Random, so that an older version never matches if an id is reused.
function newVersion(): string {
  return String(randomInt(1, 2 ** 31));
}

export function redisSessionStorage(options: SessionStorageRedisOptions): SessionStorageRedis {
  return new SessionStorageRedis(options);
}

function allText(reply: unknown): string {
  if (typeof reply !== 'object' || reply === null || Buffer.isBuffer(reply)) return String(reply);
  const parts: unknown[] = reply instanceof Map ? [...reply.values()] : Object.values(reply);
  return parts.map(allText).join('\n');
}
