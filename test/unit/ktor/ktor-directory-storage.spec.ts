import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NEVER } from 'nestjs-sessions/core';
import { generateKtorSessionId, KtorDirectoryStorage, KtorSessionStorage } from 'nestjs-sessions/ktor';

describe('KtorDirectoryStorage', () => {
  let directory: string;
  let storage: KtorDirectoryStorage;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ktor-'));
    storage = new KtorDirectoryStorage({ directory });
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const files = (): string[] =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .map((name) => name.replaceAll('\\', '/'))
      .sort();
  const write = (id: string, value: string) => storage.write(id, { value, expiresAt: NEVER });

  it.each([
    ['abcde', 'ab/cd/e.dat'],
    ['ab', 'ab.dat'],
    ['a', 'a.dat'],
    ['abc.', 'ab/c..dat'],
    ['ab.', 'ab/..dat'],
    ['a b:*%', 'a /b:/*%.dat'],
  ])('writes the session %j to %s without any other content', async (id, path) => {
    await write(id, '{"userId":"é"}');
    expect(readFileSync(join(directory, path), 'utf8')).toBe('{"userId":"é"}');
    expect(await storage.read(id)).toMatchObject({ value: '{"userId":"é"}' });
    expect(statSync(join(directory, path)).mode & 0o777).toBe(0o600);
  });

  it('stores an id of 64 digits below 31 directories', async () => {
    await write('ab'.repeat(31) + '01', 'x');
    expect(existsSync(join(directory, ...Array.from({ length: 31 }, () => 'ab'), '01.dat'))).toBe(true);
  });

  it('reads a file that Ktor wrote', async () => {
    mkdirSync(join(directory, 'id'));
    writeFileSync(join(directory, 'id', '1.dat'), 'test1');
    expect((await storage.read('id1'))?.value).toBe('test1');
  });

  it('replaces a longer text completely', async () => {
    await write('id1', 'test1 with tail');
    await write('id1', 'test2');
    expect((await storage.read('id1'))?.value).toBe('test2');
    expect(files()).toEqual(['id', 'id/1.dat']);
  });

  it('removes a session and its empty directories, but not the root', async () => {
    await write('abcde', 'x');
    await write('abxx', 'y');
    expect(await storage.invalidate('abcde')).toBe(true);
    expect(await storage.read('abcde')).toBeUndefined();
    expect(files()).toEqual(['ab', 'ab/xx.dat']);
    expect(await storage.invalidate('abxx')).toBe(true);
    expect(await storage.invalidate('abxx')).toBe(false);
    expect(existsSync(directory)).toBe(true);
    expect(files()).toEqual([]);
  });

  it('creates no directory on reading an unknown id', async () => {
    expect(await storage.read('0123456789abcdef')).toBeUndefined();
    expect(await storage.invalidate('0123456789abcdef')).toBe(false);
    expect(files()).toEqual([]);
  });

  it.each(['', '..', '../x', 'a/b', 'a\\b', 'a!', 'a?', 'a>', 'a<', 'a\0', 'a\ud800', 'x'.repeat(9000)])(
    'reads the id %j as unknown',
    async (id) => {
      expect(await storage.read(id)).toBeUndefined();
      expect(await storage.invalidate(id)).toBe(false);
    },
  );

  it('rejects an id that is not a file name on write, without the id in the error', async () => {
    await expect(write('../secret', 'x')).rejects.toThrow('Bad session id');
    await expect(write('../secret', 'x')).rejects.not.toThrow('secret');
    expect(files()).toEqual([]);
  });

  it('waits for a file that Ktor is writing', async () => {
    writeFileSync(join(directory, 'ab.dat'), '');
    const read = storage.read('ab');
    setImmediate(() => writeFileSync(join(directory, 'ab.dat'), 'there'));
    expect((await read)?.value).toBe('there');
    writeFileSync(join(directory, 'ab.dat'), '');
    expect(await storage.read('ab')).toBeUndefined();
  });

  it('accepts the first of two changes of one version and reports a conflict for the second', async () => {
    const version = await write('ab', 'one');
    const [first, second] = await Promise.all([
      storage.replace('ab', { value: 'two', expiresAt: NEVER }, version),
      storage.replace('ab', { value: 'three', expiresAt: NEVER }, version),
    ]);
    expect(first.status).toBe('replaced');
    expect(second).toMatchObject({ status: 'conflict', current: { value: 'two' } });
  });

  it('does not restore an invalidated session', async () => {
    const version = await write('ab', 'one');
    await storage.invalidate('ab');
    expect(await storage.replace('ab', { value: 'two', expiresAt: NEVER }, version)).toEqual({ status: 'gone' });
    expect(files()).toEqual([]);
  });

  it('handles parallel writes and invalidations of neighbouring ids', async () => {
    const rounds = Array.from({ length: 50 }, async (_, round) => {
      await write(`abcd${round % 5}`, 'x'.repeat(1000));
      await storage.invalidate(`abcd${(round + 1) % 5}`);
    });
    await expect(Promise.all(rounds)).resolves.toHaveLength(50);
    expect(files().filter((name) => name.startsWith('.writing'))).toEqual([]);
  });

  it('rejects a root that is a file', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => new KtorDirectoryStorage({ directory: join(directory, 'file') })).toThrow('Path is not a directory');
  });

  it('creates the root and its parents', () => {
    new KtorDirectoryStorage({ directory: join(directory, 'a', 'b') });
    expect(existsSync(join(directory, 'a', 'b'))).toBe(true);
  });
});

describe('KtorSessionStorage', () => {
  it('keeps the mark of a rotated id in memory for a minute, not in the shared storage', async () => {
    const texts = new Map<string, string>();
    const clock = { now: 1000 };
    const storage = new KtorSessionStorage(
      {
        read: async (id) => texts.get(id),
        write: async (id, value) => void texts.set(id, value),
        invalidate: async (id) => texts.delete(id),
      },
      { now: () => clock.now },
    );
    await storage.write('old', { value: 'text', expiresAt: NEVER });
    await storage.replace('old', { value: '~rotated.new', expiresAt: clock.now + 60_000 });
    expect([...texts]).toEqual([]);
    expect((await storage.read('old'))?.value).toBe('~rotated.new');
    clock.now += 60_001;
    expect(await storage.read('old')).toBeUndefined();
  });
});

describe('generateKtorSessionId', () => {
  it.each([64, 32, 16] as const)('generates %d hex digits', (length) => {
    expect(generateKtorSessionId(length)).toMatch(new RegExp(`^[0-9a-f]{${length}}$`));
  });

  it('generates 64 digits by default, different each time', () => {
    const ids = new Set(Array.from({ length: 1000 }, () => generateKtorSessionId()));
    expect(ids.size).toBe(1000);
    expect(generateKtorSessionId()).toHaveLength(64);
  });
});
