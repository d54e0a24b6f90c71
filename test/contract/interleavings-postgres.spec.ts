import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { postgresEngine, startPostgres, uniqueName, type PostgresServer } from '../support/servers.js';
import { commandSteps } from './command-steps.js';
import { byTracker, explored, fewerPairs, fewerTriples, pairs, pairsByCommand } from './session-orders.js';
import { fullTests } from '../support/full-tests.js';

// Busy machines are slow.
const SLOW = 240_000;

describe(`orders over ${postgresEngine}`, () => {
  const table = uniqueName();
  let server: PostgresServer;
  let storage: ReturnType<typeof postgresSessionStorage>;
  beforeAll(async () => {
    server = await startPostgres();
    storage = postgresSessionStorage({ pool: server, table, createTable: true });
    await storage.ping();
  });
  afterAll(() => server.close(table));

  async function open() {
    await server.query(`DELETE FROM ${table}`);
    return { storage };
  }

  it(
    'keeps every promise in orders of two requests, by reference algorithm and tracker',
    async () => {
      const some = fullTests ? pairs : fewerPairs;
      expect(await explored(some, { open })).toBe(fullTests ? 172 : 22);
      expect(await explored(some, { open, ...byTracker })).toBe(fullTests ? 312 : 24);
    },
    SLOW,
  );

  describe('with every statement as a step', () => {
    const steps = commandSteps({
      empty: () => server.query(`DELETE FROM ${table}`),
      send: ([text, values]) => server.query(text as string, values as unknown[]),
      isReading: ([text]) => /^\s*SELECT/.test(text as string),
      storageOver: (send) =>
        postgresSessionStorage({ pool: (text, values) => send([text, values]), table, sweepEveryInSeconds: 0 }),
    });

    it(
      'keeps every promise in orders of two requests, by tracker',
      async () => {
        expect(await explored(fullTests ? pairs : pairsByCommand, { ...steps, ...byTracker })).toBe(
          fullTests ? 505 : 45,
        );
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
