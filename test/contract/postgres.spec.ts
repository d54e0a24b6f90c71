import { jest } from '@jest/globals';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { sessionStorageContract } from '../../src/testing/session-storage.contract.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { postgresEngine, startPostgres, uniqueName, type PostgresServer } from '../support/servers.js';
import { fullTests, rounds } from '../support/full-tests.js';

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
      // A background sweep could run after a case has set its clock back, and remove live sessions.
      const options = { pool: server, table, createTable: true, now, sweepEveryInSeconds: 0 };
      // Cases count what a sweep removes: remove the sessions of earlier cases.
      await server.query(`DROP TABLE IF EXISTS ${table}`);
      const [a, b] = [postgresSessionStorage(options), postgresSessionStorage(options)];
      return { a, b, now, advance };
    },
    {
      fakeClock: true,
      sessionsOfOneOwner: fullTests && postgresEngine === 'PostgreSQL' ? 10_000 : fullTests ? 500 : 200,
      rounds,
    },
  );
});

function clock() {
  const fake = new FakeClock();
  return { now: fake.now, advance: (milliseconds: number) => fake.advance(milliseconds) };
}
