import { randomBytes } from 'node:crypto';
import { CacheStorage } from '../../src/storage/cache-storage.js';
import { encryptedSessionStorage } from '../../src/storage/session-storage-encrypted.js';
import { SessionStorageGuarded } from '../../src/storage/session-storage-guarded.js';
import { SessionStorageMemory } from '../../src/memory/session-storage-memory.js';
import { migratingSessionStorage } from '../../src/storage/session-storage-migrating.js';
import { SessionStorageResilient } from '../../src/storage/session-storage-resilient.js';
import type { SessionStorage, SessionToStore } from '../../src/storage/session-storage.js';
import { wrappedStorage } from '../../src/storage/wrapped-storage.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { sessionStorageContract } from '../../src/testing/session-storage.contract.js';

/** The three verbs of a storage, as somebody's own class would have them. */
function threeVerbs(storage: SessionStorage): SessionStorage {
  return {
    read: async (id) => {
      const session = await storage.read(id);
      if (!session) return undefined;
      const { version: _version, ...rest } = session;
      return rest;
    },
    write: async (id, session) => void (await storage.write(id, session)),
    invalidate: async (id) => void (await storage.invalidate(id)),
  };
}

function memory() {
  const clock = new FakeClock();
  return { clock, storage: new SessionStorageMemory({ now: clock.now }) };
}

const clocked = (a: SessionStorage, clock: FakeClock) => ({
  a,
  now: clock.now,
  advance: (milliseconds: number) => clock.advance(milliseconds),
});

sessionStorageContract(
  { describe, it },
  () => {
    const { clock, storage } = memory();
    return clocked(storage, clock);
  },
  { name: 'SessionStorageMemory', fakeClock: true },
);

sessionStorageContract({ describe, it }, () => ({ a: threeVerbs(new SessionStorageMemory()) }), {
  name: 'a storage of three verbs in real time',
  capabilities: [],
});

sessionStorageContract(
  { describe, it },
  () => {
    const { clock, storage } = memory();
    return clocked(threeVerbs(storage), clock);
  },
  { name: 'a storage of three verbs', capabilities: [], fakeClock: true },
);

sessionStorageContract(
  { describe, it },
  () => {
    const { clock, storage } = memory();
    return clocked(new SessionStorageGuarded(threeVerbs(storage), { now: clock.now }), clock);
  },
  { name: 'SessionStorageGuarded over three verbs', capabilities: ['replace', 'touch'], fakeClock: true },
);

sessionStorageContract(
  { describe, it },
  () => {
    const { clock, storage } = memory();
    return clocked(new SessionStorageGuarded(storage, { now: clock.now }), clock);
  },
  { name: 'SessionStorageGuarded over a storage with owners', fakeClock: true, sessionsOfOneOwner: 2000 },
);

sessionStorageContract(
  { describe, it },
  () => {
    const { clock, storage } = memory();
    const timers = { now: clock.now, startTimer: clock.startTimer, sessionNow: clock.now };
    return clocked(new CacheStorage(storage, 5000, timers), clock);
  },
  { name: 'CacheStorage', fakeClock: true },
);

sessionStorageContract(
  { describe, it },
  () => {
    const { clock, storage } = memory();
    return clocked(encryptedSessionStorage(storage, { keys: randomBytes(32) }), clock);
  },
  { name: 'encryptedSessionStorage', fakeClock: true, sessionsOfOneOwner: 1000 },
);

for (const turned of [false, true]) {
  sessionStorageContract(
    { describe, it },
    () => {
      const clock = new FakeClock();
      const [to, from] = [new SessionStorageMemory({ now: clock.now }), new SessionStorageMemory({ now: clock.now })];
      const storage = migratingSessionStorage(to, from);
      // The other way round, every session of the suite is one that was there before.
      return clocked(
        turned
          ? Object.assign(storage, { write: (id: string, session: SessionToStore) => from.write(id, session) })
          : storage,
        clock,
      );
    },
    { name: `migratingSessionStorage, sessions in the ${turned ? 'old' : 'new'} one`, fakeClock: true },
  );
}

/** A storage whose backend can hang or be cut off. */
function breakable(storage: SessionStorage) {
  let mood: 'well' | 'hang' | 'down' = 'well';
  const broken = wrappedStorage(storage, (_, call) => {
    if (mood === 'hang') return new Promise(() => {});
    return mood === 'down' ? Promise.reject(new Error('ECONNREFUSED')) : call();
  });
  const set = (next: typeof mood) => () => void (mood = next);
  return { storage: broken, faults: { hang: set('hang'), down: set('down'), restore: set('well') } };
}

sessionStorageContract(
  { describe, it },
  () => {
    const { clock, storage } = memory();
    const { storage: broken, faults } = breakable(storage);
    return { ...clocked(new SessionStorageResilient(broken, { timeoutInMilliseconds: 20 }), clock), faults };
  },
  { name: 'SessionStorageResilient', fakeClock: true, faults: ['hang', 'down'] },
);
