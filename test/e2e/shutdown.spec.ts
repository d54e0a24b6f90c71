import { Controller, Get } from '@nestjs/common';
import {
  CurrentSession,
  Session,
  SessionConfigurationError,
  SessionsModule,
  type SessionStorage,
} from 'nestjs-sessions';
import { SessionStorageEncrypted } from 'nestjs-sessions/core';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { sqliteSessionStorage } from 'nestjs-sessions/sqlite';
import { KeyRing } from '../../src/keys/key-ring.js';
import { ask } from '../support/client.js';
import { platforms, startApp } from '../support/platforms.js';
import { sqliteLibraries } from '../support/sqlite.js';

@Session('sid', { tracker: 'by-id' })
class UserSession {
  visits = 0;
}

let reached: () => void = () => {};
let proceed: Promise<void> = Promise.resolve();

@Controller()
class SlowController {
  @Get() async slow(@CurrentSession() session: UserSession): Promise<string> {
    reached();
    await proceed;
    return `visit ${++session.visits}`;
  }
}

const openDatabase = sqliteLibraries['libsql']!;

function isOpen(database: ReturnType<typeof openDatabase>): boolean {
  try {
    return database.prepare('SELECT 1').all().length === 1;
  } catch {
    return false;
  }
}

const KEY = 'Zs3VQb0p6mYw1kRr9Xc8Tn5Jd2Lf7HgA4eUoQvWyBtI';

describe.each(platforms)('a storage that owns its client, on $name', (platform) => {
  it.each<[string, (storage: SessionStorage) => SessionStorage]>([
    ['alone', (storage) => storage],
    ['in another storage', (storage) => new SessionStorageEncrypted(storage, new KeyRing(KEY))],
  ])('completes open requests and is closed after them: %s', async (_, wrap) => {
    const database = openDatabase(':memory:');
    const { app, url } = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [UserSession],
          storage: wrap(sqliteSessionStorage({ database, ownClient: true })),
        }),
      ],
      controllers: [SlowController],
    });
    const isReached = new Promise<void>((resolve) => (reached = resolve));
    let goOn: () => void = () => {};
    proceed = new Promise<void>((resolve) => (goOn = resolve));
    const answer = ask(url, { headers: { connection: 'close' } });
    await isReached;
    const closing = app.close();
    expect(isOpen(database)).toBe(true);
    goOn();
    expect([(await answer).status, (await answer).text]).toEqual([200, 'visit 1']);
    await closing;
    expect(isOpen(database)).toBe(false);
  });

  it('does not close a client that it does not own', async () => {
    const database = openDatabase(':memory:');
    const { close } = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [UserSession], storage: sqliteSessionStorage({ database }) })],
      controllers: [SlowController],
    });
    await close();
    expect(isOpen(database)).toBe(true);
    database.close();
  });
});

describe('ownClient', () => {
  it('closes each client by its own method, once', async () => {
    const calls: string[] = [];
    const end = (name: string) => async (): Promise<void> => void calls.push(name);
    const redis = { sendCommand: end('send'), call: end('call'), quit: end('quit') };
    const glide = { customCommand: end('send'), close: end('close') };
    const pool = { query: end('query'), end: end('end') };
    const storages = [
      redisSessionStorage({ client: redis, ownClient: true }),
      redisSessionStorage({ client: glide, ownClient: true }),
      postgresSessionStorage({ pool, ownClient: true }),
    ];
    for (const storage of storages) {
      await storage.close?.();
      await storage.close?.();
    }
    expect(calls).toEqual(['quit', 'close', 'end']);
  });

  it('is refused for a client that cannot be closed', () => {
    const client = async (): Promise<unknown> => null;
    expect(() => redisSessionStorage({ client, ownClient: true })).toThrow(SessionConfigurationError);
    expect(() => redisSessionStorage({ client, ownClient: true })).toThrow(/ownClient: true needs a client with close/);
    const ownClient = 'false' as unknown as boolean;
    expect(() => redisSessionStorage({ client, ownClient })).toThrow(/ownClient must be true or false/);
  });
});
