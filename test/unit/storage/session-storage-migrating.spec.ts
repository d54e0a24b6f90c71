import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import { migratingSessionStorage } from '../../../src/storage/session-storage-migrating.js';
import type { SessionStorage } from '../../../src/storage/session-storage.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

function migrating() {
  const clock = new FakeClock();
  const [to, from] = [new SessionStorageMemory({ now: clock.now }), new SessionStorageMemory({ now: clock.now })];
  const session = (value: string) => ({ value, expiresAt: clock.now() + 60_000, owner: 'u' });
  return { clock, to, from, storage: migratingSessionStorage(to, from), session };
}

const verbs = (storage: SessionStorage): SessionStorage => ({
  read: (id) => storage.read(id),
  write: async (id, session) => void (await storage.write(id, session)),
  invalidate: async (id) => void (await storage.invalidate(id)),
});

describe('migratingSessionStorage', () => {
  it('writes new sessions only to the new storage', async () => {
    const { to, from, storage, session } = migrating();
    await storage.write('a', session('v'));
    expect(await to.read('a')).toBeDefined();
    expect(await from.read('a')).toBeUndefined();
  });

  it('keeps and ends sessions of the old storage there', async () => {
    const { to, from, storage, session, clock } = migrating();
    await from.write('a', session('old'));
    const { version } = (await storage.read('a'))!;
    expect(await storage.replace!('a', session('x'), 'stale')).toMatchObject({ status: 'conflict' });
    expect((await storage.replace!('a', session('changed'), version)).status).toBe('replaced');
    expect((await from.read('a'))?.value).toBe('changed');
    expect(await storage.touch!('a', clock.now() + 90_000)).toBe(true);
    expect(to.size).toBe(0);
    expect(await storage.invalidate('a')).toBe(true);
    expect(from.size).toBe(0);
    expect(await storage.invalidate('a')).toBe(false);
    expect(await storage.replace!('a', session('x'))).toEqual({ status: 'gone' });
    expect(await storage.touch!('a', clock.now() + 90_000)).toBe(false);
  });

  it('lists and ends the sessions of an owner in both storages', async () => {
    const { from, storage, session } = migrating();
    await from.write('old', session('v'));
    await storage.write('new', session('v'));
    expect((await storage.owners!.list('u')).map(({ id }) => id)).toEqual(['old', 'new']);
    expect(await storage.owners!.invalidateAll('u', 'new')).toBe(1);
    expect(await storage.owners!.invalidateAll('u')).toBe(1);
  });

  it('sweeps both storages within one limit, pings both and closes both', async () => {
    const { to, from, storage, session, clock } = migrating();
    for (const id of ['a', 'b']) await from.write(id, session('v'));
    for (const id of ['c', 'd']) await to.write(id, session('v'));
    clock.advance(60_000);
    expect(await storage.sweep!(3)).toBe(3);
    expect(await storage.sweep!()).toBe(1);
    await storage.ping!();
    await to.write('e', session('v'));
    await from.write('f', session('v'));
    await storage.close!();
    expect([to.size, from.size]).toEqual([0, 0]);
  });

  it('ends a session in the new storage even if the old one fails, and rejects', async () => {
    const { to, session } = migrating();
    const down = { ...verbs(to), invalidate: () => Promise.reject(new Error('down')) };
    await to.write('a', session('v'));
    await expect(migratingSessionStorage(to, down).invalidate('a')).rejects.toThrow('down');
    expect(await to.read('a')).toBeUndefined();
  });

  it('has only the capabilities of both storages', async () => {
    const { to, from, session } = migrating();
    const storage = migratingSessionStorage(to, verbs(from));
    expect(Object.keys(storage).sort()).toEqual(['close', 'ping', 'sweep']);
    expect(Object.keys(migratingSessionStorage(verbs(to), verbs(from)))).toEqual([]);
    expect(await storage.invalidate('a')).toBeUndefined();
    await storage.write('a', session('v'));
    expect(await storage.invalidate('a')).toBe(true);
  });
});
