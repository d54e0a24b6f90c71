import { jest } from '@jest/globals';
import { createPool as createCallbackPool } from 'mysql2';
import { createPool, type Pool } from 'mysql2/promise';
import { mysqlSessionStorage, mysqlSessionTable, type MysqlExecute, type MysqlPool } from 'nestjs-sessions/mysql';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { mysqlUrl, uniqueName } from '../../support/servers.js';
import { VisitRequests } from '../../support/visits.js';

const session = { value: 'v', expiresAt: Date.now() + 600_000 };
const failure = (errno: number): Error => Object.assign(new Error(String(errno)), { errno });

describe('SessionStorageMysql', () => {
  const execute = () => jest.fn<MysqlExecute>().mockResolvedValue([{ affectedRows: 1 }]);

  it('retries a statement that lost a deadlock', async () => {
    const pool = execute().mockRejectedValueOnce(failure(1213)).mockRejectedValueOnce(failure(1020));
    await mysqlSessionStorage({ pool }).write('a', session);
    expect(pool).toHaveBeenCalledTimes(3);
    pool.mockRejectedValueOnce(failure(1205));
    await expect(mysqlSessionStorage({ pool }).write('a', session)).rejects.toThrow('1205');
  });

  it.each<[string, unknown, unknown]>([
    [
      'mysql2',
      [[{ value: 'v', version: 1, owner: Buffer.from('u'), expires_at: '5' }], []],
      [{ affectedRows: 1 }, undefined],
    ],
    ['mariadb', [{ value: 'v', version: 1, owner: Buffer.from('u'), expires_at: 5n }], { affectedRows: 1 }],
  ])('reads the results of %s', async (_client, rows, header) => {
    const pool = jest.fn<MysqlExecute>(async (statement) => (statement.startsWith('SELECT') ? rows : header));
    const storage = mysqlSessionStorage({ pool });
    expect(await storage.read('a')).toEqual({ value: 'v', version: '1', owner: 'u', expiresAt: 5 });
    expect(await storage.invalidate('a')).toBe(true);
  });

  it.each([[[[], []]], [[]]])('reads no rows as no session: %j', async (rows) => {
    expect(await mysqlSessionStorage({ pool: async () => rows }).read('a')).toBeUndefined();
  });

  it.each([undefined, null, {}, 'OK'])(
    'refuses an answer that is neither rows nor a number of them: %p',
    async (answer) => {
      const storage = mysqlSessionStorage({ pool: async () => answer });
      await expect(storage.read('a')).rejects.toThrow(SessionConfigurationError);
      await expect(storage.write('a', session)).rejects.toThrow(SessionConfigurationError);
    },
  );

  class Wrong {}
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    ['mysql://root:secret@host/db', 'string'],
    [new Wrong(), 'an instance of Wrong without execute'],
  ])('rejects %p as its pool, with what was found', (pool, found) => {
    const make = (): unknown => mysqlSessionStorage({ pool: pool as MysqlPool });
    expect(make).toThrow(SessionConfigurationError);
    expect(make).toThrow(`Found: ${found}.`);
    expect(make).not.toThrow('secret');
  });

  it('quotes the name of its table, or rejects it', async () => {
    const pool = execute();
    await mysqlSessionStorage({ pool, table: 'auth.my-sessions' }).write('a', session);
    expect(pool.mock.calls[0]![0]).toContain('REPLACE INTO `auth`.`my-sessions`');
    expect(() => mysqlSessionStorage({ pool, table: 'a`b' })).toThrow(SessionConfigurationError);
  });
});

if (mysqlUrl !== undefined) {
  const url = mysqlUrl;
  describe('SessionStorageMysql on a server', () => {
    const name = uniqueName();
    let tables = 0;
    let pool: Pool;
    const freshTable = (): string => `${name}_${tables++}`;
    beforeAll(() => {
      pool = createPool({ uri: url, connectionLimit: 8 });
    });
    afterAll(async () => {
      const [rows] = await pool.query('SHOW TABLES');
      const found = (rows as object[]).map((row) => String(Object.values(row)[0]));
      for (const table of found.filter((table) => table.startsWith(name))) await pool.query(`DROP TABLE \`${table}\``);
      await pool.end();
    });

    it('names the statement that creates a missing table, and works after it was run', async () => {
      const table = freshTable();
      const storage = mysqlSessionStorage({ pool, table });
      await expect(storage.ping()).rejects.toThrow(SessionConfigurationError);
      await expect(storage.read('a')).rejects.toThrow(mysqlSessionTable(table));
      await pool.query(mysqlSessionTable(table));
      await storage.write('a', session);
      expect(await storage.read('a')).toMatchObject({ value: 'v' });
    });

    it('accepts a pool with callbacks', async () => {
      const callbacks = createCallbackPool({ uri: url });
      const storage = mysqlSessionStorage({ pool: callbacks, table: freshTable(), createTable: true });
      await storage.write('a', session);
      expect(await storage.read('a')).toMatchObject({ value: 'v' });
      await new Promise((resolve) => callbacks.end(resolve));
    });

    it('touches a session without a change, even if unchanged rows are not counted', async () => {
      const uncounting = createPool({ uri: url, flags: ['-FOUND_ROWS'] });
      const storage = mysqlSessionStorage({ pool: uncounting, table: freshTable(), createTable: true });
      const version = await storage.write('a', session);
      expect(await storage.touch('a', session.expiresAt - 1)).toBe(true);
      expect(await storage.touch('a', session.expiresAt, version)).toBe(true);
      expect(await storage.touch('a', session.expiresAt, '1')).toBe(false);
      expect(await storage.touch('b', session.expiresAt)).toBe(false);
      await uncounting.end();
    });

    it('distinguishes owners and ids that a collation equates', async () => {
      const storage = mysqlSessionStorage({ pool, table: freshTable(), createTable: true });
      const names = ['a', 'A', 'a ', 'á', 'a\0', ' a'];
      for (const text of names) await storage.write(text, { ...session, value: text, owner: text });
      for (const text of names) {
        expect(await storage.read(text)).toMatchObject({ value: text, owner: text });
        expect(await storage.owners.list(text)).toMatchObject([{ id: text }]);
      }
    });

    it('sends one statement to read, and one more to change or renew', async () => {
      const statements: string[] = [];
      const counted: MysqlExecute = (statement, values) => {
        statements.push(statement.split(' ')[0]!);
        return pool.execute(statement, values);
      };
      const storage = mysqlSessionStorage({ pool: counted, table: freshTable(), createTable: true });
      const requests = new VisitRequests(storage);
      const id = await requests.create('u');
      statements.length = 0;
      await requests.visit(id);
      await requests.visit(id, (value) => value.count++);
      requests.ahead = 1_800_000;
      await requests.visit(id);
      expect(statements).toEqual(['SELECT', 'SELECT', 'UPDATE', 'SELECT', 'UPDATE']);
    });

    it('survives deadlocks between many logins and the end of all sessions of an owner', async () => {
      const storage = mysqlSessionStorage({ pool, table: freshTable(), createTable: true });
      for (let round = 0; round < 5; round++) {
        const writes = Array.from({ length: 40 }, (_, index) =>
          storage.write(`${round}-${index}`, { ...session, owner: 'u' }),
        );
        await Promise.all([...writes, storage.owners.invalidateAll('u'), storage.owners.invalidateAll('u')]);
      }
      await storage.owners.invalidateAll('u');
      expect(await storage.owners.list('u')).toEqual([]);
    });
  });
}
