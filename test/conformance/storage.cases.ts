import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NEVER, SessionStorageMemory } from 'nestjs-sessions';
import { BaseCache, CacheStorage, TimeoutCache, KtorDirectoryStorage } from 'nestjs-sessions/ktor';
import { KtorTestFile } from './conformance.js';

export function storageCases(): void {
  directoryCases();
  cacheCases();
  timeoutCases();
}

function directoryCases(): void {
  const file = new KtorTestFile('DirectorySessionStorageTest');
  const text = (value: string) => ({ value, expiresAt: NEVER });
  const inDirectory = (run: (storage: KtorDirectoryStorage) => Promise<void>) => async (): Promise<void> => {
    const directory = mkdtempSync(join(tmpdir(), 'ktor-'));
    try {
      await run(new KtorDirectoryStorage({ directory }));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };

  file.it(
    'testSetup',
    inDirectory(async () => undefined),
  );
  file.it(
    'testMissingSession',
    inDirectory(async (storage) => {
      expect(await storage.read('id0')).toBeUndefined();
    }),
  );
  file.it(
    'testSaveSimple',
    inDirectory(async (storage) => {
      await storage.write('id1', text('test1'));
      expect((await storage.read('id1'))?.value).toBe('test1');
    }),
  );
  file.it(
    'testSaveTwice',
    inDirectory(async (storage) => {
      await storage.write('id1', text('test1 with tail'));
      await storage.write('id1', text('test2'));
      expect((await storage.read('id1'))?.value).toBe('test2');
    }),
  );
  file.it(
    'testInvalidate',
    inDirectory(async (storage) => {
      await storage.write('id1', text('test1'));
      await storage.invalidate('id1');
      expect(await storage.read('id1')).toBeUndefined();
    }),
  );
}

function cacheCases(): void {
  const file = new KtorTestFile('CacheTest');
  const counting = () => {
    const state = { counter: 0 };
    const cache = new BaseCache<number, string>((key) => {
      state.counter++;
      return String(key);
    });
    return { state, cache };
  };

  file.it('testBaseSimpleCase', async () => {
    const { state, cache } = counting();
    const seen: unknown[] = [];
    for (const key of [1, 1, 2]) seen.push(await cache.getOrCompute(key), state.counter);
    expect(seen).toEqual(['1', 1, '1', 1, '2', 2]);
  });
  file.it('testBlocking', async () => {
    let release = (): void => undefined;
    const latch = new Promise<void>((resolve) => (release = resolve));
    const cache = new BaseCache<number, string>(async (key) => {
      if (key === 0) await latch;
      return String(key);
    });
    const blocked = cache.getOrCompute(0);
    expect([await cache.getOrCompute(1), await cache.getOrCompute(2)]).toEqual(['1', '2']);
    release();
    expect(await blocked).toBe('0');
  });
  file.it('testPeek', () => {
    expect(counting().cache.peek(1)).toBeUndefined();
  });
  file.it('testInvalidate', async () => {
    const { state, cache } = counting();
    const counters: number[] = [];
    const compute = async (): Promise<void> => {
      await cache.getOrCompute(1);
      counters.push(state.counter);
    };
    await compute();
    cache.invalidate(1);
    await compute();
    cache.invalidate(1, "shouldn't invalidate here");
    await compute();
    cache.invalidate(1, '1');
    await compute();
    expect(counters).toEqual([1, 2, 2, 3]);
  });
  file.notApplicable(
    'testInvalidateWithError',
    'asserts that a failed computation is kept; here it is not, so that an outage ends when it ends',
  );
  file.notApplicable(
    'testStoreSameValueDoesntTriggerDelegate',
    'asserts that a write of equal text is swallowed; here it goes through, since it may carry a later expiry',
  );
}

function timeoutCases(): void {
  const file = new KtorTestFile('CacheTest (JVM)');
  file.it('testTimeout1', async () => {
    let counter = 0;
    const cache = new TimeoutCache<number, string>((key) => `${key} ${++counter}`, { timeoutInMilliseconds: 1000 });
    expect([await cache.getOrCompute(1), await cache.getOrCompute(1), counter]).toEqual(['1 1', '1 1', 1]);
  });
  file.it('testTimeout2', async () => {
    let now = 0;
    const cache = new TimeoutCache<number, string>((key) => String(key), {
      timeoutInMilliseconds: 10,
      now: () => now,
    });
    await cache.getOrCompute(1);
    now += 500;
    expect(cache.peek(1)).toBeUndefined();
  });
  file.it('canReadDataFromCacheStorageWithinEventLoopGroupProxy', async () => {
    const memory = new SessionStorageMemory();
    await memory.write('id', { value: '123', expiresAt: NEVER });
    expect((await new CacheStorage(memory, 100).read('id'))?.value).toBe('123');
  });
}
