import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { RedisStore } from 'connect-redis';
import { createApp } from '../lib/nest.mjs';
import { connectRedis, PREFIX } from '../lib/redis.mjs';
import { requestSessionController } from './request-session.mjs';

// `rolling` would send the cookie with every response; express-session does not by default, and it costs.
const OPTIONS = {
  secret: 'bTJ5x0zq8Wc1vKf4RaY7uNd2Ls9Ph6Gt',
  cookieName: 'bench',
  cookie: { secure: false },
  saveUninitialized: false,
  rolling: false,
};

async function start(platform, options) {
  const app = await createApp(platform, requestSessionController());
  await app.register(fastifyCookie);
  await app.register(fastifySession, { ...OPTIONS, ...options });
  return app;
}

export const fastifySessionMemory = {
  name: 'fastify-session-memory',
  label: '@fastify/session, memory',
  side: 'peer',
  platforms: ['fastify'],
  start: (platform) => start(platform, {}),
};

export const fastifySessionRedis = {
  name: 'fastify-session-redis',
  label: '@fastify/session, connect-redis',
  side: 'peer',
  redis: true,
  platforms: ['fastify'],
  start: async (platform) =>
    start(platform, { store: new RedisStore({ client: await connectRedis(), prefix: PREFIX }) }),
};
