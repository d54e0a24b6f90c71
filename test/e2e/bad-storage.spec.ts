import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import {
  CurrentSession,
  Session,
  SessionsModule,
  SessionStorageMemory,
  type SessionEvent,
  type SessionStorage,
} from 'nestjs-sessions';
import { directorySessionStorage } from 'nestjs-sessions/directory';
import { sqliteSessionStorage } from 'nestjs-sessions/sqlite';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { SqliteFiles, sqliteLibraries } from '../support/sqlite.js';

@Session('user', { tracker: 'by-id' })
class UserSession {
  visits = 0;
  note = '';
}

@Controller()
class AppController {
  @Post('visit') @HttpCode(200) visit(@CurrentSession() session: UserSession) {
    return { visits: ++session.visits };
  }
  @Post('note') @HttpCode(200) note(@CurrentSession() session: UserSession) {
    session.note = 'n'.repeat(100_000);
  }
  @Get('me') me(@CurrentSession({ optional: true }) session?: UserSession) {
    return { visits: session?.visits ?? null };
  }
  @Get('none') none() {
    return 'none';
  }
}

/** A storage that can be made full. */
interface Place {
  readonly storage: SessionStorage;
  fill(): void;
  empty(): void;
  /** The names of all files to truncate, if there are any. */
  files(): readonly string[];
  close(): void;
}

const NOBODY = 65_534;

const places: Record<string, () => Promise<Place>> = {
  'a read-only directory': async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sessions-'));
    const isRoot = process.getuid?.() === 0;
    const all = () => [directory, ...readdirSync(directory).map((shard) => join(directory, shard))];
    const setMode = (mode: number): void => {
      for (const path of all()) chmodSync(path, mode);
    };
    return {
      storage: directorySessionStorage({ directory }),
      // Root may write anywhere, so this switches to another user.
      fill: () => {
        setMode(0o500);
        if (!isRoot) return;
        for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
          chownSync(join(directory, path), NOBODY, NOBODY);
        }
        chownSync(directory, NOBODY, NOBODY);
        process.seteuid!(NOBODY);
      },
      empty: () => {
        if (isRoot) process.seteuid!(0);
        setMode(0o700);
      },
      files: () => readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort(),
      close: () => rmSync(directory, { recursive: true }),
    };
  },
  'a full SQLite database': async () => {
    const files = await SqliteFiles.make();
    const database = sqliteLibraries['libsql']!(files.path('full.db'));
    return {
      storage: sqliteSessionStorage({ database }),
      // As on a full disk; the limit is never below the current size.
      fill: () => database.exec('PRAGMA max_page_count = 1'),
      empty: () => database.exec('PRAGMA max_page_count = 1000000'),
      files: () => [],
      close: () => {
        database.close();
        files.remove();
      },
    };
  },
};

describe.each(platforms)('on $name', (platform) => {
  const start = async (storage: SessionStorage, events: SessionEvent[] = []): Promise<RunningApp> =>
    startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [UserSession], storage, onEvent: (event) => events.push(event) })],
      controllers: [AppController],
    });
  const post = (running: RunningApp, path: string, cookie?: string) =>
    ask(`${running.url}/${path}`, { method: 'POST', cookie });

  it.each(Object.entries(places))('%s answers 503 to a write, and keeps stored sessions', async (_, make) => {
    const place = await make();
    const running = await start(place.storage);
    try {
      const cookie = (await post(running, 'visit')).cookie('user');
      const before = place.files();
      place.fill();
      let answers;
      try {
        answers = [await post(running, 'note'), await post(running, 'note', cookie)];
        const [read, other] = [await ask(`${running.url}/me`, { cookie }), await ask(`${running.url}/none`)];
        expect([read.status, read.json(), other.status]).toEqual([200, { visits: 1 }, 200]);
      } finally {
        place.empty();
      }
      for (const { status, headers, setCookies } of answers) {
        expect([status, headers.get('retry-after'), setCookies]).toEqual([503, '1', []]);
      }
      expect(place.files()).toEqual(before);
      expect((await post(running, 'visit', cookie)).json()).toEqual({ visits: 2 });
    } finally {
      await running.close();
      place.close();
    }
  });

  it.each(['', '\0\0', '{"visits":1', 'g1|v|1|1|-|x', '\ud800', 'x'.repeat(100_000)])(
    'treats a record that cannot be decoded as no session, with an event, only on routes that use it: %#',
    async (garbage) => {
      const storage = new SessionStorageMemory();
      const written: string[] = [];
      const write = storage.write.bind(storage);
      storage.write = (id, session) => (written.push(id), write(id, session));
      const events: SessionEvent[] = [];
      const running = await start(storage, events);
      try {
        const cookie = (await post(running, 'visit')).cookie('user');
        const stored = await storage.read(written[0]!);
        await storage.replace(written[0]!, { ...stored!, value: garbage });
        events.length = 0;
        expect((await ask(`${running.url}/none`, { cookie })).status).toBe(200);
        expect(events).toEqual([]);
        const answer = await ask(`${running.url}/me`, { cookie });
        expect([answer.status, answer.json()]).toEqual([200, { visits: null }]);
        expect(answer.setCookie('user')).toContain('Max-Age=0');
        expect(events).toMatchObject([{ type: 'rejected', session: 'user', reason: 'undecodable' }]);
        expect((await post(running, 'visit', cookie)).json()).toEqual({ visits: 1 });
      } finally {
        await running.close();
      }
    },
  );
});
