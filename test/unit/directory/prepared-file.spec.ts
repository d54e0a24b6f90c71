import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { breakLockOf, PreparedFile } from '../../../src/directory/prepared-file.js';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'locks-'));
  path = join(directory, 'x');
});
afterEach(() => rm(directory, { recursive: true }));

const prepare = (content = 'new', shared = true): Promise<PreparedFile> =>
  PreparedFile.make(path, shared, (file) => writeFile(file, content));

async function takeTurns(count: number): Promise<void> {
  let [holders, turns] = [0, 0];
  await Promise.all(
    Array.from({ length: count }, async () => {
      const prepared = await prepare();
      await prepared.acquire();
      expect(++holders).toBe(1);
      await setTimeout(1);
      holders--;
      if (++turns % 2 === 0) expect(await prepared.commit()).toBe(true);
      else await prepared.discard();
    }),
  );
  expect(turns).toBe(count);
}

describe('PreparedFile', () => {
  it('is locked by one holder at a time, and leaves only the file', async () => {
    await takeTurns(20);
    expect(await readdir(directory)).toEqual(['x']);
  });

  it('takes over the lock of a dead process once', async () => {
    for (let round = 0; round < 2; round++) {
      await (await prepare('of the dead')).acquire();
      await takeTurns(20);
      expect(await readdir(directory)).toEqual(['x']);
      expect(await readFile(path, 'utf8')).toBe('new');
    }
  });

  it('takes over an empty lock, and the lock of an earlier version of the package', async () => {
    await mkdir(`${path}.lock`);
    await takeTurns(2);
    await writeFile(`${path}.lock`, 'token of the dead');
    await takeTurns(2);
    expect(await readdir(directory)).toEqual(['x']);
  });

  it('commits nothing after another process broke the lock, and leaves the new lock alone', async () => {
    const slow = await prepare('old');
    await slow.acquire();
    await slow.confirm();
    expect(await breakLockOf(path)).toBe(true);
    const next = await prepare('new');
    await next.acquire();
    await expect(slow.confirm()).rejects.toMatchObject({ code: 'SESSION_STORAGE_UNAVAILABLE' });
    expect(await slow.commit()).toBe(false);
    await slow.discard();
    expect(await readdir(directory)).toEqual(['x.lock']);
    await next.confirm();
    expect(await next.commit()).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await breakLockOf(path)).toBe(false);
  });

  it('places a file only under a free name', async () => {
    const [first, second] = [await prepare('first', false), await prepare('second', false)];
    expect(await first.place()).toBe(true);
    expect(await second.place()).toBe(false);
    await Promise.all([first.discard(), second.discard()]);
    expect(await readdir(directory)).toEqual(['x']);
    expect(await readFile(path, 'utf8')).toBe('first');
  });

  it('rejects if no file can be created', async () => {
    const nowhere = join(directory, 'nowhere', 'x');
    for (const shared of [true, false]) {
      await expect(PreparedFile.make(nowhere, shared, (file) => writeFile(file, 'new'))).rejects.toMatchObject({
        code: 'ENOENT',
      });
    }
    const failure = new Error('no room');
    await expect(PreparedFile.make(path, true, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await readdir(directory)).toEqual([]);
  });
});
