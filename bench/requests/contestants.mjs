import { redisUrl } from '../lib/redis.mjs';
import { bareInterceptor } from '../contestants/bare-interceptor.mjs';
import { bare } from '../contestants/bare.mjs';
import { cookieSessionSigned } from '../contestants/cookie-session.mjs';
import { expressSessionMemory, expressSessionRedis } from '../contestants/express-session.mjs';
import { fastifySecureSessionSealed } from '../contestants/fastify-secure-session.mjs';
import { fastifySessionMemory, fastifySessionRedis } from '../contestants/fastify-session.mjs';
import { floorById, floorSealed, floorSigned } from '../contestants/floor.mjs';
import { ironSession } from '../contestants/iron-session.mjs';
import { nestjsSessionMemory } from '../contestants/nestjs-session.mjs';
import { oursByIdMemory } from '../contestants/ours-by-id-memory.mjs';
import { oursByIdRedis } from '../contestants/ours-by-id-redis.mjs';
import { oursByValueNew } from '../contestants/ours-by-value-new.mjs';
import { oursByValueSigned } from '../contestants/ours-by-value-signed.mjs';
import { oursByValue } from '../contestants/ours-by-value.mjs';

const ALL = [
  bare,
  bareInterceptor,
  oursByIdMemory,
  oursByIdRedis,
  oursByValue,
  oursByValueNew,
  oursByValueSigned,
  floorById,
  floorSigned,
  floorSealed,
  fastifySessionMemory,
  fastifySessionRedis,
  fastifySecureSessionSealed,
  expressSessionMemory,
  expressSessionRedis,
  nestjsSessionMemory,
  cookieSessionSigned,
  ironSession,
];

/** Every contestant on each of its platforms; `id` is `name@platform`. */
export const contestants = ['fastify', 'express'].flatMap((platform) =>
  ALL.filter((contestant) => contestant.platforms.includes(platform)).map((contestant) => ({
    ...contestant,
    platform,
    id: `${contestant.name}@${platform}`,
  })),
);

/** The contestants of a run: those in `only` and the bare frameworks; Redis ones only with a server. */
export function chosen(only) {
  const named = contestants.filter(
    ({ id, name }) => only.length === 0 || name === 'bare' || only.some((part) => id.includes(part)),
  );
  return {
    running: named.filter(({ redis }) => !redis || redisUrl),
    leftOut: named.filter(({ redis }) => redis && !redisUrl),
  };
}
