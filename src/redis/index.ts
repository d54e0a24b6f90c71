export { redisSessionStorage, SessionStorageRedis } from './session-storage-redis.js';
export type { SessionStorageRedisOptions } from './session-storage-redis.js';
export type { GlideClient, IoredisClient, NodeRedisClient, RedisClient, RedisCommand } from './redis-command.js';
