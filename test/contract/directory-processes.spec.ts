import { chmod, chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SessionStorageDirectory } from '../../src/directory/session-storage-directory.js';
import { CompiledSources } from './compiled-sources.js';
import { INCREMENT } from '../support/increment.js';

const OPEN = `
import { SessionStorageDirectory } from './directory/session-storage-directory.js';
import { hash } from 'node:crypto';
import { writeSync } from 'node:fs';
const [directory, ...args] = process.argv.slice(2);
const storage = new SessionStorageDirectory({ directory });
const say = (line) => writeSync(1, line + '\\n');
const expiresAt = Date.now() + 600_000;
`;

/** Writes and replaces sessions with self-checking texts, and reports each step, until it is killed. */
const WRITER = `${OPEN}
const [name] = args;
for (let count = 0; ; count++) {
  const body = 'x'.repeat(count * 37 % 40_000) + count;
  const value = hash('sha256', body) + body;
  const id = name + count % 7;
  const owner = 'owner';
  if (count < 7) await storage.write(id, { value, expiresAt, owner });
  else await storage.replace(id, { value, expiresAt, owner });
  say(id + ' ' + count);
}
`;

const COUNTER = `${OPEN}
for (let count = 0; count < Number(args[0]); count++) {
${INCREMENT}
}
say('done');
`;

/** Tries to store a large session and to end one, and says what came of it. */
const TROUBLED = `${OPEN}
const value = 'y'.repeat(200_000);
for (const [name, call] of Object.entries({
  read: () => storage.read('old').then((session) => session?.value),
  write: () => storage.write('new', { value, expiresAt, owner: 'u' }),
  replace: () => storage.replace('old', { value, expiresAt }),
  ping: () => storage.ping(),
})) {
  await call().then((answer) => say(name + ' ' + answer), (error) => say(name + ' ' + error.code));
}
`;

describe('SessionStorageDirectory and processes', () => {
  let sources: CompiledSources;
  let directory: string;

  beforeAll(async () => {
    sources = await CompiledSources.of('directory', 'errors', 'storage');
  });
  afterAll(() => sources.remove());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sessions-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('loses and damages no session of processes that are killed while they write', async () => {
    const { hash } = await import('node:crypto');
    const acknowledged = new Map<string, number>();
    let writes = 0;
    for (let round = 0; round < 3; round++) {
      const writers = await Promise.all(
        ['a', 'b', 'c'].map((name) => sources.start(WRITER, [directory, name + round])),
      );
      await Promise.all(writers.map((writer) => writer.printed(40 + 15 * round)));
      await Promise.all(writers.map((writer) => writer.kill()));
      for (const line of writers.flatMap((writer) => writer.lines)) {
        const [id, count] = line.split(' ') as [string, string];
        acknowledged.set(id, Number(count));
        writes++;
      }
    }
    expect(writes).toBeGreaterThanOrEqual(200);
    const storage = new SessionStorageDirectory({ directory });
    for (const [id, count] of acknowledged) {
      const { value } = (await storage.read(id))!;
      const body = value.slice(64);
      expect(value.slice(0, 64)).toBe(hash('sha256', body));
      // What was acknowledged, or the write that was under way.
      expect([count, count + 7]).toContain(Number(/\d+$/.exec(body)![0]));
    }
    expect(await storage.owners.list('owner')).toHaveLength(acknowledged.size);
    // Locks that the dead left are taken over.
    const replaced = await Promise.all(
      [...acknowledged.keys()].map((id) => storage.replace(id, { value: 'after', expiresAt: Date.now() + 9999 })),
    );
    expect(replaced.filter(({ status }) => status === 'replaced')).toHaveLength(acknowledged.size);
    expect(await storage.owners.invalidateAll('owner')).toBe(acknowledged.size);
  }, 30_000);

  it('counts 100 increments of each of two processes as 200', async () => {
    const storage = new SessionStorageDirectory({ directory });
    await storage.write('counter', { value: '0', expiresAt: Date.now() + 600_000 });
    const counters = await Promise.all([1, 2].map(() => sources.start(COUNTER, [directory, '100'])));
    for (const counter of counters) {
      expect(await counter.ended()).toBe(0);
      expect(counter.output).toBe('done\n');
    }
    expect(await storage.read('counter')).toMatchObject({ value: '200' });
  }, 30_000);

  it('rejects writes on a full disk, and damages no session', async () => {
    const storage = new SessionStorageDirectory({ directory });
    await storage.write('old', { value: 'old', expiresAt: Date.now() + 600_000 });
    // A limit on the size of files fails in the middle of a write, as a full disk does.
    const troubled = await sources.start(TROUBLED, [directory], { limits: "trap '' XFSZ; ulimit -f 64" });
    expect(await troubled.ended()).toBe(0);
    expect(troubled.lines).toEqual(['read old', 'write EFBIG', 'replace EFBIG', 'ping undefined']);
    expect(await storage.read('old')).toMatchObject({ value: 'old' });
    expect(await storage.read('new')).toBeUndefined();
    const left = (await readdir(directory, { recursive: true })).filter((name) => /\.(tmp|lock)$/.test(name));
    expect(left).toEqual([]);
    expect(await storage.invalidate('old')).toBe(true);
  });

  it('rejects writes to a directory without permission, and still reads', async () => {
    const user = process.getuid!();
    const other = user === 0 ? 65_534 : user;
    const inner = join(directory, 'sessions');
    await mkdir(inner);
    const storage = new SessionStorageDirectory({ directory: inner });
    await storage.write('old', { value: 'old', expiresAt: Date.now() + 600_000 });
    const paths = [directory, inner, ...(await readdir(inner, { recursive: true })).map((name) => join(inner, name))];
    if (user === 0) for (const path of paths) await chown(path, other, other);
    const directories = paths.filter((path) => !/[0-9a-f]{62}$/.test(path));
    for (const path of directories) await chmod(path, 0o500);
    const troubled = await sources.start(TROUBLED, [inner], { uid: other });
    expect(await troubled.ended()).toBe(0);
    for (const path of directories) await chmod(path, 0o700);
    expect(troubled.lines).toEqual(['read old', 'write EACCES', 'replace EACCES', 'ping EACCES']);
    expect(await storage.read('old')).toMatchObject({ value: 'old' });
  });
});
