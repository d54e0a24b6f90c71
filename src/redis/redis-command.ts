import { SessionConfigurationError } from '../errors/session.errors.js';
import { describeClient } from '../storage/owned-client.js';

/**
 * @param key the only key, to select a cluster node, if any.
 * @param readonly changes nothing. Still send it to the primary: replicas lag.
 * @param args name and arguments, including the key.
 */
export type RedisCommand = (key: string | undefined, readonly: boolean, args: readonly string[]) => Promise<unknown>;

/** node-redis. */
export interface NodeRedisClient {
  readonly sendCommand: (...args: never[]) => Promise<unknown>;
}

/** ioredis and iovalkey. */
export interface IoredisClient {
  readonly call: (...args: never[]) => Promise<unknown>;
}

/** @valkey/valkey-glide. */
export interface GlideClient {
  readonly customCommand: (...args: never[]) => Promise<unknown>;
}

export type RedisClient = NodeRedisClient | IoredisClient | GlideClient | RedisCommand;

type Send<A extends readonly unknown[]> = (...args: A) => Promise<unknown>;

/**
 * Clients are detected by their methods, so that all versions and wrappers work.
 * @throws {SessionConfigurationError} for an invalid client.
 */
export function redisCommandOf(client: RedisClient): RedisCommand {
  if (typeof client === 'function') return client;
  const methods = (typeof client === 'object' && client ? client : {}) as Partial<Record<string, unknown>>;
  const has = (name: string): boolean => typeof methods[name] === 'function';
  // `call` before sendCommand: ioredis has a sendCommand too, for its own objects.
  if (has('customCommand')) {
    const glide = client as { customCommand: Send<[string[]]> };
    return (_key, _readonly, args) => glide.customCommand([...args]);
  }
  if (has('call')) {
    const ioredis = client as { call: Send<string[]> };
    return (_key, _readonly, args) => ioredis.call(...args);
  }
  if (has('sendCommand')) return nodeRedisCommand(client as NodeRedisClient, has);
  throw new SessionConfigurationError(
    `The client of redisSessionStorage must be one of node-redis (redis, @redis/client), ioredis, iovalkey or ` +
      `@valkey/valkey-glide, as in redisSessionStorage({ client: createClient() }), or a function ` +
      `(key, readonly, args) => reply. Found: ${describeClient(client, 'sendCommand, call or customCommand')}.`,
  );
}

// Replicas lag.
function nodeRedisCommand(client: NodeRedisClient, has: (name: string) => boolean): RedisCommand {
  if (has('getSlotMaster')) {
    const cluster = client as { sendCommand: Send<[string | undefined, boolean, string[]]> };
    return (key, _readonly, args) => cluster.sendCommand(key, false, [...args]);
  }
  if (has('getSentinelNode')) {
    const sentinel = client as { sendCommand: Send<[boolean, string[]]> };
    return (_key, _readonly, args) => sentinel.sendCommand(false, [...args]);
  }
  const single = client as { sendCommand: Send<[string[]]> };
  return (_key, _readonly, args) => single.sendCommand([...args]);
}

export function textOf(reply: unknown): string | undefined {
  if (reply === null || reply === undefined) return undefined;
  return typeof reply === 'string' ? reply : String(reply); // a Buffer's text is UTF-8
}

export function textsOf(reply: unknown): string[] {
  // A new array: the client's may belong to another realm.
  return Array.isArray(reply) || reply instanceof Set ? Array.from(reply, String) : [];
}
