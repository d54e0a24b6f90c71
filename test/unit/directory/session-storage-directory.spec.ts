import { execFileSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nameOf } from '../../../src/directory/directory-files.js';
import { CacheStorage } from '../../../src/storage/cache-storage.js';
import { directorySessionStorage, SessionStorageDirectory } from '../../../src/directory/session-storage-directory.js';
import { NEVER } from '../../../src/storage/session-storage.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const HOUR = 3_600_000;
const SESSION_FILE = /^[0-9a-f]{2}\/[0-9a-f]{62}$/;

let directory: string;
let clock: FakeClock;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sessions-'));
  clock = new FakeClock();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const open = (options: { shared?: boolean; fsync?: boolean } = {}) =>
  new SessionStorageDirectory({ directory, now: clock.now, ...options });
const session = (value: string, owner?: string) => ({
  value,
  expiresAt: clock.now() + HOUR,
  ...(owner === undefined ? {} : { owner }),
});

async function files(): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  const found = [];
  for (const name of names) if ((await stat(join(directory, name))).isFile()) found.push(name);
  return found.sort();
}

async function onlyFile(): Promise<string> {
  const found = (await files()).filter((name) => SESSION_FILE.test(name));
  expect(found).toHaveLength(1);
  return join(directory, found[0]!);
}

// Ktor's DirectorySessionStorageTest. Absence is `undefined` here, not an exception.
describe("SessionStorageDirectory in Ktor's own tests", () => {
  it('testSetup', () => {
    open();
  });

  it('testMissingSession', async () => {
    expect(await open().read('id0')).toBeUndefined();
  });

  it('testSaveSimple', async () => {
    const storage = open();
    await storage.write('id1', session('test1'));
    expect((await storage.read('id1'))?.value).toBe('test1');
  });

  it('testSaveTwice', async () => {
    const storage = open();
    await storage.write('id1', session('test1 with tail'));
    await storage.write('id1', session('test2'));
    expect((await storage.read('id1'))?.value).toBe('test2');
  });

  it('testInvalidate', async () => {
    const storage = open();
    await storage.write('id1', session('test1'));
    await storage.invalidate('id1');
    expect(await storage.read('id1')).toBeUndefined();
  });
});

