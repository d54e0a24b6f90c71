import { jest } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fullTests } from '../../support/full-tests.js';
import type { SessionStorageDirectory as Storage } from '../../../src/directory/session-storage-directory.js';

// Stops a "process" right before one of its calls of the file system, as SIGSTOP or a slow disk does.

/** What a process of the test may do, and where it stands still. */
class Process {
  calls = 0;
  readonly stopped: Promise<void>;
  readonly #going: Promise<void>;
  #reached!: () => void;
  #goOn!: () => void;

  constructor(
    readonly stopAt: number,
    readonly hasRoom = true,
  ) {
    this.stopped = new Promise((resolve) => (this.#reached = resolve));
    this.#going = new Promise((resolve) => (this.#goOn = resolve));
  }

  async beforeCall(name: string): Promise<void> {
    if (!this.hasRoom && (name === 'mkdir' || name === 'writeFile')) {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    }
    if (this.calls++ !== this.stopAt) return;
    this.#reached();
    await this.#going;
  }

  goOn(): void {
    this.#goOn();
  }
}

const current = new AsyncLocalStorage<Process>();
const real = await import('node:fs/promises');

type Call = (...args: unknown[]) => Promise<unknown>;

/** The same object, whose asynchronous functions let the process stand still before they begin. */
function stoppable<T extends object>(target: T): T {
  return new Proxy(target, {
    get(_target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        await current.getStore()?.beforeCall(String(key));
        const result = await (value as Call).apply(target, args);
        return key === 'open' ? stoppable(result as FileHandle) : result;
      };
    },
  });
}

const calls = stoppable({ ...real.default });
const names = Object.keys(real.default) as Array<keyof typeof real.default>;
jest.unstable_mockModule('node:fs/promises', () => ({
  ...Object.fromEntries(names.map((name) => [name, calls[name]])),
  default: calls,
}));
const { SessionStorageDirectory } = await import('../../../src/directory/session-storage-directory.js');

const EXPIRES_AT = Date.now() + 3_600_000;
let directory: string;

beforeAll(async () => {
  directory = await real.mkdtemp(join(tmpdir(), 'stops-'));
});
afterAll(() => real.rm(directory, { recursive: true }));

/** Adds a mark to the text of a session as the package does: by what it read. @returns whether that was acknowledged. */
async function mark(storage: Storage, id: string, name: string): Promise<boolean> {
  const read = await storage.read(id);
  for (let found = read; found;) {
    const result = await storage.replace(id, { value: found.value + name, expiresAt: EXPIRES_AT }, found.version);
    if (result.status === 'replaced') return true;
    if (result.status === 'gone') return false;
    found = result.current;
  }
  return false;
}

type Deed = (storage: Storage, id: string) => Promise<unknown>;

const deeds: Readonly<Record<string, Deed>> = {
  change: (storage, id) => mark(storage, id, 'A'),
  end: (storage, id) => storage.invalidate(id),
  touch: (storage, id) => storage.touch(id, EXPIRES_AT + 1000),
};

/** Starts a deed in a process of its own. @returns what came of it; a rejection is `'rejected'`. */
function start(deed: Deed, id: string, process: Process): Promise<unknown> {
  const storage = new SessionStorageDirectory({ directory });
  return current.run(process, () => deed(storage, id).catch(() => 'rejected'));
}

/** A session of an owner: a change that does not name the owner writes its file twice. */
async function seed(id: string): Promise<InstanceType<typeof SessionStorageDirectory>> {
  const storage = new SessionStorageDirectory({ directory });
  await storage.write(id, { value: '-', expiresAt: EXPIRES_AT, owner: 'u' });
  return storage;
}

/** How many calls of the file system a deed makes. */
async function callsOf(deed: Deed): Promise<number> {
  const id = `count-${Math.random()}`;
  await seed(id);
  const process = new Process(-1);
  await start(deed, id, process);
  return process.calls;
}

interface Outcome {
  readonly at: string;
  readonly stored: string | undefined;
  readonly expected: string | undefined;
}

/** One process stands still at a call; another changes or ends the session; the first one goes on. */
async function stopOne(name: string, stopAt: number, other: 'changes' | 'ends'): Promise<Outcome> {
  const id = `${name}-${stopAt}-${other}`;
  const storage = await seed(id);
  const process = new Process(stopAt);
  const running = start(deeds[name]!, id, process);
  await process.stopped;
  const acknowledged: string[] = [];
  for (const step of ['b', 'c', 'd']) if (await mark(storage, id, step)) acknowledged.push(step);
  let ended = other === 'ends' && (await storage.invalidate(id), true);
  process.goOn();
  const result = await running;
  if (name === 'end' && typeof result === 'boolean') ended = true;
  if (name === 'change' && result === true) acknowledged.push('A');
  const stored = (await storage.read(id))?.value;
  return {
    at: id,
    stored: stored && stored.slice(1).split('').sort().join(''),
    expected: ended ? undefined : acknowledged.sort().join(''),
  };
}

describe('A process that is suspended at any call of the file system', () => {
  it.each(Object.keys(deeds).flatMap((name) => (['changes', 'ends'] as const).map((other) => [name, other] as const)))(
    'and goes on with its %s after another process %s, takes back nothing and brings back nothing',
    async (name, other) => {
      const count = await callsOf(deeds[name]!);
      expect(count).toBeGreaterThan(3);
      const stops = Array.from({ length: count }, (_, stopAt) => stopOne(name, stopAt, other));
      for (const { at, stored, expected } of await Promise.all(stops)) {
        expect({ at, stored }).toEqual({ at, stored: expected });
      }
    },
    240_000,
  );

  it('reverts no change, beside another process that is suspended at any other call', async () => {
    const count = await callsOf(deeds['change']!);
    const allPairs = Array.from(
      { length: count * count },
      (_, pair) => [pair % count, Math.floor(pair / count)] as const,
    );
    const pairs = fullTests ? allPairs : allPairs.filter(([first, second]) => (first + second) % 12 === 0);
    const outcomes: Array<{ readonly id: string; readonly stored: string; readonly acknowledged: string }> = [];
    const runPair = async ([first, second]: (typeof pairs)[number]): Promise<void> => {
      const id = `pair-${first}-${second}`;
      const storage = await seed(id);
      const processes = [new Process(first), new Process(second)] as const;
      const running: Array<Promise<unknown>> = [];
      for (const [index, process] of processes.entries()) {
        running.push(start((opened, of) => mark(opened, of, index === 0 ? 'A' : 'B'), id, process));
        await Promise.race([process.stopped, running[index]]);
      }
      const acknowledged = (await mark(storage, id, 'c')) ? ['c'] : [];
      // The one that stood still last goes on first.
      for (const index of [1, 0] as const) {
        processes[index].goOn();
        if ((await running[index]) === true) acknowledged.push(index === 0 ? 'A' : 'B');
      }
      const stored = (await storage.read(id))!.value.slice(1);
      outcomes.push({ id, stored: stored.split('').sort().join(''), acknowledged: acknowledged.sort().join('') });
    };
    // A few at once: a change waits for a lock for a limited time only.
    while (pairs.length > 0) await Promise.all(pairs.splice(0, 100).map(runPair));
    for (const { id, stored, acknowledged } of outcomes) expect({ id, stored }).toEqual({ id, stored: acknowledged });
  }, 240_000);

  it('revives no session that another process ends on a full disk', async () => {
    const count = await callsOf(deeds['change']!);
    const stops = Array.from({ length: count }, async (_, stopAt) => {
      const id = `full-${stopAt}`;
      const storage = await seed(id);
      const process = new Process(stopAt);
      const running = start(deeds['change']!, id, process);
      await process.stopped;
      const ended = await start((full, of) => full.invalidate(of), id, new Process(-1, false));
      process.goOn();
      await running;
      return { stopAt, ended, stored: await storage.read(id) };
    });
    for (const { stopAt, ended, stored } of await Promise.all(stops)) {
      expect({ stopAt, ended, stored }).toEqual({ stopAt, ended: true, stored: undefined });
    }
  }, 240_000);
});
