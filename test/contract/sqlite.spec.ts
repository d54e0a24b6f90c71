import { jest } from '@jest/globals';
import { sqliteSessionStorage } from 'nestjs-sessions/sqlite';
import { hash } from 'node:crypto';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { sessionStorageContract } from '../../src/testing/session-storage.contract.js';
import { SqliteFiles, sqliteLibraries } from '../support/sqlite.js';
import { CompiledSources } from './compiled-sources.js';
import { INCREMENT } from '../support/increment.js';

// Busy machines are slow.
jest.setTimeout(30_000);

let files: SqliteFiles;
beforeAll(async () => {
  files = await SqliteFiles.make();
});
afterAll(() => files.remove());

describe.each(Object.entries(sqliteLibraries))('SessionStorageSqlite by %s', (library, open) => {
  let count = 0;

  sessionStorageContract(
    { describe, it },
    () => {
      const clock = new FakeClock();
      const file = files.path(`${library.replace(':', '-')}-${count++}.db`);
      // As two processes: two connections to one file.
      const [one, other] = [open(file), open(file)];
      return {
        // A background sweep could run after a case has set its clock back, and remove live sessions.
        a: sqliteSessionStorage({ database: one, now: clock.now, sweepEveryInSeconds: 0 }),
        b: sqliteSessionStorage({ database: other, now: clock.now, sweepEveryInSeconds: 0 }),
        now: clock.now,
        advance: (milliseconds) => clock.advance(milliseconds),
        close: () => {
          one.close();
          other.close();
        },
      };
    },
    { fakeClock: true },
  );
});

if (!('node:sqlite' in sqliteLibraries)) {
  it('is run by libsql alone, because this Node has no node:sqlite', () => {
    expect(Object.keys(sqliteLibraries)).toEqual(['libsql']);
  });
}

const OPEN = `
import { sqliteSessionStorage } from './sqlite/index.js';
import { createRequire } from 'node:module';
import { hash } from 'node:crypto';
import { writeSync } from 'node:fs';
const [project, file, library, ...args] = process.argv.slice(2);
const require = createRequire(project);
const database = library === 'libsql' ? new (require('libsql'))(file) : new (require('node:sqlite').DatabaseSync)(file);
const storage = sqliteSessionStorage({ database });
const say = (line) => writeSync(1, line + '\\n');
const expiresAt = Date.now() + 600_000;
`;

/** Writes and replaces sessions with self-checking texts, and reports each step, until it is killed. */
const WRITER = `${OPEN}
const [name] = args;
for (let count = 0; ; count++) {
  const body = 'x'.repeat(count * 37 % 40_000) + count;
  const session = { value: hash('sha256', body) + body, expiresAt, owner: 'owner' };
  const id = name + count % 7;
  if (count < 7) await storage.write(id, session);
  else await storage.replace(id, session);
  say(id + ' ' + count);
  await new Promise((resolve) => setImmediate(resolve));
}
`;

const COUNTER = `${OPEN}
for (let count = 0; count < Number(args[0]); count++) {
${INCREMENT}
  await new Promise((resolve) => setImmediate(resolve));
}
say('done');
`;

describe.each(Object.entries(sqliteLibraries))('SessionStorageSqlite by %s and processes', (library, open) => {
  let sources: CompiledSources;
  beforeAll(async () => {
    sources = await CompiledSources.of('errors', 'storage', 'sql', 'sqlite');
  });
  afterAll(() => sources.remove());

  const start = (script: string, file: string, arg: string) =>
    sources.start(script, [`${process.cwd()}/package.json`, file, library, arg]);

  it('loses and damages no session of processes that are killed while they write', async () => {
    const file = files.path(`killed-${library.replace(':', '-')}.db`);
    const acknowledged = new Map<string, number>();
    let writes = 0;
    for (let round = 0; round < 3; round++) {
      const writers = await Promise.all(['a', 'b', 'c'].map((name) => start(WRITER, file, name + round)));
      await Promise.all(writers.map((writer) => writer.printed(40 + 15 * round)));
      await Promise.all(writers.map((writer) => writer.kill()));
      for (const line of writers.flatMap((writer) => writer.lines)) {
        const [, id, count] = /^([abc]\d+) (\d+)$/.exec(line) ?? [];
        if (id === undefined) continue; // Node 22 prints that node:sqlite is experimental
        acknowledged.set(id, Number(count));
        writes++;
      }
    }
    expect(writes).toBeGreaterThanOrEqual(200);
    const database = open(file);
    const storage = sqliteSessionStorage({ database });
    for (const [id, count] of acknowledged) {
      const { value } = (await storage.read(id))!;
      const body = value.slice(64);
      expect(value.slice(0, 64)).toBe(hash('sha256', body));
      // What was acknowledged, or the write that was under way.
      expect([count, count + 7]).toContain(Number(/\d+$/.exec(body)![0]));
    }
    expect(await storage.owners.list('owner')).toHaveLength(acknowledged.size);
    database.close();
  });

  it('counts 100 increments of each of four processes as 400', async () => {
    const file = files.path(`counter-${library.replace(':', '-')}.db`);
    const database = open(file);
    const storage = sqliteSessionStorage({ database });
    await storage.write('counter', { value: '0', expiresAt: Date.now() + 600_000 });
    const counters = await Promise.all([1, 2, 3, 4].map(() => start(COUNTER, file, '100')));
    for (const counter of counters) {
      expect(await counter.ended()).toBe(0);
      expect(counter.lines.at(-1)).toBe('done');
    }
    expect(await storage.read('counter')).toMatchObject({ value: '400' });
    database.close();
  });
});
