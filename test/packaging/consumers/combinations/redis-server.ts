import { createRedisMock } from 'js-redis-server';

export interface RedisServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The server of `REDIS_URL`, or an embedded one. */
export async function startRedis(): Promise<RedisServer> {
  const { REDIS_URL } = process.env;
  if (!REDIS_URL) return createRedisMock({ compatibility: 'redis-7.0' });
  const { hostname, port } = new URL(REDIS_URL);
  return { host: hostname, port: Number(port || 6379), close: async () => {} };
}
