import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directorySessionStorage } from 'nestjs-sessions/directory';
import { openSessions, Session, SessionOwner, type OpenedSessions } from 'nestjs-sessions/standalone';

const KEY = 'b1u8W2mZ5xQkYt0nRj7LcVhS4eAoFg9iDpXy6NqTUKw';
const OLD_KEY = 'h7Gd0sWqLx3ZyPn9RkVbT2mEuJ5cFoA8iXtKwY1rCsU';
const FIXTURES = join('test', 'cli', 'fixtures');
const MODULE = join(FIXTURES, 'app.module.mjs');

@Session('account', { tracker: 'by-id', idleTimeoutInSeconds: 1800, absoluteTimeoutInSeconds: 43_200 })
class AccountSession {
  @SessionOwner() userId?: string;
  roles: string[] = [];
}

@Session('settings', { absoluteTimeoutInSeconds: 0 })
class SettingsSession {
  theme = 'light';
  layout = { columns: 2 };
}

const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> };

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe('npx nestjs-sessions', () => {
  let folder: string;

  beforeAll(() => {
    const built = spawnSync(process.execPath, ['tools/build.mjs', '--if-stale'], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(built.stderr);
  }, 180_000);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cli-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs the real program, named by package.json. */
  const run = (args: readonly string[], input = ''): Promise<Ended> =>
    new Promise((resolve) => {
      const env = { ...process.env, SESSION_KEY: KEY, SESSIONS_FOLDER: join(folder, 'sessions'), NODE_OPTIONS: '' };
      const child = spawn(process.execPath, [bin['nestjs-sessions']!, ...args], { env });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk) => (out += String(chunk)));
      child.stderr.on('data', (chunk) => (err += String(chunk)));
      child.stdin.end(input);
      child.on('close', (code) => resolve({ code, out, err }));
    });

  describe('key', () => {
    it('prints a key that a key ring takes, another one each time', async () => {
      const [first, second] = [await run(['key']), await run(['key'])];
      expect(first).toEqual({ code: 0, out: expect.stringMatching(/^[\w-]{43}\n$/), err: '' });
      expect(second.out).not.toBe(first.out);
      expect(() => openSessions({ keys: first.out.trim(), sessions: [SettingsSession] })).not.toThrow();
    });

    it('appends one to an env file, without printing it, and leaves one that is there alone', async () => {
      const file = join(folder, '.env');
      const added = await run(['key', '--append', file]);
      expect(added.out).toContain(`Added SESSION_KEY to ${file}`);
      const written = readFileSync(file, 'utf8');
      expect(written).toMatch(/^SESSION_KEY=[\w-]{43}\n$/);
      expect(added.out).not.toContain(written.slice(12, 40));
      expect(statSync(file).mode & 0o777).toBe(0o600);

      const again = await run(['key', '--append', file]);
      expect([again.code, readFileSync(file, 'utf8')]).toEqual([1, written]);
      expect(again.err).toContain('SESSION_KEY is already in');
      expect((await run(['key', '--append', file, '--name', 'SESSION_KEY_NEXT'])).code).toBe(0);
      expect(
        readFileSync(file, 'utf8')
          .split('\n')
          .map((line) => line.split('=')[0]),
      ).toEqual(['SESSION_KEY', 'SESSION_KEY_NEXT', '']);
    });

    it('starts a line of its own behind a file that ends without one', async () => {
      const file = join(folder, '.env');
      writeFileSync(file, 'PORT=3000');
      await run(['key', '--append', file]);
      expect(readFileSync(file, 'utf8')).toMatch(/^PORT=3000\nSESSION_KEY=[\w-]{43}\n$/);
    });
  });

  describe('explain', () => {
    let now: number;
    const open = (keys = KEY): OpenedSessions =>
      openSessions({
        keys,
        storage: directorySessionStorage({ directory: join(folder, 'sessions') }),
        sessions: [AccountSession, SettingsSession],
        now: () => now,
      });
    const cookie = async (session: object, sessions = open()): Promise<string> => {
      const headers = new Headers();
      const current = sessions.of(new Headers());
      current.set(session);
      await current.saveTo(headers);
      return headers.getSetCookie()[0]!.split(';')[0]!;
    };

    beforeEach(() => {
      now = Date.now();
    });

    it('opens a sealed value: times, key, fields, and the content when asked', async () => {
      const value = await cookie(new SettingsSession());
      const { code, out } = await run(['explain', value]);
      expect(code).toBe(0);
      expect(out).toContain('A sealed value, version 1, key id ');
      expect(out).toContain('Sealed by key 1 of 1');
      expect(out).toContain(`Created ${new Date(now).toISOString()}`);
      expect(out).toContain('Valid until ');
      expect(out).toContain('Fields: layout, theme.');
      expect(out).not.toContain('light');
      expect((await run(['explain', value, '--show'])).out).toContain('"theme":"light"');
    });

    it('finds the session behind the prefix of its cookie, and one that is called with a prefix', async () => {
      const value = await cookie(new SettingsSession());
      expect((await run(['explain', `__Host-${value}`])).out).toContain('Sealed by key 1 of 1');
      const named = openSessions({ keys: KEY, sessions: [{ type: SettingsSession, name: '__Host-settings' }] });
      expect((await run(['explain', await cookie(new SettingsSession(), named)])).out).toContain(
        'Sealed by key 1 of 1',
      );
    });

    it('never prints a key', async () => {
      const { out, err } = await run(['explain', await cookie(new SettingsSession()), '--key', KEY, '--show']);
      expect(out + err).not.toContain(KEY);
    });

    it('says which of several keys sealed a value, and when none did', async () => {
      const value = await cookie(new SettingsSession(), open(OLD_KEY));
      expect((await run(['explain', value, '--key', KEY, '--key', OLD_KEY])).out).toContain('Sealed by key 2 of 2');
      expect((await run(['explain', value])).out).toContain('Refused (unknown-key)');
    });

    it('says that a value was changed, or made for a header', async () => {
      const value = await cookie(new SettingsSession());
      const last = value.at(-6) === 'A' ? 'B' : 'A';
      const changed = value.slice(0, -6) + last + value.slice(-5);
      expect((await run(['explain', changed])).out).toContain('Refused (tampered): the key is correct');
      const asHeader = await run(['explain', value, '--transport', 'header']);
      expect(asHeader.out).toContain('it was sealed for a cookie, not for a header');
    });

    it('says that a session has expired, by the lifetimes of the application', async () => {
      now = Date.now() - 8 * 24 * 3600_000;
      const value = await cookie(Object.assign(new AccountSession(), { userId: 'ada' }));
      const storage = join(FIXTURES, 'storage.mjs');
      expect((await run(['explain', value, '--storage', storage])).out).toContain('Refused (expired): since');
      const settings = await cookie(new SettingsSession());
      const { out } = await run(['explain', settings, '--module', MODULE]);
      expect(out).toContain('Refused (expired): since');
      expect(out).toContain('(idle 7 d, absolute none)');
    });

    it('looks up an id in a storage and in the application, and tells an ended one', async () => {
      const sessions = open();
      const value = await cookie(Object.assign(new AccountSession(), { userId: 'ada' }), sessions);
      const storage = join(FIXTURES, 'storage.mjs');
      for (const place of [
        ['--storage', storage],
        ['--module', MODULE],
      ]) {
        const { out } = await run(['explain', value, ...place]);
        expect(out).toContain('A session id: 256 bits');
        expect(out).toContain('Valid until');
        expect(out).toContain('Fields: roles, userId.');
      }
      const ending = sessions.of(new Headers({ cookie: value }));
      ending.clear(AccountSession);
      await ending.saveTo(new Headers());
      expect((await run(['explain', value, '--module', MODULE])).out).toContain('Refused (unknown-id)');
    });

    it('takes a whole Cookie header from standard input, and knows the cookies of other packages', async () => {
      const header = `Cookie: ${await cookie(new SettingsSession())}; connect.sid=s%3Aabc.def; theme=`;
      const { out } = await run(['explain', '-'], header);
      expect(out).toContain('settings: ');
      expect(out).toContain('A signed id of express-session');
      expect(out).toContain('Empty: the cookie was cleared.');
      const one = await run(['explain', '-', '--name', 'settings'], header);
      expect(one.out).not.toContain('express-session');
    });
  });

  describe('check', () => {
    it('prints sessions, warnings and what of ASVS the configuration does not meet', async () => {
      const { code, out } = await run(['check', MODULE]);
      expect(code).toBe(0);
      expect(out).toMatch(/account +AccountSession +by id in SessionStorageDirectory +cookie +userId +30 min +12 h/);
      expect(out).toMatch(/settings +SettingsSession +by value +cookie +- +7 d +none/);
      expect(out).toMatch(/[0-9a-f]{8} +protects +- +- +-\n/);
      expect(out).not.toContain(KEY);
      expect(out).toContain('No warnings.');
      expect(out).toMatch(/7\.3\.2 +no +settings: no limit/);
    });

    it('does not start what cannot work, and says why', async () => {
      const { code, err } = await run(['check', 'test/cli/fixtures/storage.mjs']);
      expect([code, err]).toEqual([1, expect.stringContaining('exports no module')]);
      expect((await run(['check', 'nowhere.js'])).err).toContain('File nowhere.js does not exist');
      expect((await run(['check'])).err).toContain('nestjs-sessions check <module file>');
    });

    it('names each field of saved sessions that a deployment would lose, and no value', async () => {
      const { code, out } = await run(['check', MODULE, '--fixtures', join(FIXTURES, 'saved')]);
      expect(code).toBe(1);
      expect(out.trim().split('\n')).toEqual([
        'account.before-rename.json: loses nickname: it is kept, but the class has no such field',
        'account.before-rename.json: loses address: it is kept, but the class has no such field',
        'account.broken.json: cannot be read as AccountSession: visitors with such a session would lose it.',
        'settings.json: nothing is lost',
      ]);
    });

    it('passes when nothing is lost, and fails for a file of no session', async () => {
      writeFileSync(join(folder, 'settings.a.json'), '{"theme":"dark","layout":{"columns":3}}');
      expect((await run(['check', MODULE, '--fixtures', folder])).code).toBe(0);
      writeFileSync(join(folder, 'cart.json'), '{}');
      const { code, out } = await run(['check', MODULE, '--fixtures', folder]);
      expect([code, out]).toEqual([1, expect.stringContaining('cart.json: matches no declared session')]);
    });
  });

  describe('asvs', () => {
    it('prints the 19 requirements of chapter 7 with a status and a reason each', async () => {
      const { code, out } = await run(['asvs', MODULE, '--json']);
      const lines = JSON.parse(out) as Array<{ id: string; status: string; reason: string }>;
      expect([code, lines.length]).toEqual([0, 19]);
      const status = Object.fromEntries(lines.map((line) => [line.id, line.status]));
      expect(status).toMatchObject({
        '7.1.2': 'by option',
        '7.2.3': 'met',
        '7.2.4': 'met',
        '7.3.1': 'met',
        '7.3.2': 'no',
        '7.4.1': 'met',
        '7.4.2': 'yours',
        '7.5.3': 'by option',
      });
      expect(lines.every(({ reason }) => reason.length > 10)).toBe(true);
      expect((await run(['asvs', MODULE])).out).toMatch(/7\.4\.1 +L1 +met +After logout/);
    });
  });

  it('prints help, and refuses what it does not know with exit code 1', async () => {
    expect((await run([])).out).toContain('nestjs-sessions <command>');
    expect((await run(['key', '--help'])).out).toContain('Prints a new key');
    const unknown = await run(['keys']);
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('Unknown command "keys"')]);
    const option = await run(['key', '--apend', 'x']);
    expect([option.code, option.err]).toEqual([1, expect.stringContaining("Unknown option '--apend'")]);
    expect(option.err).not.toContain('    at ');
  });
});
