import { redisSessionStorage } from 'nestjs-sessions/redis';
import { createClient } from 'redis';
import { redisEngine, startRedis, uniqueName, type RedisServer } from '../support/servers.js';
import { byTracker, explored, fewerTriples, pairs } from './session-orders.js';

// Busy machines are slow.
const SLOW = 240_000;

describe(`every order over ${redisEngine}`, () => {
  const name = uniqueName();
  const connect = () => createClient({ url: server.url }).connect();
  let server: RedisServer;
  let client: Awaited<ReturnType<typeof connect>>;
  let orders = 0;
  beforeAll(async () => {
    server = await startRedis();
    client = await connect();
  });
  afterAll(async () => {
    client.destroy();
    await server.close(name);
  });

  const open = () => ({ storage: redisSessionStorage({ client, prefix: `${name}:${orders++}:` }) });

  it(
    'keeps every promise in all 244 orders of two requests, by reference algorithm and tracker',
    async () => {
      expect(await explored(pairs, { open })).toBe(244);
      expect(await explored(pairs, { open, ...byTracker })).toBe(244);
    },
    SLOW,
  );

  it(
    'keeps every promise in 3050 orders of three requests, by tracker',
    async () => {
      expect(await explored(fewerTriples, { open, ...byTracker })).toBe(3050);
    },
    SLOW,
  );
});
