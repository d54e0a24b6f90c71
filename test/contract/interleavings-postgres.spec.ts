import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { postgresEngine, startPostgres, uniqueName, type PostgresServer } from '../support/servers.js';
import { commandSteps } from './command-steps.js';
import { byTracker, everyOrder, explored, fewerTriples, pairs } from './session-orders.js';

// Busy machines are slow.
const SLOW = 240_000;

describe(`every order over ${postgresEngine}`, () => {
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
    'keeps every promise in every order of two requests, by reference algorithm and tracker',
    async () => {
      expect(await explored(pairs, { open })).toBe(172);
      expect(await explored(pairs, { open, ...byTracker })).toBe(312);
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
      'keeps every promise in every order of two requests, by tracker',
      async () => {
        expect(await explored(pairs, { ...steps, ...byTracker })).toBe(499);
      },
      SLOW,
    );
  });

  it(
    'keeps every promise in orders of three requests, by tracker',
    async () => {
      expect(await explored(everyOrder ? fewerTriples : fewerTriples.slice(0, 3), { open, ...byTracker })).toBe(
        everyOrder ? 2146 : 529,
      );
    },
    SLOW,
  );
});
