import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { createApp } from '../lib/nest.mjs';
import { connectRedis, PREFIX } from '../lib/redis.mjs';
import { requestSessionController } from './request-session.mjs';

const OPTIONS = { secret: 'bTJ5x0zq8Wc1vKf4RaY7uNd2Ls9Ph6Gt', name: 'bench', resave: false, saveUninitialized: false };

async function start(platform, options) {
  const app = await createApp(platform, requestSessionController());
  app.use(session({ ...OPTIONS, ...options }));
  return app;
}

export const expressSessionMemory = {
  name: 'express-session-memory',
  label: 'express-session, memory',
  side: 'peer',
  platforms: ['express'],
  // Hides the warning about its memory store.
  start: (platform) => start(platform, { store: new session.MemoryStore() }),
};

export const expressSessionRedis = {
  name: 'express-session-redis',
  label: 'express-session, connect-redis',
  side: 'peer',
  redis: true,
  platforms: ['express'],
  start: async (platform) =>
    start(platform, { store: new RedisStore({ client: await connectRedis(), prefix: PREFIX }) }),
};
