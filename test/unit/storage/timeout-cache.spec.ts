import { TimeoutCache } from '../../../src/storage/timeout-cache.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

function counting() {
  const counter = { value: 0 };
  const compute = async (key: number) => {
    counter.value++;
    return String(key);
  };
  return { counter, compute };
}

describe('TimeoutCache', () => {
  function timed(since: 'computation' | 'use', max?: number) {
    const clock = new FakeClock(0);
    const { counter, compute } = counting();
    const cache = new TimeoutCache(compute, {
      timeoutInMilliseconds: 100,
      since,
      now: clock.now,
      startTimer: clock.startTimer,
      ...(max === undefined ? {} : { max }),
    });
    return { clock, counter, cache };
  }

  it('removes every expired value without calls', async () => {
    const { clock, cache } = timed('use');
    for (const key of [1, 2, 3]) {
      await cache.getOrCompute(key);
      clock.advance(30);
    }
    expect(cache.size).toBe(3);
    clock.advance(10);
    expect(cache.size).toBe(2);
    clock.advance(500);
    expect(cache.size).toBe(0);
    await cache.getOrCompute(1);
    clock.advance(100);
    expect(cache.size).toBe(0);
  });

  it('keeps a used value if the time starts at the last use', async () => {
    const { clock, counter, cache } = timed('use');
    for (let round = 0; round < 5; round++) {
      await cache.getOrCompute(1);
      clock.advance(60);
    }
    expect(counter.value).toBe(1);
  });

  it('computes a used value again if the time starts at the computation', async () => {
    const { clock, counter, cache } = timed('computation');
    for (let round = 0; round < 5; round++) {
      await cache.getOrCompute(1);
      clock.advance(60);
    }
    expect(counter.value).toBe(3);
  });

  it('expires values without a timer', async () => {
    const clock = new FakeClock(0);
    const cache = new TimeoutCache(counting().compute, {
      timeoutInMilliseconds: 100,
      now: clock.now,
      startTimer: () => {},
    });
    await cache.getOrCompute(1);
    clock.advance(100);
    expect(cache.peek(1)).toBeUndefined();
  });

  it('removes the oldest value beyond max', async () => {
    const { cache } = timed('use', 2);
    for (const key of [1, 2, 1, 3]) await cache.getOrCompute(key);
    expect([1, 2, 3].map((key) => cache.peek(key))).toEqual(['1', undefined, '3']);
    expect(cache.size).toBe(2);
  });

  it('invalidates values', async () => {
    const { cache } = timed('computation');
    await Promise.all([1, 2, 3].map((key) => cache.getOrCompute(key)));
    expect(cache.invalidate(1)).toBe('1');
    expect(cache.invalidate(2, 'other')).toBe(false);
    expect(cache.invalidate(2, '2')).toBe(true);
    expect(cache.size).toBe(1);
    cache.invalidateAll();
    expect(cache.size).toBe(0);
  });

  it.each([0, -1, Number.NaN])('refuses the timeout and the number %p', (value) => {
    const { compute } = counting();
    expect(() => new TimeoutCache(compute, { timeoutInMilliseconds: value })).toThrow(/positive number/);
    expect(() => new TimeoutCache(compute, { timeoutInMilliseconds: 1, max: value })).toThrow(/positive number/);
  });
});
