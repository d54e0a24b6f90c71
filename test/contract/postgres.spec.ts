import { jest } from '@jest/globals';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { sessionStorageContract } from '../../src/testing/session-storage.contract.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { postgresEngine, startPostgres, uniqueName, type PostgresServer } from '../support/servers.js';

// Busy machines are slow.
jest.setTimeout(30_000);

describe(`SessionStoragePostgres on ${postgresEngine}`, () => {
  const table = uniqueName();
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close(table));

  sessionStorageContract(
    { describe, it },
    async () => {
      const { now, advance } = clock();
      const options = { pool: server, table, createTable: true, now };
      // Sweeping is counted: what earlier cases left behind goes first.
      await server.query(`DROP TABLE IF EXISTS ${table}`);
      const [a, b] = [postgresSessionStorage(options), postgresSessionStorage(options)];
      // What sweeps by the way goes by this case's clock: it must not meet the next one's sessions.
      return { a, b, now, advance, close: async () => void (await Promise.all([a.close(), b.close()])) };
    },
    { fakeClock: true, sessionsOfOneOwner: postgresEngine === 'PostgreSQL' ? 10_000 : 500 },
  );
});

function clock() {
  const fake = new FakeClock();
  return { now: fake.now, advance: (milliseconds: number) => fake.advance(milliseconds) };
}