describe('SessionStorageDirectory', () => {
  it('creates private files and directories with hexadecimal names', async () => {
    const storage = open();
    await storage.write('../../a secret id', session('v', '../../a secret owner'));
    const names = await readdir(directory, { recursive: true });
    for (const name of names) {
      expect(name).toMatch(/^(owners(\/[0-9a-f]{2}(\/[0-9a-f]{62}(\/[0-9a-f]{64})?)?)?|[0-9a-f]{2}(\/[0-9a-f]{62})?)$/);
      const { mode } = await stat(join(directory, name));
      expect(mode & 0o777).toBe((await stat(join(directory, name))).isFile() ? 0o600 : 0o700);
    }
    expect(names).toHaveLength(6);
  });

  it('creates its directory for its owner only', async () => {
    const made = join(directory, 'a', 'b');
    new SessionStorageDirectory({ directory: made });
    expect((await stat(made)).mode & 0o777).toBe(0o700);
  });

  it('rejects a directory that is a file or no path', async () => {
    await writeFile(join(directory, 'file'), '');
    expect(() => new SessionStorageDirectory({ directory: join(directory, 'file') })).toThrow(/is not a directory/);
    expect(() => new SessionStorageDirectory({ directory: '' })).toThrow(/must be a path/);
  });

  it('creates no file for an unknown id', async () => {
    const storage = open();
    await storage.read('unknown');
    await storage.replace('unknown', session('v'), '1');
    await storage.touch('unknown', clock.now() + HOUR);
    await storage.invalidate('unknown');
    await storage.owners.list('nobody');
    await storage.owners.invalidateAll('nobody');
    expect(await readdir(directory)).toEqual([]);
  });

  it('leaves a tombstone for a minute when a session ends, and nothing after a sweep', async () => {
    const storage = open();
    await storage.write('a', session('v', 'u'));
    await storage.replace('a', session('w', 'u'));
    await storage.invalidate('a');
    await storage.write('b', session('v', 'u'));
    await storage.owners.invalidateAll('u');
    expect(await files()).toHaveLength(2);
    clock.advance(2 * 60_000 + 1);
    await storage.sweep();
    expect(await files()).toEqual([]);
  });

  it('leaves no file after a replace that conflicts or comes too late', async () => {
    const storage = open();
    await storage.write('a', session('v'));
    await storage.replace('a', session('w'), 'another version');
    clock.advance(2 * HOUR);
    await storage.replace('a', session('w'));
    await onlyFile();
    expect(await files()).toHaveLength(1);
  });

  it('keeps any text, including lone surrogates and NUL', async () => {
    const storage = open();
    const value = 'a\u0000b\ud800c\n';
    await storage.write('a', session(value, '\udfff'));
    expect(await storage.read('a')).toMatchObject({ value, owner: '\udfff' });
  });

  it('keeps the first owner after a replace', async () => {
    const storage = open();
    await storage.write('a', session('v', 'u'));
    await storage.replace('a', session('w', 'another'));
    await storage.replace('a', session('x'));
    expect(await storage.read('a')).toMatchObject({ value: 'x', owner: 'u' });
    expect(await files()).toHaveLength(2);
  });

  it.each([
    ['is empty', (path: string) => truncate(path, 0)],
    ['lost its end', (path: string) => truncate(path, 60)],
    ['has more than it should', (path: string) => appendFile(path, 'x')],
    ['has another header', async (path: string) => writeFile(path, `x${await readFile(path, 'latin1')}`)],
    ['is a link', async (path: string) => (await rename(path, `${path}0`), symlink(`${path}0`, path))],
    [
      'belongs to another id',
      async (path: string) => {
        const other = open();
        await other.write('b', session('of b'));
        const [name] = (await files()).filter((each) => !path.endsWith(each));
        await rename(join(directory, name!), path);
      },
    ],
  ])('reads a file that %s as absent, and overwrites it', async (_name, damage) => {
    const storage = open();
    await storage.write('a', session('value', 'u'));
    await damage(await onlyFile());
    expect(await storage.read('a')).toBeUndefined();
    expect(await storage.touch('a', clock.now() + HOUR)).toBe(false);
    expect(await storage.replace('a', session('w'))).toEqual({ status: 'gone' });
    expect(await storage.owners.list('u')).toEqual([]);
    await storage.write('a', session('again'));
    expect(await storage.read('a')).toMatchObject({ value: 'again' });
  });

  it('keeps sessions of a directory that was copied without its times', async () => {
    const storage = open();
    await storage.write('a', session('v'));
    await cp(directory, `${directory}-copy`, { recursive: true });
    const copy = new SessionStorageDirectory({ directory: `${directory}-copy`, now: clock.now });
    expect(await copy.read('a')).toEqual(await storage.read('a'));
    clock.advance(2 * HOUR);
    expect(await copy.read('a')).toBeUndefined();
    await rm(`${directory}-copy`, { recursive: true });
  });

  it('touches only the modification time', async () => {
    const storage = open();
    await storage.write('a', session('v'));
    const path = await onlyFile();
    const before = await readFile(path);
    await storage.touch('a', clock.now() + 3 * HOUR);
    expect(await readFile(path)).toEqual(before);
    expect(Math.round((await stat(path)).mtimeMs)).toBe(clock.now() + 3 * HOUR);
    expect(await onlyFile()).toBe(path);
  });

  it('keeps an unlimited session on any file system', async () => {
    const storage = open();
    await storage.write('a', { value: 'v', expiresAt: NEVER });
    const path = await onlyFile();
    // As one that ends in 2038 would have it.
    await utimes(path, 2_147_483_647, 2_147_483_647);
    clock.advance(30 * 365 * 24 * HOUR);
    expect(await storage.read('a')).toMatchObject({ expiresAt: NEVER });
    await storage.sweep();
    expect(await storage.read('a')).toBeDefined();
  });

  it('sweeps sessions a minute after expiry, with owner entries and files of dead processes', async () => {
    const storage = open();
    await storage.write('a', session('v', 'u'));
    const path = await onlyFile();
    const [young, old, lock] = [`${path}.0.tmp`, `${path}.1.tmp`, `${path}.lock`];
    for (const file of [young, old, lock]) await writeFile(file, '');
    for (const file of [old, lock]) await utimes(file, Date.now() / 1000 - 700, Date.now() / 1000 - 700);
    clock.advance(HOUR + 59_000);
    expect(await storage.sweep()).toBe(0);
    expect(await files()).toContain(path.slice(directory.length + 1));
    clock.advance(1000);
    expect(await storage.sweep()).toBe(1);
    expect(await files()).toEqual([young.slice(directory.length + 1)]);
  });

  it('sweeps no session that was touched meanwhile, and no foreign file', async () => {
    const storage = open();
    await storage.write('a', session('v'));
    await storage.touch('a', clock.now() + 5 * HOUR);
    await writeFile(join(directory, 'README'), 'not ours');
    clock.advance(2 * HOUR);
    expect(await storage.sweep()).toBe(0);
    expect(await files()).toHaveLength(2);
  });

  it('removes unreadable files', async () => {
    const storage = open();
    await storage.write('a', session('v'));
    await truncate(await onlyFile(), 3);
    await utimes(await onlyFile(), 1, 1);
    expect(await storage.sweep()).toBe(1);
    expect(await files()).toEqual([]);
  });

  it('sweeps each part in the background about once an hour', async () => {
    const storage = open();
    await storage.write('a', session('v'));
    const path = await onlyFile();
    clock.advance(3 * HOUR);
    // The same id is in the same part. It was just written, so only the expired neighbour is removed.
    const neighbour = `${path.slice(0, -1)}${path.endsWith('0') ? '1' : '0'}`;
    await rename(path, neighbour);
    await storage.write('a', session('w'));
    await storage.close();
    expect((await files()).map((name) => join(directory, name))).toEqual([path]);
    await cp(path, neighbour);
    await utimes(neighbour, 1, 1);
    await truncate(neighbour, 3);
    await storage.write('a', session('x'));
    await storage.close();
    expect(await files()).toHaveLength(2);
    clock.advance(HOUR);
    await storage.write('a', session('y'));
    await storage.close();
    expect(await files()).toHaveLength(1);
  });

  it('removes an owner entry without a session after a while', async () => {
    const storage = open();
    await storage.write('a', session('v', 'u'));
    await rm(await onlyFile());
    const [entry] = await files();
    expect(await storage.owners.list('u')).toEqual([]);
    expect(await files()).toHaveLength(1);
    await utimes(join(directory, entry!), Date.now() / 1000 - 61, Date.now() / 1000 - 61);
    expect(await storage.owners.list('u')).toEqual([]);
    expect(await files()).toEqual([]);
  });

  it('answers a ping only while its directory exists', async () => {
    const storage = open();
    await storage.ping();
    await rm(directory, { recursive: true });
    await expect(storage.ping()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('opens a limited number of files at a time', async () => {
    const storage = open();
    await storage.write('a', session('v'));
    const reads = Array.from({ length: 5000 }, () => storage.read('a'));
    const descriptors = process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : 0;
    expect(descriptors).toBeLessThan(300);
    for (const read of await Promise.all(reads)) expect(read?.value).toBe('v');
  });

  it('creates lock files only if processes share the directory', async () => {
    const shared = open();
    await shared.write('a', session('v'));
    const lock = `${await onlyFile()}.lock`;
    await writeFile(lock, 'of somebody');
    expect((await open({ shared: false }).replace('a', session('w'))).status).toBe('replaced');
    const waiting = shared.replace('a', session('x'));
    const first = await Promise.race([waiting, new Promise((resolve) => setTimeout(() => resolve('waiting'), 100))]);
    expect(first).toBe('waiting');
    await rm(lock);
    expect((await waiting).status).toBe('replaced');
  });
});

describe('directorySessionStorage', () => {
  it('returns the storage, or a cache in front of it', async () => {
    expect(directorySessionStorage({ directory })).toBeInstanceOf(SessionStorageDirectory);
    const cached = directorySessionStorage({ directory, cached: true, now: clock.now });
    expect(cached).toBeInstanceOf(CacheStorage);
    await cached.write('a', session('v'));
    expect(await cached.read('a')).toMatchObject({ value: 'v' });
    await open().invalidate('a');
    expect(await cached.read('a')).toMatchObject({ value: 'v' });
    expect((await cached.replace!('a', session('w'))).status).toBe('gone');
    expect(await cached.read('a')).toBeUndefined();
  });
});

describe('A session directory', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sessions-own-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('is rejected if other users can write to it', async () => {
    await chmod(root, 0o777);
    expect(() => new SessionStorageDirectory({ directory: root })).toThrow('is writable for other users');
  });

  it('reads a FIFO and a file that is too large as absent immediately', async () => {
    const storage = new SessionStorageDirectory({ directory: root });
    const path = join(root, nameOf('a').slice(0, 2), nameOf('a').slice(2));
    await mkdir(dirname(path), { mode: 0o700 });
    execFileSync('mkfifo', [path]);
    expect(await storage.read('a')).toBeUndefined();
    await rm(path);
    await truncate(await touched(path), 1_500_000_000);
    expect(await storage.read('a')).toBeUndefined();
  });
});

async function touched(path: string): Promise<string> {
  await writeFile(path, '');
  return path;
}
