import { jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { createClient } from 'redis';
import { DirectoryOwnerFiles } from '../../src/directory/directory-owner-files.js';
import { SessionStorageDirectory } from '../../src/directory/session-storage-directory.js';
import { SessionStorageMemory } from '../../src/memory/session-storage-memory.js';
import { SessionStorageGuarded } from '../../src/storage/session-storage-guarded.js';
import type { SessionStorage } from '../../src/storage/session-storage.js';
import { startRedis, uniqueName } from '../support/servers.js';

/** A storage, and what happens once between its index and the sessions. */
interface Bench {
  readonly storage: SessionStorage;
  /** Runs `task` after the next read of the index, and before the index is used. */
  afterIndex(task: () => Promise<void>): void;
  close(): Promise<unknown>;
}

/** The next task, once. */
class Once {
  #task: (() => Promise<void>) | undefined;

  set(task: () => Promise<void>): void {
    this.#task = task;
  }

  async run(): Promise<void> {
    const task = this.#task;
    this.#task = undefined;
    await task?.();
  }
}

async function openRedis(): Promise<Bench> {
  const server = await startRedis();
  const prefix = uniqueName();
  const client = await createClient({ url: server.url }).connect();
  const once = new Once();
  const command = async (_key: string | undefined, _readonly: boolean, args: readonly string[]): Promise<unknown> => {
    const reply = await client.sendCommand([...args]);
    if (args[0] === 'ZRANGE') await once.run();
    return reply;
  };
  return {
    storage: redisSessionStorage({ client: command, prefix: `${prefix}:` }),
    afterIndex: (task) => once.set(task),
    close: async () => {
      client.destroy();
      await server.close(prefix);
    },
  };
}

async function openDirectory(): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'sessions-'));
  const once = new Once();
  const { names } = DirectoryOwnerFiles.prototype;
  const spy = jest.spyOn(DirectoryOwnerFiles.prototype, 'names').mockImplementation(async function (
    this: DirectoryOwnerFiles,
    owner,
  ) {
    const found = await names.call(this, owner);
    await once.run();
    return found;
  });
  return {
    storage: new SessionStorageDirectory({ directory }),
    afterIndex: (task) => once.set(task),
    close: () => (spy.mockRestore(), rm(directory, { recursive: true })),
  };
}

async function openGuarded(): Promise<Bench> {
  const inner = new SessionStorageMemory();
  const once = new Once();
  const { owners } = inner;
  const list = async (owner: string) => {
    const found = await owners.list(owner);
    await once.run();
    return found;
  };
  const indexed: SessionStorage = {
    read: (id) => inner.read(id),
    write: (id, session) => inner.write(id, session),
    invalidate: (id) => inner.invalidate(id),
    owners: { list, invalidateAll: (owner, except) => owners.invalidateAll(owner, except) },
  };
  return {
    storage: new SessionStorageGuarded(indexed),
    afterIndex: (task) => once.set(task),
    close: async () => undefined,
  };
}

const expiresAt = Date.now() + 3_600_000;

describe.each([
  ['SessionStorageRedis', openRedis],
  ['SessionStorageDirectory', openDirectory],
  ['SessionStorageGuarded', openGuarded],
] as const)('the owner index of %s', (_, open) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await open();
  });
  afterAll(() => bench.close());

  /** A session `old` that becomes `new` at the next read of the index. */
  async function rotating(owner: string): Promise<void> {
    const session = { value: 'v', expiresAt, owner };
    await bench.storage.write(`old ${owner}`, session);
    bench.afterIndex(async () => {
      await bench.storage.write(`new ${owner}`, session);
      await bench.storage.invalidate(`old ${owner}`);
    });
  }

  it('lists the new id of a session that rotates meanwhile', async () => {
    await rotating('listed');
    const ids = (await bench.storage.owners!.list('listed')).map(({ id }) => id);
    expect(ids).toEqual(['new listed']);
  });

  it('ends the new id of a session that rotates meanwhile', async () => {
    await rotating('ended');
    expect(await bench.storage.owners!.invalidateAll('ended')).toBe(1);
    expect(await bench.storage.read('new ended')).toBeUndefined();
    expect(await bench.storage.owners!.list('ended')).toEqual([]);
  });
});
