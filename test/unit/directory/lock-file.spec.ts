import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { LockFile } from '../../../src/directory/lock-file.js';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'locks-'));
  path = join(directory, 'x.lock');
});
afterEach(() => rm(directory, { recursive: true }));

async function abandoned(): Promise<void> {
  await writeFile(path, 'token of the dead');
  await utimes(path, Date.now() / 1000 - 10, Date.now() / 1000 - 10);
}

describe('LockFile', () => {
  it('is held by one at a time, and leaves nothing behind', async () => {
    let [holders, turns] = [0, 0];
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const lock = await LockFile.acquire(path);
        expect(++holders).toBe(1);
        await setTimeout(1);
        holders--;
        turns++;
        await lock.release();
      }),
    );
    expect(turns).toBe(20);
    expect(await readdir(directory)).toEqual([]);
  });

  it('is taken over from a process that died, by one of those who wait', async () => {
    for (let round = 0; round < 3; round++) {
      await abandoned();
      let [holders, turns] = [0, 0];
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const lock = await LockFile.acquire(path);
          expect(++holders).toBe(1);
          await setTimeout(1);
          holders--;
          turns++;
          await lock.release();
        }),
      );
      expect(turns).toBe(20);
      expect(await readdir(directory)).toEqual([]);
    }
  });

  it('is not confirmed to a holder that was stopped for so long that another took over', async () => {
    const slow = await LockFile.acquire(path);
    await slow.confirm();
    await setTimeout(300);
    await slow.confirm();
    await utimes(path, Date.now() / 1000 - 10, Date.now() / 1000 - 10);
    const next = await LockFile.acquire(path);
    await expect(slow.confirm()).rejects.toMatchObject({ code: 'SESSION_STORAGE_UNAVAILABLE' });
    await slow.release();
    expect(await readdir(directory)).toEqual(['x.lock']);
    await next.release();
    expect(await readdir(directory)).toEqual([]);
  });

  it('rejects where no file can be made', async () => {
    await expect(LockFile.acquire(join(directory, 'nowhere', 'x.lock'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
