import { redisSessionStorage } from 'nestjs-sessions/redis';
import { createClient } from 'redis';
import { ADD_TO_OWNER, DROP_FROM_OWNER, REPLACE, TOUCH } from '../../src/redis/redis-scripts.js';
import { redisEngine, startRedis, uniqueName, type RedisServer } from '../support/servers.js';
import { commandSteps } from './command-steps.js';
import {
  byTracker,
  explored,
  fewerPairs,
  fewerTriples,
  pairs,
  pairsByCommand,
  triplesByCommand,
} from './session-orders.js';
import { fullTests } from '../support/full-tests.js';

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

  // Another spec may make the server forget its scripts at any moment; a step stays one command all the same.
  const sendKnown = async (command: string[]): Promise<unknown> => {
    try {
      return await client.sendCommand(command);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      for (const { text } of [ADD_TO_OWNER, DROP_FROM_OWNER, REPLACE, TOUCH]) await client.scriptLoad(text);
      return client.sendCommand(command);
    }
  };

  const open = () => ({ storage: redisSessionStorage({ client, prefix: `${name}:${orders++}:` }) });

  it(
    'keeps every promise in every order of two requests, by reference algorithm and tracker',
    async () => {
      const some = fullTests ? pairs : fewerPairs;
      expect(await explored(some, { open })).toBe(fullTests ? 172 : 22);
      expect(await explored(some, { open, ...byTracker })).toBe(fullTests ? 312 : 24);
    },
    SLOW,
  );

  describe('with every command as a step', () => {
    let tick = 0;
    const steps = commandSteps({
      empty() {
        orders++;
        tick = Date.now();
      },
      send: (command) => sendKnown(command as string[]),
      isReading: ([name]) => ['GET', 'MGET', 'ZRANGE'].includes(name as string),
      storageOver: (send) =>
        redisSessionStorage({
          client: (_key, _readonly, args) => send(args),
          prefix: `${name}:${orders}:`,
          // No two at the same moment, whose order in the index of an owner would be chance.
          now: () => tick++,
        }),
    });

    it(
      'keeps every promise in orders of two requests, by tracker',
      async () => {
        expect(await explored(fullTests ? pairs : pairsByCommand, { ...steps, ...byTracker })).toBe(
          fullTests ? 4119 : 51,
        );
      },
      SLOW,
    );

    it(
      'keeps every promise in orders of three requests, by tracker',
      async () => {
        expect(
          await explored(fullTests ? triplesByCommand : triplesByCommand.slice(0, 1), { ...steps, ...byTracker }),
        ).toBe(fullTests ? 1795 : 98);
      },
      SLOW,
    );
  });

  it(
    'keeps every promise in orders of three requests, by tracker',
    async () => {
      expect(await explored(fullTests ? fewerTriples : fewerTriples.slice(0, 1), { open, ...byTracker })).toBe(
        fullTests ? 2146 : 63,
      );
    },
    SLOW,
  );
});
