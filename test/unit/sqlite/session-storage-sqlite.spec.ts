import { sqliteSessionStorage, sqliteSessionTable, type SqliteDatabase } from 'nestjs-sessions/sqlite';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { sqliteEngine } from '../../../src/sqlite/sqlite-engine.js';
import { SqliteFiles, sqliteLibraries } from '../../support/sqlite.js';
import { VisitRequests } from '../../support/visits.js';

const session = { value: 'v', expiresAt: Date.now() + 600_000 };

describe.each(Object.entries(sqliteLibraries))('SessionStorageSqlite by %s', (_library, open) => {
  let files: SqliteFiles;
  let count = 0;
  const opened: Array<ReturnType<typeof open>> = [];
  function openFresh(file = files.path(`${count++}.db`)): ReturnType<typeof open> {
    const database = open(file);
    opened.push(database);
    return database;
  }
  const pragma = (database: SqliteDatabase, name: string): unknown => {
    const [row] = database.prepare(`PRAGMA ${name}`).all() as Array<Record<string, unknown>>;
    return row?.[name === 'busy_timeout' ? 'timeout' : name];
  };

  beforeAll(async () => {
    files = await SqliteFiles.make();
  });
  afterAll(() => {
    for (const database of opened) database.close();
    files.remove();
  });

  it('commits writes after another connection held the lock', async () => {
    const file = files.path(`${count++}.db`);
    const [one, other] = [openFresh(file), openFresh(file)];
    const engine = sqliteEngine(one);
    one.exec(
      'PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 1; CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (0)',
    );
    other.exec('BEGIN IMMEDIATE');
    await expect(engine.change('UPDATE t SET a = a + ?', [1])).rejects.toThrow('locked');
    other.exec('COMMIT');
    expect(await engine.change('UPDATE t SET a = ?', [2])).toBe(1);
    expect(other.prepare('SELECT a FROM t').all()).toEqual([{ a: 2 }]);
    await expect(engine.change('UPDATE t SET b = ?', [3])).rejects.toThrow('no such column');
    one.exec('BEGIN');
    await engine.change('UPDATE t SET a = ?', [4]);
    one.exec('ROLLBACK');
    expect(other.prepare('SELECT a FROM t').all()).toEqual([{ a: 2 }]);
  });

  it('creates its table in an empty file', async () => {
    const database = openFresh();
    await sqliteSessionStorage({ database }).write('a', session);
    expect(await sqliteSessionStorage({ database }).read('a')).toMatchObject({ value: 'v' });
  });

  it('sets the database up for several processes: WAL, synchronous NORMAL, a short busy timeout', () => {
    const database = openFresh();
    database.exec('PRAGMA busy_timeout = 7');
    sqliteSessionStorage({ database });
    expect(pragma(database, 'journal_mode')).toBe('wal');
    expect(pragma(database, 'synchronous')).toBe(1);
    expect(pragma(database, 'busy_timeout')).toBe(20);
  });

  it('shortens a longer busy timeout, and changes nothing with pragmas keep', () => {
    const patient = openFresh();
    patient.exec('PRAGMA busy_timeout = 5000');
    sqliteSessionStorage({ database: patient });
    expect(pragma(patient, 'busy_timeout')).toBe(20);
    const kept = openFresh();
    kept.exec('PRAGMA busy_timeout = 7');
    sqliteSessionStorage({ database: kept, pragmas: 'keep' });
    expect(pragma(kept, 'journal_mode')).toBe('delete');
    expect(pragma(kept, 'synchronous')).toBe(2);
    expect(pragma(kept, 'busy_timeout')).toBe(7);
  });

  it('rejects a database that cannot be set up, at the start', () => {
    const file = files.path(`${count++}.db`);
    const holder = openFresh(file);
    holder.exec('CREATE TABLE held (x); BEGIN EXCLUSIVE');
    const make = (): unknown => sqliteSessionStorage({ database: openFresh(file) });
    expect(make).toThrow(SessionConfigurationError);
    expect(make).toThrow("pragmas: 'keep'");
    holder.exec('COMMIT');
    expect(make).not.toThrow();
  });

  it('names the statements that create a missing table, and works after they were run', async () => {
    const database = openFresh();
    const storage = sqliteSessionStorage({ database, table: 'my-table', createTable: false });
    await expect(storage.ping()).rejects.toThrow(SessionConfigurationError);
    await expect(storage.write('a', session)).rejects.toThrow(sqliteSessionTable('my-table'));
    database.exec(sqliteSessionTable('my-table'));
    await storage.write('a', session);
    expect(await storage.read('a')).toMatchObject({ value: 'v' });
  });

  it('accepts a table in an attached database', async () => {
    const database = openFresh();
    database.exec(`ATTACH '${files.path(`${count++}.db`)}' AS extra`);
    const storage = sqliteSessionStorage({ database, table: 'extra.sessions' });
    await storage.write('a', { ...session, owner: 'u' });
    expect(await storage.owners.list('u')).toHaveLength(1);
    expect(database.prepare('SELECT id FROM extra.sessions').all()).toMatchObject([{ id: 'a' }]);
  });

  it('finds an owner and expired sessions by an index', async () => {
    const database = openFresh();
    await sqliteSessionStorage({ database }).ping();
    const plan = (condition: string): string =>
      JSON.stringify(database.prepare(`EXPLAIN QUERY PLAN SELECT id FROM sessions WHERE ${condition}`).all());
    expect(plan("owner = 'u' AND expires_at > 5")).toContain('sessions_owner');
    expect(plan('expires_hour <= 5 AND expires_at <= 5')).toContain('sessions_expires_hour');
  });

  it('does not close the database of the application', async () => {
    const database = openFresh();
    const storage = sqliteSessionStorage({ database });
    await storage.write('a', session);
    await storage.close();
    expect(database.prepare('SELECT id FROM sessions').all()).toMatchObject([{ id: 'a' }]);
  });

  it('sends one statement to read, and one more to change or renew', async () => {
    const database = openFresh();
    const statements: string[] = [];
    const counted: SqliteDatabase = {
      exec: (text) => database.exec(text),
      prepare: (text) => {
        const statement = database.prepare(text) as any;
        const count =
          (method: 'all' | 'run') =>
          (...values: never[]) => {
            statements.push(text.split(' ')[0]!);
            return statement[method](...values);
          };
        return { all: count('all'), run: count('run') };
      },
    };
    const requests = new VisitRequests(sqliteSessionStorage({ database: counted }));
    const id = await requests.create('u');
    statements.length = 0;
    await requests.visit(id);
    await requests.visit(id, (value) => value.count++);
    requests.ahead = 1_800_000;
    await requests.visit(id);
    expect(statements).toEqual(['SELECT', 'SELECT', 'UPDATE', 'SELECT', 'UPDATE']);
  });
});

