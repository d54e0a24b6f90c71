import { isConditional, SessionStorageGuarded } from '../../../src/storage/session-storage-guarded.js';
import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import { SessionStorageResilient } from '../../../src/storage/session-storage-resilient.js';
import type { SessionStorage, SessionToStore, StoredSession } from '../../../src/storage/session-storage.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

/** Somebody's own storage: three verbs, and it keeps nothing but the value. */
class ThreeVerbs implements SessionStorage {
  readonly values = new Map<string, string>();
  readonly calls: string[] = [];
  hold: Promise<void> | undefined;

  async read(id: string): Promise<StoredSession | undefined> {
    this.calls.push('read');
    const value = this.values.get(id);
    return value === undefined ? undefined : { value, expiresAt: 0 };
  }
  async write(id: string, session: SessionToStore): Promise<void> {
    this.calls.push('write');
    await this.hold;
    this.values.set(id, session.value);
  }
  async invalidate(id: string): Promise<void> {
    this.calls.push('invalidate');
    this.values.delete(id);
  }
}

const START = 1_700_000_000_000;

function guarded() {
  const inner = new ThreeVerbs();
  const clock = new FakeClock(START);
  const open = () => new SessionStorageGuarded(inner, { now: clock.now });
  return { inner, clock, open, storage: open() };
}

