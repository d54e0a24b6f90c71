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

  it('ends the new id of a session that rotates after the snapshot of a statement', async () => {
    const direct = postgresSessionStorage({ pool: server, table, createTable: true });
    const session = { value: 'v', expiresAt: Date.now() + 3_600_000, owner: 'rotating' };
    await direct.write('old', session);
    let isFirst = true;
    const pool = async (text: string, values: unknown[]) => {
      if (!isFirst || !/^UPDATE .* WHERE owner = \$\d+ AND id <> /s.test(text)) return server.query(text, values);
      isFirst = false;
      // The snapshot has the old row, which has ended when the statement reaches it.
      await direct.write('new', session);
      await direct.invalidate('old');
      return { rows: [] };
    };
    expect(await postgresSessionStorage({ pool, table }).owners.invalidateAll('rotating')).toBe(1);
    expect(await direct.read('new')).toBeUndefined();
  });
});

function clock() {
  const fake = new FakeClock();
  return { now: fake.now, advance: (milliseconds: number) => fake.advance(milliseconds) };
}
