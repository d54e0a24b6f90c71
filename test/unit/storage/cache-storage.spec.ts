import { cachedSessionStorage, CacheStorage } from '../../../src/storage/cache-storage.js';
import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import type { SessionStorage } from '../../../src/storage/session-storage.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const flush = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('CacheStorage', () => {
  function cached(options: { now?: () => number } = {}) {
    const clock = new FakeClock();
    const memory = new SessionStorageMemory({ now: clock.now });
    let reads = 0;
    const counted: SessionStorage = {
      read: (id) => (reads++, memory.read(id)),
      write: (id, session) => memory.write(id, session),
      invalidate: (id) => memory.invalidate(id),
      replace: (id, session, version) => memory.replace(id, session, version),
      touch: (id, expiresAt, version) => memory.touch(id, expiresAt, version),
      owners: memory.owners,
    };
    const storage = new CacheStorage(counted, 1000, {
      now: clock.now,
      startTimer: clock.startTimer,
      sessionNow: clock.now,
      ...options,
    });
    const session = (value: string) => ({ value, expiresAt: clock.now() + 60_000, owner: 'u' });
    return { clock, memory, storage, session, reads: () => reads };
  }

  it('shows changes through the same cache immediately', async () => {
    const { storage, session, clock } = cached();
    await storage.write('a', session('1'));
    const { version } = (await storage.read('a'))!;
    await storage.replace!('a', session('2'), version);
    expect((await storage.read('a'))?.value).toBe('2');
    const later = clock.now() + 90_000;
    await storage.touch!('a', later);
    expect((await storage.read('a'))?.expiresAt).toBe(later);
    await storage.invalidate('a');
    expect(await storage.read('a')).toBeUndefined();
    await storage.write('a', session('3'));
    await storage.read('a');
    await storage.owners!.invalidateAll('u');
    expect(await storage.read('a')).toBeUndefined();
  });

  it('reads a session that another process ended as absent after the cache time, even if it is read often', async () => {
    const { storage, session, memory, clock } = cached();
    await storage.write('a', session('1'));
    await storage.read('a');
    await memory.invalidate('a');
    let seen = 0;
    while (await storage.read('a')) {
      clock.advance(100);
      seen++;
    }
    expect(seen).toBe(10);
  });

  it('detects a stale cached session by its version', async () => {
    const { storage, session, memory } = cached();
    await storage.write('a', session('1'));
    const { version } = (await storage.read('a'))!;
    await memory.replace('a', session('2'));
    expect(await storage.replace!('a', session('3'), version)).toMatchObject({
      status: 'conflict',
      current: { value: '2' },
    });
    expect((await storage.read('a'))?.value).toBe('2');
  });

  it('does not cache absence', async () => {
    const { storage, session, memory, reads } = cached();
    expect(await storage.read('a')).toBeUndefined();
    await memory.write('a', session('1'));
    expect((await storage.read('a'))?.value).toBe('1');
    expect(reads()).toBe(2);
  });

  it('reads an expired session again, because another process may have renewed it', async () => {
    const { storage, session, memory, clock } = cached();
    await storage.write('a', { ...session('1'), expiresAt: clock.now() + 500 });
    await storage.read('a');
    await memory.touch('a', clock.now() + 60_000);
    clock.advance(500);
    expect((await storage.read('a'))?.value).toBe('1');
    clock.advance(60_000);
    expect(await storage.read('a')).toBeUndefined();
  });

  it('does not cache a session that changed during the read', async () => {
    const memory = new SessionStorageMemory();
    const gate: { closed?: Promise<void> } = {};
    const storage = new CacheStorage(
      {
        read: async (id) => {
          const session = await memory.read(id);
          await gate.closed;
          return session;
        },
        write: (id, session) => memory.write(id, session),
        invalidate: (id) => memory.invalidate(id),
      },
      1000,
    );
    await storage.write('a', { value: 'v', expiresAt: Date.now() + 10_000 });
    let release!: () => void;
    gate.closed = new Promise((resolve) => (release = resolve));
    const slow = storage.read('a');
    await flush();
    await storage.invalidate('a');
    release();
    await slow;
    expect(await storage.read('a')).toBeUndefined();
  });

  it('does not cache a session that was read between the start and the effect of a change', async () => {
    const memory = new SessionStorageMemory();
    const gate: { closed?: Promise<void> } = {};
    const storage = new CacheStorage(
      {
        read: (id) => memory.read(id),
        write: (id, session) => memory.write(id, session),
        invalidate: async (id) => {
          await gate.closed;
          return memory.invalidate(id);
        },
      },
      1000,
    );
    await storage.write('a', { value: 'v', expiresAt: Date.now() + 10_000 });
    let release!: () => void;
    gate.closed = new Promise((resolve) => (release = resolve));
    const ending = storage.invalidate('a');
    expect(await storage.read('a')).toBeDefined();
    release();
    await ending;
    expect(await storage.read('a')).toBeUndefined();
  });

  it('invalidates a session even if its change fails, because it may have taken effect', async () => {
    const { session, memory } = cached();
    const storage = new CacheStorage(
      Object.assign(memory, {
        replace: async (id: string) => {
          await memory.invalidate(id);
          throw new Error('timeout');
        },
      }),
      1000,
    );
    await storage.write('a', session('1'));
    await storage.read('a');
    await expect(storage.replace!('a', session('2'))).rejects.toThrow('timeout');
    expect(await storage.read('a')).toBeUndefined();
  });

  it('returns a copy to each reader', async () => {
    const { storage, session } = cached();
    await storage.write('a', session('1'));
    const [first, second] = await Promise.all([storage.read('a'), storage.read('a')]);
    expect(first).toEqual(second);
    expect(first).not.toBe(second);
  });
});

describe('cachedSessionStorage', () => {
  it('caches 10,000 sessions for two seconds by default, and follows its options', async () => {
    const memory = new SessionStorageMemory();
    const sees = async (storage: SessionStorage) => {
      await memory.write('a', { value: 'v', expiresAt: Date.now() + 10_000 });
      await memory.write('b', { value: 'v', expiresAt: Date.now() + 10_000 });
      await storage.read('a');
      await storage.read('b');
      await memory.invalidate('a');
      return (await storage.read('a')) !== undefined;
    };
    expect(await sees(cachedSessionStorage(memory))).toBe(true);
    expect(await sees(cachedSessionStorage(memory, { max: 1 }))).toBe(false);
    expect(() => cachedSessionStorage(memory, { ttlInMilliseconds: 0 })).toThrow(/positive/);
  });
});
