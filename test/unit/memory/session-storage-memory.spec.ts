import * as fc from 'fast-check';
import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import type { StoredSession } from '../../../src/storage/session-storage.js';

const START = 1_700_000_000_000;

function storageAt(options: ConstructorParameters<typeof SessionStorageMemory>[0] = {}) {
  const clock = { now: START };
  return { clock, storage: new SessionStorageMemory({ ...options, now: () => clock.now }) };
}

describe('SessionStorageMemory', () => {
  it('returns a new object to every reader', async () => {
    const { storage } = storageAt();
    const session = { value: 'v', expiresAt: START + 1000, owner: 'u' };
    await storage.write('a', session);
    session.value = 'changed';
    const first = (await storage.read('a'))!;
    (first as { value: string }).value = 'changed';
    expect(await storage.read('a')).toEqual({
      value: 'v',
      expiresAt: START + 1000,
      owner: 'u',
      version: expect.any(String),
    });
  });

  it('never repeats a version, even for a reused id', async () => {
    const { storage } = storageAt();
    const first = await storage.write('a', { value: 'v', expiresAt: START + 1000 });
    await storage.invalidate('a');
    await storage.write('a', { value: 'w', expiresAt: START + 1000 });
    expect(await storage.replace('a', { value: 'x', expiresAt: START + 1000 }, first)).toMatchObject({
      status: 'conflict',
      current: { value: 'w' },
    });
  });

  it('removes expired sessions during other calls, without a timer', async () => {
    const { storage, clock } = storageAt();
    for (let i = 0; i < 100; i++) await storage.write(`old${i}`, { value: 'v', expiresAt: START + 1000 });
    clock.now += 1000;
    for (let i = 0; i < 30; i++) await storage.write(`new${i}`, { value: 'v', expiresAt: START + 5000 });
    expect(storage.size).toBe(30);
  });

  it('keeps a renewed session past its first expiry', async () => {
    const { storage, clock } = storageAt();
    await storage.write('a', { value: 'v', expiresAt: START + 1000 });
    await storage.touch('a', START + 5000);
    clock.now = START + 2000;
    expect(await storage.sweep()).toBe(0);
    expect(await storage.read('a')).toMatchObject({ value: 'v', expiresAt: START + 5000 });
    clock.now = START + 5000;
    expect(await storage.sweep()).toBe(1);
    expect(storage.size).toBe(0);
  });

  it('sweeps thousands of sessions in batches, at most the limit', async () => {
    const { storage, clock } = storageAt();
    for (let i = 0; i < 2500; i++) await storage.write(`s${i}`, { value: 'v', expiresAt: START + 1 });
    clock.now += 1;
    expect(await storage.sweep(10)).toBe(10);
    expect(await storage.sweep()).toBe(2490);
    expect(await storage.sweep()).toBe(0);
  });

  describe('at its bound', () => {
    it('removes expired sessions before live ones', async () => {
      const evicted: number[] = [];
      const { storage, clock } = storageAt({ maxSessions: 3, onEvict: (count) => evicted.push(count) });
      await storage.write('live', { value: 'v', expiresAt: START + 9000 });
      await storage.write('dead', { value: 'v', expiresAt: START + 10 });
      await storage.write('live2', { value: 'v', expiresAt: START + 9000 });
      clock.now += 10;
      await storage.write('live3', { value: 'v', expiresAt: START + 9000 });
      expect(storage.size).toBe(3);
      expect(await storage.read('live')).toBeDefined();
      expect(evicted).toEqual([]);
    });

    it('reports the number of evicted live sessions until the listener is removed', async () => {
      const { storage } = storageAt({ maxBytes: 20 });
      const [counts, others]: [number[], number[]] = [[], []];
      const stop = storage.watchEvictions((count) => counts.push(count));
      storage.watchEvictions((count) => others.push(count));
      for (const id of ['a1', 'a2', 'a3']) await storage.write(id, { value: 'vvvv', expiresAt: START + 9000 });
      expect(counts).toEqual([]);
      await storage.write('b1', { value: 'v'.repeat(10), expiresAt: START + 9000 });
      expect(counts).toEqual([2]);
      stop();
      await storage.write('b2', { value: 'v'.repeat(10), expiresAt: START + 9000 });
      expect([counts, others]).toEqual([[2], [2, 2]]);
    });

    it('finds an expired session behind many renewed ones', async () => {
      const { storage, clock } = storageAt({ maxSessions: 21 });
      for (let i = 0; i < 20; i++) await storage.write(`s${i}`, { value: 'v', expiresAt: START + 100 });
      await storage.write('dead', { value: 'v', expiresAt: START + 200 });
      for (let i = 0; i < 20; i++) await storage.touch(`s${i}`, START + 9000);
      await storage.read('dead');
      clock.now += 300;
      await storage.write('new', { value: 'v', expiresAt: START + 9000 });
      expect(storage.size).toBe(21);
      expect(storage.evicted).toBe(0);
      expect(await storage.read('s0')).toBeDefined();
    });

    it.each<[string, (storage: SessionStorageMemory) => Promise<unknown>]>([
      ['read', (storage) => storage.read('s0')],
      ['replace', (storage) => storage.replace('s0', { value: 'w', expiresAt: START + 9000 })],
      ['touch', (storage) => storage.touch('s0', START + 9500)],
    ])('evicts the least recently used sessions, and %s counts as use', async (_name, use) => {
      const evicted: number[] = [];
      const { storage } = storageAt({ maxSessions: 3, onEvict: (count) => evicted.push(count) });
      for (let i = 0; i < 3; i++) await storage.write(`s${i}`, { value: 'v', expiresAt: START + 9000 });
      await use(storage);
      await storage.write('s3', { value: 'v', expiresAt: START + 9000 });
      await storage.write('s4', { value: 'v', expiresAt: START + 9000 });
      expect(await storage.read('s0')).toBeDefined();
      expect(await storage.read('s1')).toBeUndefined();
      expect(await storage.read('s2')).toBeUndefined();
      expect(storage.size).toBe(3);
      expect(storage.evicted).toBe(2);
      expect(evicted).toEqual([1, 2]);
    });

    it('counts the bytes of ids and values', async () => {
      const { storage } = storageAt({ maxBytes: 300 });
      await storage.write('a', { value: 'x'.repeat(99), expiresAt: START + 9000 });
      expect(storage.bytes).toBe(100);
      await storage.write('b', { value: '€'.repeat(49), expiresAt: START + 9000 });
      expect(storage.bytes).toBe(199);
      await storage.replace('b', { value: 'x'.repeat(250), expiresAt: START + 9000 });
      expect(storage.bytes).toBe(251);
      expect(await storage.read('a')).toBeUndefined();
      await storage.invalidate('b');
      expect(storage.bytes).toBe(0);
    });

    it('rejects a session larger than the limit, and keeps the others', async () => {
      const { storage } = storageAt({ maxBytes: 100 });
      await storage.write('a', { value: 'v', expiresAt: START + 9000 });
      const large = { value: 'x'.repeat(100), expiresAt: START + 9000 };
      await expect(storage.write('b', large)).rejects.toMatchObject({ code: 'SESSION_TOO_LARGE' });
      await expect(storage.replace('a', large)).rejects.toMatchObject({ code: 'SESSION_TOO_LARGE' });
      expect(await storage.read('a')).toMatchObject({ value: 'v' });
    });
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('rejects the limit %p', (value) => {
    expect(() => new SessionStorageMemory({ maxSessions: value })).toThrow(/maxSessions .* integer/);
    expect(() => new SessionStorageMemory({ maxBytes: value })).toThrow(/maxBytes .* integer/);
  });

  it('treats an expiry of NaN as passed', async () => {
    const { storage } = storageAt();
    await storage.write('a', { value: 'v', expiresAt: Number.NaN });
    expect(await storage.read('a')).toBeUndefined();
    await storage.write('a', { value: 'v', expiresAt: START + 1000 });
    await storage.replace('a', { value: 'v', expiresAt: Number.NaN });
    expect(await storage.sweep()).toBe(1);
    expect(storage.size).toBe(0);
  });

  it('removes all sessions when closed', async () => {
    const { storage } = storageAt();
    await storage.write('a', { value: 'v', expiresAt: START + 1000, owner: 'u' });
    await storage.close();
    expect(storage.size).toBe(0);
    expect(await storage.owners.list('u')).toEqual([]);
  });

  it('shows no session to an inspector', async () => {
    const { storage } = storageAt();
    await storage.write('secret-id', { value: 'secret-value', expiresAt: START + 1000, owner: 'secret-owner' });
    const { inspect } = await import('node:util');
    expect(inspect(storage, { depth: 9, showHidden: true })).not.toContain('secret');
  });

  it('behaves as a simple model under any sequence of calls', async () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'ä', '');
    const owner = fc.constantFrom(undefined, 'u', 'w');
    const step = fc.oneof(
      fc.record({ do: fc.constant('write' as const), id, owner, idle: fc.integer({ min: -5, max: 50 }) }),
      fc.record({ do: fc.constant('replace' as const), id, idle: fc.integer({ min: -5, max: 50 }) }),
      fc.record({ do: fc.constant('touch' as const), id, idle: fc.integer({ min: -5, max: 90 }) }),
      fc.record({ do: fc.constant('invalidate' as const), id }),
      fc.record({ do: fc.constant('revoke' as const), owner: fc.constantFrom('u', 'w'), id }),
      fc.record({ do: fc.constant('wait' as const), time: fc.integer({ min: 1, max: 40 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { storage, clock } = storageAt();
        const model = new Map<string, { value: string; expiresAt: number; owner?: string | undefined }>();
        let values = 0;
        for (const now of steps) {
          for (const [key, session] of model) if (session.expiresAt <= clock.now) model.delete(key);
          switch (now.do) {
            case 'write': {
              const session = { value: `v${values++}`, expiresAt: clock.now + now.idle };
              const stored = now.owner === undefined ? session : { ...session, owner: now.owner };
              await storage.write(now.id, stored);
              model.delete(now.id);
              if (now.idle > 0) model.set(now.id, stored);
              break;
            }
            case 'replace': {
              const session = { value: `v${values++}`, expiresAt: clock.now + now.idle };
              const result = await storage.replace(now.id, session);
              const present = model.get(now.id);
              expect(result.status).toBe(present ? 'replaced' : 'gone');
              if (present) model.set(now.id, { ...present, ...session });
              break;
            }
            case 'touch': {
              const present = model.get(now.id);
              expect(await storage.touch(now.id, clock.now + now.idle)).toBe(present !== undefined);
              if (present) present.expiresAt = Math.max(present.expiresAt, clock.now + now.idle);
              break;
            }
            case 'invalidate':
              expect(await storage.invalidate(now.id)).toBe(model.delete(now.id));
              break;
            case 'revoke': {
              const ended = [...model].filter(([key, session]) => session.owner === now.owner && key !== now.id);
              for (const [key] of ended) model.delete(key);
              expect(await storage.owners.invalidateAll(now.owner, now.id)).toBe(ended.length);
              break;
            }
            case 'wait':
              clock.now += now.time;
          }
          await agree(storage, model, clock.now);
        }
      }),
    );
  });
});

async function agree(
  storage: SessionStorageMemory,
  model: ReadonlyMap<string, { value: string; expiresAt: number; owner?: string | undefined }>,
  now: number,
): Promise<void> {
  const live = [...model].filter(([, session]) => session.expiresAt > now);
  for (const id of ['a', 'b', 'c', 'd', 'ä', '']) {
    const expected = live.find(([key]) => key === id)?.[1];
    const read: StoredSession | undefined = await storage.read(id);
    if (expected === undefined) expect(read).toBeUndefined();
    else expect(read).toMatchObject(expected);
  }
  for (const owner of ['u', 'w']) {
    const ids = live.filter(([, session]) => session.owner === owner).map(([id]) => id);
    expect((await storage.owners.list(owner)).map((entry) => entry.id).toSorted()).toEqual(ids.toSorted());
  }
}

describe('A memory storage at its bound', () => {
  it('evicts sessions without an owner first, then the least recently used with one', async () => {
    const storage = new SessionStorageMemory({ maxSessions: 3 });
    const session = (owner?: string) => ({ value: 'v', expiresAt: Date.now() + 60_000, ...(owner ? { owner } : {}) });
    await storage.create('ann', session('ann'));
    await storage.create('bob', session('bob'));
    for (let visit = 0; visit < 1000; visit++) await storage.create(`visit ${visit}`, session());
    expect(await storage.read('ann')).toBeDefined();
    expect(await storage.read('bob')).toBeDefined();
    await storage.create('cat', session('cat'));
    await storage.create('dan', session('dan'));
    expect(await storage.read('ann')).toBeUndefined();
    expect(await storage.read('bob')).toBeDefined();
    expect(storage.evicted).toBe(1001);
  });
});
