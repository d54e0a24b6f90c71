import { jest } from '@jest/globals';
import { SqlSweep } from '../../../src/sql/sql-sweep.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

type RemoveBatch = (until: number, limit: number) => Promise<number>;

/** A table of so many expired sessions. */
function expired(count: number) {
  let left = count;
  return jest.fn<RemoveBatch>(async (_until, limit) => {
    const removed = Math.min(limit, left);
    left -= removed;
    return removed;
  });
}

describe('the sweep of a table', () => {
  it('works in batches until one is not full', async () => {
    const removeBatch = expired(1200);
    expect(await new SqlSweep(removeBatch, 0, () => 100_000).run(Number.POSITIVE_INFINITY)).toBe(1200);
    expect(removeBatch.mock.calls).toEqual([
      [40_000, 500],
      [40_000, 500],
      [40_000, 500],
    ]);
  });

  it('removes at most the given limit', async () => {
    const removeBatch = expired(1200);
    expect(await new SqlSweep(removeBatch, 0, Date.now).run(700)).toBe(700);
    expect(removeBatch.mock.calls.map(([, limit]) => limit)).toEqual([500, 200]);
    expect(await new SqlSweep(removeBatch, 0, Date.now).run(0)).toBe(0);
    expect(removeBatch).toHaveBeenCalledTimes(2);
  });

  it('runs in the background once per period', async () => {
    const [removeBatch, clock] = [expired(0), new FakeClock()];
    const sweep = new SqlSweep(removeBatch, 1000, clock.now);
    clock.advance(1000);
    sweep.runIfDue();
    sweep.runIfDue();
    expect(removeBatch).toHaveBeenCalledTimes(1);
    clock.advance(999);
    sweep.runIfDue();
    expect(removeBatch).toHaveBeenCalledTimes(1);
    clock.advance(1);
    sweep.runIfDue();
    expect(removeBatch).toHaveBeenCalledTimes(2);
  });

  it('never runs in the background with a period of 0', () => {
    const [removeBatch, clock] = [expired(0), new FakeClock()];
    const sweep = new SqlSweep(removeBatch, 0, clock.now);
    clock.advance(1e9);
    sweep.runIfDue();
    expect(removeBatch).not.toHaveBeenCalled();
  });

  it('ignores failures in the background', async () => {
    const clock = new FakeClock();
    const sweep = new SqlSweep(() => Promise.reject(new Error('down')), 1000, clock.now);
    clock.advance(1000);
    sweep.runIfDue();
    await sweep.idle();
    await expect(sweep.run(1)).rejects.toThrow('down');
  });
});