describe('SessionStorageGuarded', () => {
  it('keeps owner, expiry and version for a storage that does not store them', async () => {
    const { storage } = guarded();
    const session = { value: 'a|b|c\n', expiresAt: START + 1000, owner: 'ü|\ud800=' };
    const version = await storage.write('id', session);
    expect(await storage.read('id')).toEqual({ ...session, version });
  });

  it('expires sessions even if the storage does not', async () => {
    const { storage, clock } = guarded();
    await storage.write('id', { value: 'v', expiresAt: START + 1000 });
    clock.advance(1000);
    expect(await storage.read('id')).toBeUndefined();
    expect(await storage.replace('id', { value: 'w', expiresAt: START + 5000 })).toEqual({ status: 'gone' });
  });

  it('reads and updates sessions that were stored without it', async () => {
    const { storage } = guarded();
    const inner = new SessionStorageMemory();
    const over = new SessionStorageGuarded(inner);
    const expiresAt = Date.now() + 10_000;
    await inner.write('id', { value: 'plain', expiresAt, owner: 'u' });
    const read = (await over.read('id'))!;
    expect(read).toMatchObject({ value: 'plain', expiresAt, owner: 'u' });
    expect(await over.replace('id', { value: 'new', expiresAt }, read.version)).toMatchObject({ status: 'replaced' });
    expect(await over.read('id')).toMatchObject({ value: 'new', owner: 'u' });
    expect(await storage.read('id')).toBeUndefined();
  });

  it('does not revive an ended session by a slow update of another process', async () => {
    const { inner, open } = guarded();
    const [here, there] = [open(), open()];
    await here.write('id', { value: 'v', expiresAt: START + 1000 });
    let release!: () => void;
    inner.hold = new Promise((resolve) => (release = resolve));
    inner.calls.length = 0;
    const slow = there.replace('id', { value: 'slow', expiresAt: START + 1000 });
    while (inner.calls.at(-1) !== 'write') await Promise.resolve();
    inner.hold = undefined;
    expect(await here.invalidate('id')).toBe(true);
    release();
    await slow;
    expect(inner.values.get('id')).toContain('slow');
    expect(await here.read('id')).toBeUndefined();
    expect(await there.read('id')).toBeUndefined();
    expect(await there.touch('id', START + 2000)).toBe(false);
    expect(await there.invalidate('id')).toBe(false);
  });

  it('keeps the mark of an end longer than any update that could revive the session', async () => {
    const writes: SessionToStore[] = [];
    const memory = new SessionStorageMemory({ now: () => START });
    const storage = new SessionStorageGuarded(
      {
        read: (id) => memory.read(id),
        write: (id, session) => (writes.push(session), memory.write(id, session)),
        invalidate: (id) => memory.invalidate(id),
      },
      { now: () => START },
    );
    await storage.write('id', { value: 'v', expiresAt: START + 50_000 });
    await storage.replace('id', { value: 'v', expiresAt: START + 10_000 });
    await storage.invalidate('id');
    expect(writes.at(-1)!.expiresAt).toBe(START + 100_000 + 600_000);
  });

  it('can write an ended id again', async () => {
    const { storage, inner } = guarded();
    await storage.write('id', { value: 'v', expiresAt: START + 1000 });
    await storage.invalidate('id');
    await storage.write('id', { value: 'w', expiresAt: START + 1000 });
    expect(await storage.read('id')).toMatchObject({ value: 'w' });
    expect(inner.values.size).toBe(1);
  });

  it('writes no mark for an unknown id', async () => {
    const { storage, inner } = guarded();
    expect(await storage.invalidate('unknown')).toBe(false);
    expect(inner.values.size).toBe(0);
  });

  it('passes only ids of 43 base64url characters to the wrapped storage', async () => {
    const { storage, inner } = guarded();
    const id = 'A'.repeat(43);
    await storage.write(id, { value: 'v', expiresAt: START + 1000 });
    await storage.invalidate(id);
    for (const key of inner.values.keys()) expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('reads session and mark in one call if the storage has readMany', async () => {
    const memory = new SessionStorageMemory();
    let reads = 0;
    const storage = new SessionStorageGuarded(
      new SessionStorageResilient(
        Object.assign(
          {
            read: () => Promise.reject(new Error('one by one')),
            write: (id: string, session: SessionToStore) => memory.write(id, session),
            invalidate: (id: string) => memory.invalidate(id),
          },
          {
            readMany: (ids: readonly string[]) => (reads++, Promise.all(ids.map((id) => memory.read(id)))),
          },
        ),
      ),
    );
    await memory.write('id', { value: 'v', expiresAt: Date.now() + 1000 });
    expect(await storage.read('id')).toMatchObject({ value: 'v' });
    expect(reads).toBe(1);
  });

  it('has the other capabilities of the storage and no more', () => {
    const { storage } = guarded();
    for (const name of ['owners', 'sweep', 'ping', 'close'] as const) expect(storage[name]).toBeUndefined();
    const memory = new SessionStorageGuarded(new SessionStorageMemory());
    for (const name of ['owners', 'sweep', 'ping', 'close'] as const) expect(memory[name]).toBeDefined();
  });

  it('lists and ends the sessions of an owner with marks', async () => {
    const inner = new SessionStorageMemory();
    const storage = new SessionStorageGuarded(inner);
    const expiresAt = Date.now() + 10_000;
    for (const id of ['a', 'b', 'c']) await storage.write(id, { value: `of ${id}`, expiresAt, owner: 'u' });
    const listed = await storage.owners!.list('u');
    expect(listed.map(({ session }) => session.value).sort()).toEqual(['of a', 'of b', 'of c']);
    expect(await storage.owners!.invalidateAll('u', 'b')).toBe(2);
    expect((await storage.owners!.list('u')).map(({ id }) => id)).toEqual(['b']);
    // A slow update from elsewhere must not bring one back.
    await inner.write('a', { value: 'zombie', expiresAt, owner: 'u' });
    expect(await storage.read('a')).toBeUndefined();
    expect((await storage.owners!.list('u')).map(({ id }) => id)).toEqual(['b']);
    await storage.ping!();
    expect(await storage.sweep!()).toBe(0);
    await storage.close!();
    expect(inner.size).toBe(0);
  });

  it('detects storages that need no guard', () => {
    expect(isConditional(new ThreeVerbs())).toBe(false);
    expect(isConditional(new SessionStorageMemory())).toBe(true);
    expect(isConditional(new SessionStorageGuarded(new ThreeVerbs()))).toBe(true);
  });
});
