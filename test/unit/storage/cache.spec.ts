import { BaseCache, type Cache } from '../../../src/storage/cache.js';
import { CacheStorage } from '../../../src/storage/cache-storage.js';
import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import { TimeoutCache } from '../../../src/storage/timeout-cache.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const flush = () => new Promise<void>((resolve) => setImmediate(resolve));

function counting() {
  const counter = { value: 0 };
  const compute = async (key: number) => {
    counter.value++;
    return String(key);
  };
  return { counter, compute };
}

describe("Ktor's CacheTest", () => {
  it('testBaseSimpleCase', async () => {
    const { counter, compute } = counting();
    const cache: Cache<number, string> = new BaseCache(compute);
    expect([await cache.getOrCompute(1), counter.value]).toEqual(['1', 1]);
    expect([await cache.getOrCompute(1), counter.value]).toEqual(['1', 1]);
    expect([await cache.getOrCompute(2), counter.value]).toEqual(['2', 2]);
  });

  it('testBlocking', async () => {
    let release!: () => void;
    const latch = new Promise<void>((resolve) => (release = resolve));
    const cache = new BaseCache(async (key: number) => {
      if (key === 0) await latch;
      return String(key);
    });
    const blocked = cache.getOrCompute(0);
    expect(await cache.getOrCompute(1)).toBe('1');
    expect(await cache.getOrCompute(2)).toBe('2');
    release();
    expect(await blocked).toBe('0');
  });

  it('testPeek', () => {
    expect(new BaseCache(counting().compute).peek(1)).toBeUndefined();
  });

  it('testInvalidate', async () => {
    const { counter, compute } = counting();
    const cache = new BaseCache(compute);
    const computed = async () => {
      await cache.getOrCompute(1);
      return counter.value;
    };
    expect(await computed()).toBe(1);
    expect(cache.invalidate(1)).toBe('1'); // Ktor's gives null always
    expect(await computed()).toBe(2);
    expect(cache.invalidate(1, "shouldn't invalidate here")).toBe(false);
    expect(await computed()).toBe(2);
    expect(cache.invalidate(1, '1')).toBe(true);
    expect(await computed()).toBe(3);
  });

  // Ktor keeps the failure until it is invalidated; ours fails all who wait and then tries again.
  it('testInvalidateWithError', async () => {
    let counter = 0;
    const cache = new BaseCache<number, string>(() => {
      counter++;
      throw new Error('expected');
    });
    const both = [cache.getOrCompute(1), cache.getOrCompute(1)];
    for (const get of both) await expect(get).rejects.toThrow('expected');
    expect(counter).toBe(1);
    cache.invalidate(1);
    await expect(cache.getOrCompute(1)).rejects.toThrow('expected');
    expect(counter).toBe(2);
    await expect(cache.getOrCompute(1)).rejects.toThrow('expected');
    expect(counter).toBe(3);
  });

  // Ktor reads before each write and skips a write of equal text; this storage reads and writes only when called.
  it('testStoreSameValueDoesntTriggerDelegate', async () => {
    const calls = { read: 0, write: 0, invalidate: 0 };
    const memory = new SessionStorageMemory();
    const storage = new CacheStorage(
      {
        read: (id) => (calls.read++, memory.read(id)),
        write: (id, session) => (calls.write++, memory.write(id, session)),
        invalidate: (id) => (calls.invalidate++, memory.invalidate(id)),
      },
      100,
    );
    const expiresAt = Date.now() + 10_000;
    await storage.write('id', { value: '123', expiresAt });
    expect((await storage.read('id'))?.value).toBe('123');
    expect((await storage.read('id'))?.value).toBe('123');
    expect(calls).toEqual({ read: 1, write: 1, invalidate: 0 });
    await storage.write('id', { value: '123', expiresAt: expiresAt + 1 });
    expect(await storage.read('id')).toMatchObject({ value: '123', expiresAt: expiresAt + 1 });
    expect(calls).toEqual({ read: 2, write: 2, invalidate: 0 });
    await storage.write('id', { value: '234', expiresAt });
    expect((await storage.read('id'))?.value).toBe('234');
    expect(calls).toEqual({ read: 3, write: 3, invalidate: 0 });
  });

  it('testTimeout1', async () => {
    const { counter, compute } = counting();
    const cache = new TimeoutCache(compute, { timeoutInMilliseconds: 1000 });
    await cache.getOrCompute(1);
    await cache.getOrCompute(1);
    expect(counter.value).toBe(1);
  });

  it('testTimeout2', async () => {
    const clock = new FakeClock(0);
    const cache = new TimeoutCache(counting().compute, {
      timeoutInMilliseconds: 10,
      now: clock.now,
      startTimer: clock.startTimer,
    });
    await cache.getOrCompute(1);
    expect(cache.peek(1)).toBe('1');
    clock.advance(500);
    expect(cache.peek(1)).toBeUndefined();
  });

  it('canReadDataFromCacheStorageWithinEventLoopGroupProxy', async () => {
    const memory = new SessionStorageMemory();
    await memory.write('id', { value: '123', expiresAt: Date.now() + 10_000 });
    expect((await new CacheStorage(memory, 100).read('id'))?.value).toBe('123');
  });
});

describe('BaseCache', () => {
  it('shares one computation between concurrent calls', async () => {
    const { counter, compute } = counting();
    const cache = new BaseCache(compute);
    expect(await Promise.all([1, 1, 1].map((key) => cache.getOrCompute(key)))).toEqual(['1', '1', '1']);
    expect(counter.value).toBe(1);
  });

  it('does not cache a computation that was invalidated while it ran', async () => {
    const values = ['old', 'new'];
    const cache = new BaseCache<number, string>(async () => {
      const value = values.shift()!;
      await flush();
      return value;
    });
    const old = cache.getOrCompute(1);
    expect(cache.invalidate(1)).toBeUndefined();
    expect(await cache.getOrCompute(1)).toBe('new');
    expect(await old).toBe('old');
    expect(cache.peek(1)).toBe('new');
  });

  it('invalidates all values', async () => {
    const cache = new BaseCache(counting().compute);
    await Promise.all([1, 2].map((key) => cache.getOrCompute(key)));
    expect(cache.size).toBe(2);
    cache.invalidateAll();
    expect(cache.size).toBe(0);
  });
});
