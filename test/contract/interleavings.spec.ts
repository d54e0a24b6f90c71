import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SessionStorageDirectory } from '../../src/directory/session-storage-directory.js';
import { SessionStorageGuarded } from '../../src/storage/session-storage-guarded.js';
import { SessionStorageMemory } from '../../src/memory/session-storage-memory.js';
import { migratingSessionStorage } from '../../src/storage/session-storage-migrating.js';
import type { SessionStorage } from '../../src/storage/session-storage.js';
import { requestsOf } from '../../src/testing/interleavings/explore-session-requests.js';
import type { RequestKind } from '../../src/testing/interleavings/session-algorithm.js';
import {
  byTracker,
  byTrackerWithGrace,
  explored,
  fewerPairs,
  fewerTriples,
  fewerTriplesAroundRotation,
  pairs,
  pairsAroundRotation,
  triples,
  triplesAroundRotation,
} from './session-orders.js';
import { fullTests } from '../support/full-tests.js';
import { trackerAlgorithm } from '../../src/testing/interleavings/tracker-algorithm.js';

// A storage sees a login as a rotation; without owners nothing can be revoked.
const FOR_THREE_VERBS: readonly RequestKind[] = ['read', 'change', 'touch', 'logout', 'rotate'];
const SLOW = 240_000;

const memory = { open: () => ({ storage: new SessionStorageMemory() }) };

const directory = {
  async open() {
    const path = await mkdtemp(join(tmpdir(), 'interleavings-'));
    const storage = new SessionStorageDirectory({ directory: path });
    return { storage, close: () => rm(path, { recursive: true }) };
  },
};

function verbsOf(storage: SessionStorage): SessionStorage {
  return {
    read: (id) => storage.read(id),
    write: async (id, session) => void (await storage.write(id, session)),
    invalidate: async (id) => void (await storage.invalidate(id)),
  };
}

const through = (storage: SessionStorage) => new SessionStorageGuarded(storage);
const threeVerbs = { through, open: () => ({ storage: verbsOf(new SessionStorageMemory()) }) };

/** The same, but a session and the mark of its end are read in one step. */
const threeVerbsAndMany = {
  through,
  open() {
    const storage = new SessionStorageMemory();
    const readMany = (ids: readonly string[]) => Promise.all(ids.map((id) => storage.read(id)));
    return { storage: Object.assign(verbsOf(storage), { readMany }) };
  },
};

describe('every order of two requests of one session', () => {
  it('keeps every promise: reference algorithm over memory', async () => {
    expect(await explored(pairs, memory)).toBe(172);
    expect(await explored([['change', 'change']], { ...memory, sameField: true })).toBe(4);
  });

  it('keeps every promise: tracker over memory', async () => {
    expect(await explored(pairs, { ...memory, ...byTracker })).toBe(312);
    expect(await explored([['change', 'change']], { ...memory, ...byTracker, sameField: true })).toBe(4);
  });

  it('makes no request anonymous within the grace period of a rotation: tracker over memory', async () => {
    expect(await explored(pairsAroundRotation, { ...memory, ...byTrackerWithGrace })).toBe(256);
  });

  it(
    'keeps every promise: reference algorithm and tracker over a directory',
    async () => {
      const some = fullTests ? pairs : fewerPairs;
      expect(await explored(some, directory)).toBe(fullTests ? 172 : 22);
      expect(await explored(some, { ...directory, ...byTracker })).toBe(fullTests ? 312 : 24);
    },
    SLOW,
  );

  it('keeps every promise: tracker while sessions move to another storage', async () => {
    // A new session is written to the one, and the one that was there before stays in the other.
    const open = () => {
      const [to, from] = [new SessionStorageMemory(), new SessionStorageMemory()];
      let written = 0;
      const storage = migratingSessionStorage(to, from);
      const write: SessionStorage['write'] = (id, session) => (written++ === 0 ? from : to).write(id, session);
      return { storage: Object.assign(storage, { write }) };
    };
    expect(await explored(pairs, { open, ...byTracker })).toBeGreaterThan(150);
  });

  it(
    'keeps every promise: tracker over three verbs, guarded in one process',
    async () => {
      // Two rotations have more than 100,000 orders here; those of several processes are run below.
      const all = requestsOf(FOR_THREE_VERBS, 2).filter((kinds) => kinds.join() !== 'rotate,rotate');
      const some = fullTests ? all : all.filter((kinds) => kinds.join() !== 'logout,rotate');
      expect(await explored(some, { ...threeVerbs, ...byTracker })).toBe(fullTests ? 13_203 : 1835);
    },
    SLOW,
  );

  it(
    'keeps ended sessions ended: tracker over three verbs, guarded in several processes',
    async () => {
      const options = { algorithm: trackerAlgorithm, processes: 'several', promise: 'end-only' } as const;
      const all = requestsOf(FOR_THREE_VERBS, 2);
      expect(await explored(all, { ...threeVerbsAndMany, ...options })).toBeGreaterThan(500);
      const some = fullTests ? all : all.filter((kinds) => kinds.join() !== 'rotate,rotate');
      expect(await explored(some, { ...threeVerbs, ...options })).toBe(fullTests ? 5684 : 2376);
    },
    SLOW,
  );
});

describe('every order of three requests of one session', () => {
  it(
    'makes no request anonymous within the grace period of a rotation: tracker over memory',
    async () => {
      const some = fullTests ? triplesAroundRotation : fewerTriplesAroundRotation;
      expect(await explored(some, { ...memory, ...byTrackerWithGrace })).toBe(fullTests ? 9563 : 3030);
    },
    SLOW,
  );

  it(
    'keeps every promise: reference algorithm over memory',
    async () => {
      expect(await explored(triples, memory)).toBe(5460);
    },
    SLOW,
  );

  it(
    'keeps every promise: tracker over memory',
    async () => {
      expect(await explored(fullTests ? triples : fewerTriples, { ...memory, ...byTracker })).toBe(
        fullTests ? 26_896 : 2146,
      );
    },
    SLOW,
  );

  if (!fullTests) return;

  it(
    'keeps every promise: reference algorithm over a directory',
    async () => {
      expect(
        await explored(
          [
            ['change', 'touch', 'revoke'],
            ['change', 'rotate', 'revoke'],
          ],
          directory,
        ),
      ).toBe(60);
    },
    SLOW,
  );
});
