import { jest } from '@jest/globals';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { postgresSessionStorage, type PostgresQuery } from 'nestjs-sessions/postgres';
import { FakeClock } from '../../../src/testing/fake-clock.js';

// What all SQL storages share, tested with the one for PostgreSQL.

const failure = (code: string): Error => Object.assign(new Error(code), { code });
const query = () => jest.fn<PostgresQuery>().mockResolvedValue([]);
const session = { value: 'v', expiresAt: Date.now() + 60_000 };

describe('a session storage in SQL', () => {
  it('retries a statement that the database rolled back', async () => {
    const pool = query().mockRejectedValueOnce(failure('40P01')).mockRejectedValueOnce(failure('40001'));
    expect(await postgresSessionStorage({ pool }).read('a')).toBeUndefined();
    expect(pool).toHaveBeenCalledTimes(3);
  });

  it('sends it at most ten times', async () => {
    const pool = query().mockRejectedValue(failure('40P01'));
    await expect(postgresSessionStorage({ pool }).read('a')).rejects.toThrow('40P01');
    expect(pool).toHaveBeenCalledTimes(10);
  });

  it('rejects other failures immediately', async () => {
    const pool = query().mockRejectedValue(failure('57P01'));
    await expect(postgresSessionStorage({ pool }).write('a', session)).rejects.toThrow('57P01');
    expect(pool).toHaveBeenCalledTimes(1);
  });

  it('creates its table once, before the first use, and retries only after a failure', async () => {
    const pool = query().mockRejectedValueOnce(failure('57P01')).mockRejectedValueOnce(failure('57P01'));
    const storage = postgresSessionStorage({ pool, createTable: true });
    await expect(storage.read('a')).rejects.toThrow('57P01');
    await Promise.all([storage.read('a'), storage.read('b')]);
    await storage.read('c');
    const words = pool.mock.calls.map(([text]) => text.split(' ').slice(0, 2).join(' '));
    const made = ['CREATE TABLE', 'CREATE INDEX', 'CREATE INDEX'];
    expect(words).toEqual(['CREATE TABLE', 'CREATE TABLE', ...made, ...Array(3).fill('SELECT version,')]);
  });

  it('retries a failed table definition once, because another process may create it', async () => {
    const pool = query().mockRejectedValueOnce(failure('23505'));
    await postgresSessionStorage({ pool, createTable: true }).read('a');
    expect(pool).toHaveBeenCalledTimes(5);
  });

  it('creates no table by default', async () => {
    const pool = query();
    await postgresSessionStorage({ pool }).read('a');
    expect(pool.mock.calls.map(([text]) => text)).toEqual([expect.stringMatching(/^SELECT/)]);
  });

  it('sweeps once an hour after writes, and waits for the sweep in close', async () => {
    const clock = new FakeClock();
    const removed = (): string[] => pool.mock.calls.map(([text]) => text).filter((text) => text.startsWith('DELETE'));
    const pool = query();
    const storage = postgresSessionStorage({ pool, now: clock.now });
    clock.advance(3_600_000);
    await storage.write('a', session);
    await storage.write('b', session);
    await storage.close();
    expect(removed()).toHaveLength(1);
    const manual = postgresSessionStorage({ pool, now: clock.now, sweepEveryInSeconds: 0 });
    clock.advance(36_000_000);
    await manual.write('c', session);
    expect(removed()).toHaveLength(1);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses to sweep every %p seconds', (sweepEveryInSeconds) => {
    expect(() => postgresSessionStorage({ pool: query(), sweepEveryInSeconds })).toThrow(SessionConfigurationError);
  });

  it('ends a session that is expired by one clock only, without counting it', async () => {
    const pool = query();
    expect(await postgresSessionStorage({ pool }).invalidate('a')).toBe(false);
    expect(pool.mock.calls).toEqual([
      [expect.stringMatching(/^UPDATE .* WHERE id = \$1 AND expires_at > floor\(.*clock_timestamp\(\).* > 0/), ['a']],
      ['DELETE FROM "sessions" WHERE id = $1 AND version > 0 RETURNING 1', ['a']],
    ]);
  });

  it("uses the clock of the option now as a parameter, instead of the server's", async () => {
    const pool = query();
    const storage = postgresSessionStorage({ pool, now: () => 5 });
    await storage.read('a');
    await storage.invalidate('a');
    expect(pool.mock.calls.slice(0, 2)).toEqual([
      [expect.stringMatching(/ WHERE id = \$1 AND expires_at > \$2 AND version > 0$/), ['a', 5]],
      [
        expect.stringMatching(/^UPDATE .* expires_at = \$1, expires_hour = \$2 WHERE id = \$3 AND expires_at > \$4 /),
        [60_005, 0, 'a', 5],
      ],
    ]);
    expect(pool.mock.calls.map(([text]) => text).join('\n')).not.toContain('clock_timestamp');
  });

  it('sweeps nothing if the server returns no time', async () => {
    const pool = query();
    await postgresSessionStorage({ pool }).sweep();
    expect(pool.mock.calls.map(([text, values]) => [text.split(' ')[0], values])).toEqual([
      ['SELECT', []],
      ['DELETE', [-1, -60_000]],
    ]);
  });

  it('ends the sessions of an owner repeatedly until none is left', async () => {
    const pool = query().mockResolvedValueOnce([1]).mockResolvedValueOnce([1, 1, 1]).mockResolvedValueOnce([1]);
    expect(await postgresSessionStorage({ pool }).owners.invalidateAll('u', 'stays')).toBe(4);
    expect(pool.mock.calls.map(([text, values]) => [text.includes('id <>'), values.at(-1)])).toEqual([
      [false, 'u'],
      [true, 'stays'],
      [true, 'stays'],
      [true, 'stays'],
    ]);
  });
});
