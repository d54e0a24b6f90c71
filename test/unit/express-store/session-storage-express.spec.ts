import { jest } from '@jest/globals';
import { expressSessionStorage, type ExpressSessionStore } from 'nestjs-sessions/express-store';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { isConditional } from '../../../src/storage/session-storage-guarded.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

type Callback = (error?: unknown, answer?: unknown) => void;
const ID = 'x'.repeat(43);

function fakeStore() {
  const map = new Map<string, any>();
  return {
    map,
    get: jest.fn<(sid: string, callback: Callback) => unknown>((sid, callback) => callback(null, map.get(sid))),
    set: jest.fn<(sid: string, data: any, callback: Callback) => unknown>((sid, data, callback) => {
      map.set(sid, data);
      callback();
    }),
    destroy: jest.fn<(sid: string, callback: Callback) => unknown>((sid, callback) => {
      map.delete(sid);
      callback();
    }),
  };
}

const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' });
const session = () => ({ value: 'v', expiresAt: Date.now() + 600_000 });

describe('SessionStorageExpress', () => {
  it('tells the store the lifetime in every way that stores look for it', async () => {
    const [store, clock] = [fakeStore(), new FakeClock()];
    const expiresAt = clock.now() + 5000;
    await expressSessionStorage({ store, now: clock.now }).write(ID, { value: 'v', expiresAt, owner: 'u' });
    expect(store.map.get(ID)).toEqual({
      cookie: { expires: new Date(expiresAt), maxAge: 5000, originalMaxAge: 5000 },
      value: 'v',
      expiresAt,
      owner: 'u',
    });
  });

  it('goes by its own clock too, and destroys what would be stored expired', async () => {
    const [store, clock] = [fakeStore(), new FakeClock()];
    const storage = expressSessionStorage({ store, now: clock.now });
    await storage.write(ID, { value: 'v', expiresAt: clock.now() + 5000 });
    clock.advance(5000);
    expect(await storage.read(ID)).toBeUndefined();
    await storage.write(ID, { value: 'v', expiresAt: clock.now() });
    expect(store.map.size).toBe(0);
  });

  it('takes ENOENT for "no such session", as express-session does', async () => {
    const store = fakeStore();
    store.get.mockImplementation((_sid, callback) => callback(missing));
    store.destroy.mockImplementation((_sid, callback) => callback(missing));
    const storage = expressSessionStorage({ store });
    expect(await storage.read(ID)).toBeUndefined();
    await storage.invalidate(ID);
    await storage.ping();
    store.set.mockImplementation((_sid, _data, callback) => callback(missing));
    await expect(storage.write(ID, session())).rejects.toBe(missing);
  });

  it.each<[string, (callback: Callback) => unknown]>([
    ['calls back', (callback) => callback(new Error('down'))],
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    ['gives a promise', () => Promise.reject(new Error('down'))],
    ['calls back and gives a promise', (callback) => (callback(new Error('down')), Promise.reject(new Error('again')))],
  ])('rejects when the store %s with an error', async (_way, fail) => {
    const store = fakeStore();
    store.get.mockImplementation((_sid, callback) => fail(callback));
    store.set.mockImplementation((_sid, _data, callback) => fail(callback));
    store.destroy.mockImplementation((_sid, callback) => fail(callback));
    const storage = expressSessionStorage({ store });
    for (const call of [storage.read(ID), storage.write(ID, session()), storage.invalidate(ID), storage.ping()]) {
      await expect(call).rejects.toThrow('down');
    }
  });

  it.each([undefined, null, false, {}, { value: 'v' }, { value: 5, expiresAt: 5 }, 'text'])(
    'takes %j of the store for no session',
    async (data) => {
      const store = fakeStore();
      store.map.set(ID, data);
      expect(await expressSessionStorage({ store }).read(ID)).toBeUndefined();
    },
  );

  it('gives the store ids that could be the names of files, and hashed ids as they are', async () => {
    const store = fakeStore();
    const storage = expressSessionStorage({ store });
    for (const id of [ID, '../../etc/passwd', 'CON', 'a b', '']) await storage.read(id);
    const ids = store.get.mock.calls.map(([sid]) => sid);
    expect(ids[0]).toBe(ID);
    for (const id of ids) expect(id).toMatch(/^[\w-]{43}$/);
    expect(new Set(ids).size).toBe(5);
  });

  it('has three verbs, so that the module guards it', () => {
    expect(isConditional(expressSessionStorage({ store: fakeStore() }))).toBe(false);
  });

  it.each([undefined, null, {}, { get() {}, set() {} }, class Store {}])('refuses %p as a store', (store) => {
    expect(() => expressSessionStorage({ store: store as ExpressSessionStore })).toThrow(SessionConfigurationError);
  });
});
