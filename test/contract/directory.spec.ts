import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SessionStorageDirectory } from '../../src/directory/session-storage-directory.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { sessionStorageContract } from '../../src/testing/session-storage.contract.js';
import { fullTests, rounds } from '../support/full-tests.js';

// Busy machines have slow disks.
const SLOW = 240_000;

/** A folder in memory, where the system has one with room: ten thousand sessions beside busy databases took minutes. */
async function roomy(): Promise<string> {
  const inMemory = '/dev/shm';
  const room = await statfs(inMemory).catch(() => undefined);
  return room && room.bavail * room.bsize > 512 * 1024 * 1024 ? inMemory : tmpdir();
}

sessionStorageContract(
  // The other cases are run below, where many sessions would be made several times.
  (name, test) => (name.includes('sessions of one owner') ? it(name, test, SLOW) : undefined),
  async () => {
    const directory = await mkdtemp(join(await roomy(), 'sessions-'));
    return { a: new SessionStorageDirectory({ directory }), close: () => rm(directory, { recursive: true }) };
  },
  { sessionsOfOneOwner: fullTests ? 10_000 : 1000 },
);

for (const options of [{}, { shared: false }, { fsync: true }]) {
  sessionStorageContract(
    { describe, it },
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'sessions-'));
      const clock = new FakeClock();
      const open = () => new SessionStorageDirectory({ directory, now: clock.now, ...options });
      const [a, b] = [open(), open()];
      return {
        a,
        // Without lock files one process must not have two.
        ...(options.shared === false ? {} : { b }),
        now: clock.now,
        advance: (milliseconds: number) => clock.advance(milliseconds),
        close: async () => {
          await a.close();
          await b.close();
          await rm(directory, { recursive: true });
        },
      };
    },
    {
      name: `SessionStorageDirectory ${JSON.stringify(options)}`,
      fakeClock: true,
      sessionsOfOneOwner: fullTests ? 300 : 100,
      rounds,
    },
  );
}
