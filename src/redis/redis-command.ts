import { SessionConfigurationError } from '../errors/session.errors.js';

/**
 * Sends one command.
 * @param key the one key that the command names, for whoever has to find the node that holds it; `undefined` for a
 *   command without a key.
 * @param readonly the command changes nothing. A replica may answer it only if it never lags: a session must be there
 *   in the request after the one that wrote it.
 * @param args the command's name and arguments, the key among them.
 */
export type RedisCommand = (key: string | undefined, readonly: boolean, args: readonly string[]) => Promise<unknown>;

/** node-redis: a client, pool, cluster or sentinel. */
export interface NodeRedisClient {
  readonly sendCommand: (...args: never[]) => Promise<unknown>;
}

/** ioredis and iovalkey: `Redis` or `Cluster`. */
export interface IoredisClient {
  readonly call: (...args: never[]) => Promise<unknown>;
}

/** @valkey/valkey-glide: `GlideClient` or `GlideClusterClient`. */
export interface GlideClient {
  readonly customCommand: (...args: never[]) => Promise<unknown>;
}

/** Any client of Redis or Valkey, or a function that sends one command. */
export type RedisClient = NodeRedisClient | IoredisClient | GlideClient | RedisCommand;

type Send<A extends readonly unknown[]> = (...args: A) => Promise<unknown>;

/**
 * The one way to send a command, whichever client there is. Clients are told apart by their methods, never by their
 * class, so that every version and every wrapper will do.
 * @throws {SessionConfigurationError} for something that is no client.
 */
export function redisCommandOf(client: RedisClient): RedisCommand {
  if (typeof client === 'function') return client;
  const methods = (typeof client === 'object' && client ? client : {}) as Partial<Record<string, unknown>>;
  const has = (name: string): boolean => typeof methods[name] === 'function';
  // ioredis has a sendCommand too, for objects of its own: `call` comes first.
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
      `(key, readonly, args) => reply. Found: ${describe(client)}.`,
  );
}

// Always the primary, also where the client is set to use replicas: they lag.
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

// Kinds and names only: a text may be a URL with a password.
function describe(found: unknown): string {
  if (typeof found !== 'object' || found === null) return found === null ? 'null' : typeof found;
  const name: unknown = found.constructor?.name;
  const kind = typeof name === 'string' && name !== 'Object' && name !== '' ? `an instance of ${name}` : 'an object';
  return `${kind} without sendCommand, call or customCommand`;
}
