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
        // A background sweep could run after a case has set its clock back, and remove live sessions.
        const options = { pool, table, createTable: true, now: clock.now, sweepEveryInSeconds: 0 };
        // Cases count what a sweep removes: remove the sessions of earlier cases.
        await mysqlSessionStorage(options).ping();
        await pool.query(`TRUNCATE ${table}`);
        const [a, b] = [mysqlSessionStorage(options), mysqlSessionStorage(options)];
        return {
          a,
          b,
          now: clock.now,
          advance: (milliseconds) => clock.advance(milliseconds),
        };
      },
      { fakeClock: true },
    );
  });
}
