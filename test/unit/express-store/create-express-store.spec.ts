import { jest } from '@jest/globals';
import express, { type Express } from 'express';
import session, { Store } from 'express-session';
import { createExpressStore, type ExpressStoreOptions } from 'nestjs-sessions/express-store';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import type { SessionStorage } from '../../../src/storage/session-storage.js';

declare module 'express-session' {
  interface SessionData {
    [field: string]: unknown;
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** An application with `req.session` in our storage. */
async function start(
  storage: SessionStorage,
  options: ExpressStoreOptions = {},
  cookie: session.CookieOptions = { maxAge: 600_000 },
) {
  const store = createExpressStore(Store, storage, options);
  const app: Express = express();
  app.use(session({ secret: 'secret', resave: false, saveUninitialized: false, store, cookie }));
  app.get('/set/:field', (request, response) => {
    const answer = (): void => {
      request.session[request.params.field] = true;
      response.json(request.session);
    };
    setTimeout(answer, 5 + Math.random() * 15);
  });
  app.get('/slow', (request, response) => {
    const answer = (): void => {
      request.session['slow'] = true;
      response.json({});
    };
    setTimeout(answer, 40);
  });
  app.get('/logout', (request, response) => request.session.destroy(() => response.json({})));
  app.get('/regenerate', (request, response) => request.session.regenerate(() => response.json({})));
  app.get('/twice', (request, response) => {
    request.session['first'] = 1;
    request.session.save(() => {
      request.session['second'] = 2;
      request.session.reload(() => response.json(request.session));
    });
  });
  app.get('/', (request, response) => void response.json(request.session));
  app.use((error: Error, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
    response.status(500).json({ error: error.name });
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let cookieLine = '';
  const ask = async (path: string): Promise<any> => {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie: cookieLine } });
    cookieLine = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookieLine;
    return response.json();
  };
  servers.push(server);
  return { ask };
}

function spied() {
  const storage = new SessionStorageMemory();
  const [read, write, replace, touch] = (['read', 'write', 'replace', 'touch'] as const).map((verb) =>
    jest.spyOn(storage, verb),
  );
  return { storage, read: read!, write: write!, replace: replace!, touch: touch! };
}

describe('our storage as a store of express-session', () => {
  it('loses no field of twelve parallel requests', async () => {
    const app = await start(new SessionStorageMemory());
    for (let round = 0; round < 4; round++) {
      await app.ask('/set/start');
      await Promise.all(Array.from({ length: 12 }, (_, index) => app.ask(`/set/f${round}x${index}`)));
      const fields = Object.keys(await app.ask('/')).filter((name) => name.startsWith(`f${round}x`));
      expect(fields).toHaveLength(12);
    }
  });

  it('keeps a session ended that a slower request stores', async () => {
    const app = await start(new SessionStorageMemory());
    for (let round = 0; round < 3; round++) {
      await app.ask('/set/user');
      const slow = app.ask('/slow');
      await pause(10);
      await app.ask('/logout');
      await slow;
      expect(await app.ask('/')).not.toHaveProperty('user');
    }
  });

  it('regenerates, saves twice in one request and reloads', async () => {
    const app = await start(new SessionStorageMemory());
    await app.ask('/set/user');
    expect(await app.ask('/twice')).toMatchObject({ user: true, first: 1 });
    await app.ask('/regenerate');
    expect(await app.ask('/')).not.toHaveProperty('user');
  });

  it('reads once and writes nothing for a request that only uses its session', async () => {
    const { storage, read, write, replace, touch } = spied();
    const app = await start(storage);
    await app.ask('/set/user');
    const before = read.mock.calls.length;
    await app.ask('/');
    expect(read.mock.calls.length - before).toBe(1);
    expect([write, replace, touch].map((verb) => verb.mock.calls.length)).toEqual([1, 0, 0]);
  });

  it('renews a used session once a tenth of its time has passed, and shows the new expiry', async () => {
    let ahead = 0;
    const now = () => Date.now() + ahead;
    const { storage, touch } = spied();
    const store = createExpressStore(Store, storage, { now }) as any;
    const call = (method: string, ...args: unknown[]) =>
      new Promise<any>((resolve, reject) =>
        store[method](...args, (error: Error | null, answer: unknown) => (error ? reject(error) : resolve(answer))),
      );
    const expires = () => new Date(now() + 3_600_000);
    await call('set', 'sid', { cookie: { expires: expires() }, user: 'u' });
    const data = await call('get', 'sid');
    ahead = 300_000;
    await call('touch', 'sid', { ...data });
    expect(touch).toHaveBeenCalledTimes(1); // an object that was never read: nothing is known of its expiry
    const again = await call('get', 'sid');
    again.cookie.expires = expires();
    await call('touch', 'sid', again);
    expect(touch).toHaveBeenCalledTimes(1);
    ahead = 700_000;
    again.cookie.expires = expires();
    await call('touch', 'sid', again);
    expect(touch).toHaveBeenCalledTimes(2);
    expect(new Date((await call('get', 'sid')).cookie.expires)).toEqual(again.cookie.expires);
  });

  it('gives a session without an expiry a day, or what it is told', async () => {
    for (const [options, seconds] of [
      [{}, 86_400],
      [{ ttlInSeconds: 60 }, 60],
    ] as const) {
      const { storage, write } = spied();
      const app = await start(storage, options, {});
      await app.ask('/set/user');
      const lifetime = write.mock.calls[0]![1]!['expiresAt' as never] as number;
      expect(Math.abs(lifetime - Date.now() - seconds * 1000)).toBeLessThan(10_000);
    }
  });

  it('shows the storage hashed ids only', async () => {
    const { storage, write } = spied();
    const app = await start(storage);
    await app.ask('/set/user');
    expect(write.mock.calls[0]![0]).toMatch(/^[\w-]{43}$/);
  });

  it('answers 500 when the storage hangs or fails, and does not wait', async () => {
    for (const read of [() => new Promise<never>(() => {}), () => Promise.reject(new Error('down'))]) {
      const storage = new SessionStorageMemory();
      const app = await start(storage, { timeoutInMilliseconds: 30 });
      await app.ask('/set/user');
      jest.spyOn(storage, 'read').mockImplementation(read);
      expect(await app.ask('/')).toEqual({ error: 'SessionStorageUnavailableError' });
    }
  });

  it('takes a storage of three verbs, guarded', async () => {
    const memory = new SessionStorageMemory();
    const app = await start({
      read: (id) => memory.read(id),
      write: async (id, value) => void (await memory.write(id, value)),
      invalidate: async (id) => void (await memory.invalidate(id)),
    });
    await app.ask('/set/user');
    await Promise.all(Array.from({ length: 6 }, (_, index) => app.ask(`/set/f${index}`)));
    expect(Object.keys(await app.ask('/')).filter((name) => name.startsWith('f'))).toHaveLength(6);
  });

  it.each(['not JSON', 'null', '5', '{}', '{"cookie":null}'])(
    'takes %s in the storage for no session',
    async (value) => {
      const storage = new SessionStorageMemory();
      jest.spyOn(storage, 'read').mockResolvedValue({ value, expiresAt: Date.now() + 5000, version: '1' });
      const answer = await new Promise((resolve) => {
        createExpressStore(Store, storage).get('sid', (_error, data) => resolve(data));
      });
      expect(answer).toBeUndefined();
    },
  );

  it('does not ask for a callback', async () => {
    const storage = new SessionStorageMemory();
    const store = createExpressStore(Store, storage);
    store.set('sid', { cookie: { originalMaxAge: 5000 } });
    await pause(5);
    expect(storage.size).toBe(1);
    store.destroy('sid');
    await pause(5);
    expect(storage.size).toBe(0);
  });

  it('refuses what is not the Store class, not a storage, or not a time', () => {
    const storage = new SessionStorageMemory();
    for (const make of [
      () => createExpressStore(session as never, storage),
      () => createExpressStore(undefined as never, storage),
      () => createExpressStore(Store, undefined as never),
      () => createExpressStore(Store, {} as never),
      () => createExpressStore(Store, storage, { ttlInSeconds: 0 }),
      () => createExpressStore(Store, storage, { timeoutInMilliseconds: -1 }),
    ]) {
      expect(make).toThrow(SessionConfigurationError);
    }
  });
});
