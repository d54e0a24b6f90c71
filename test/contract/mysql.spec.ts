import { jest } from '@jest/globals';
import { createPool, type Pool } from 'mysql2/promise';
import { mysqlSessionStorage } from 'nestjs-sessions/mysql';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { sessionStorageContract } from '../../src/testing/session-storage.contract.js';
import { mysqlUrl, uniqueName } from '../support/servers.js';

// Busy machines are slow.
jest.setTimeout(60_000);

if (mysqlUrl === undefined) {
  it('is not run for SessionStorageMysql: MySQL has no embedded engine, and MYSQL_URL is not set', () => {
    expect(process.env['MYSQL_URL']).toBeUndefined();
  });
} else {
  const url = mysqlUrl;
  describe('SessionStorageMysql', () => {
    const table = uniqueName();
    let pool: Pool;
    beforeAll(() => {
      pool = createPool({ uri: url, connectionLimit: 8 });
    });
    afterAll(async () => {
      await pool.query(`DROP TABLE IF EXISTS ${table}`);
      await pool.end();
    });

    sessionStorageContract(
      { describe, it },
      async () => {
        const clock = new FakeClock();
        const options = { pool, table, createTable: true, now: clock.now };
        // Sweeping is counted: what earlier cases left behind goes first.
        await mysqlSessionStorage(options).ping();
        await pool.query(`TRUNCATE ${table}`);
        const [a, b] = [mysqlSessionStorage(options), mysqlSessionStorage(options)];
        return {
          a,
          b,
          now: clock.now,
          advance: (milliseconds) => clock.advance(milliseconds),
          // What sweeps by the way goes by this case's clock: it must not meet the next one's sessions.
          close: async () => void (await Promise.all([a.close(), b.close()])),
        };
      },
      { fakeClock: true },
    );
  });
}