describe('the database of sqliteSessionStorage', () => {
  class Wrong {}
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    ['sessions.db', 'string'],
    [new Wrong(), 'an instance of Wrong without prepare and exec'],
    [Object.create(null), 'an object without prepare and exec'],
  ])('is rejected as %p, with what was found', (database, found) => {
    const make = (): unknown => sqliteSessionStorage({ database: database as SqliteDatabase });
    expect(make).toThrow(SessionConfigurationError);
    expect(make).toThrow(`Found: ${found}.`);
  });

  it('is refused without options', () => {
    expect(() => sqliteSessionStorage(undefined as never)).toThrow(SessionConfigurationError);
  });

  it('is rejected at the first use if it answers by callbacks', async () => {
    const database = { prepare: () => ({ all: () => ({}), run: () => ({}) }), exec: () => undefined };
    const storage = sqliteSessionStorage({ database: database as any, pragmas: 'keep' });
    await expect(storage.read('a')).rejects.toThrow('returns results by callbacks');
  });

  it('rejects if the database throws', async () => {
    const database: SqliteDatabase = {
      prepare: () => {
        throw new Error('closed');
      },
      exec: () => undefined,
    };
    const storage = sqliteSessionStorage({ database, pragmas: 'keep' });
    const reading = storage.read('a');
    await expect(reading).rejects.toThrow('closed');
  });
});
