import { connectRedis, PREFIX } from '../lib/redis.mjs';
import { subPath } from '../lib/package-under-test.mjs';
import { startOurs } from './ours.mjs';

export const oursByIdRedis = {
  name: 'by-id-redis',
  label: 'nestjs-sessions, by id, Redis',
  side: 'ours',
  redis: true,
  platforms: ['fastify', 'express'],
  async start(platform) {
    const { redisSessionStorage } = await subPath('redis');
    return startOurs(platform, { storage: redisSessionStorage({ client: await connectRedis(), prefix: PREFIX }) });
  },
};
