import { Get, Param, Req } from '@nestjs/common';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { setTimeout } from 'node:timers/promises';
import { controllerOf, createApp } from '../lib/nest.mjs';
import { Counter, CurrentSession, Sessions, SessionsModule, subPath } from '../lib/package-under-test.mjs';
import { connectRedis, PREFIX, redisUrl, removeKeys } from '../lib/redis.mjs';
import { KEY } from '../lib/key.mjs';

const TABLE = 'nestjs_sessions_bench';
const FIELDS = Array.from({ length: 12 }, (_, index) => `f${index}`);

class VisitorSession {
  userId = '';
  updates = 0;
  counter = 0;
  constructor() {
    for (const field of FIELDS) this[field] = 0;
  }
}
Counter()(VisitorSession.prototype, 'counter');

/** Delay of a handler between read and change. */
const work = () => setTimeout(Math.random() * 10);
const shown = (visitor) => ({
  userId: visitor.userId,
  updates: visitor.updates,
  counter: visitor.counter,
  fields: Object.fromEntries(FIELDS.map((field) => [field, visitor[field]])),
});

/** The same handlers for both; `parameter` gives the session, `end` ends it. */
function handlers(parameter, sessionOf, end) {
  const change = (decorators, apply) => [
    decorators,
    [parameter(), Param('index'), Param('value')],
    async (given, index, value) => {
      await work();
      apply(sessionOf(given), index, value);
      return {};
    },
  ];
  return {
    signIn: change([Get('sign-in')], (visitor) => Object.assign(visitor, new VisitorSession(), { userId: 'u1' })),
    field: change([Get('field/:index/:value')], (visitor, index, value) => (visitor[`f${index}`] = Number(value))),
    count: change([Get('count')], (visitor) => visitor.counter++),
    slow: [
      [Get('slow')],
      [parameter()],
      async (given) => {
        await setTimeout(60);
        sessionOf(given).f0++;
        return {};
      },
    ],
    show: [[Get('show')], [parameter()], (given) => shown(sessionOf(given))],
    signOut: end,
  };
}

async function listen(app, close) {
  await app.listen(0, '127.0.0.1');
  return {
    url: `http://127.0.0.1:${app.getHttpServer().address().port}`,
    async close() {
      await app.close();
      await close();
    },
  };
}

async function startOurs(storage, close) {
  const controller = controllerOf({
    ...handlers(
      () => CurrentSession(VisitorSession),
      (visitor) => visitor,
      [
        [Get('sign-out')],
        [Sessions()],
        (sessions) => {
          sessions.clear(VisitorSession);
          return {};
        },
      ],
    ),
    update: [
      [Get('update')],
      [Sessions()],
      async (sessions) => {
        await work();
        await sessions.update(VisitorSession, (visitor) => visitor.updates++);
        return {};
      },
    ],
  });
  const sessions = [{ type: VisitorSession, name: 'visitor', storage }];
  return listen(await createApp('express', controller, [SessionsModule.forRoot({ keys: [KEY], sessions })]), close);
}

async function oursOnRedis() {
  const redis = await subPath('redis');
  if (!redis || !redisUrl) return undefined;
  const client = await connectRedis();
  return startOurs(redis.redisSessionStorage({ client, prefix: PREFIX }), async () => {
    client.destroy();
    await removeKeys();
  });
}

async function oursOnPostgres() {
  const postgres = await subPath('postgres');
  if (!postgres || !process.env.DATABASE_URL) return undefined;
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
  return startOurs(postgres.postgresSessionStorage({ pool, table: TABLE, createTable: true }), async () => {
    await pool.query(`DROP TABLE IF EXISTS ${TABLE}`);
    await pool.end();
  });
}

async function expressSession() {
  if (!redisUrl) return undefined;
  const client = await connectRedis();
  const signOut = [
    [Get('sign-out')],
    [Req()],
    (request) =>
      new Promise((resolve, reject) => request.session.destroy((error) => (error ? reject(error) : resolve({})))),
  ];
  const app = await createApp('express', controllerOf(handlers(Req, (request) => request.session, signOut)));
  const store = new RedisStore({ client, prefix: PREFIX });
  app.use(session({ secret: KEY, name: 'visitor', resave: false, saveUninitialized: false, store }));
  return listen(app, async () => {
    client.destroy();
    await removeKeys();
  });
}

/** `start` returns `undefined` if its server is not available. */
export const APPLICATIONS = [
  { name: 'nestjs-sessions, Redis', start: oursOnRedis },
  { name: 'nestjs-sessions, PostgreSQL', start: oursOnPostgres },
  { name: 'express-session, connect-redis', start: expressSession },
];
