import { jest } from '@jest/globals';
import { Keyv } from 'keyv';
import Keyv4 from 'keyv-4';
import { Keyv as Keyv6 } from 'keyv-6';
import { keyvSessionStorage, type KeyvLike } from 'nestjs-sessions/keyv';
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { isConditional, SessionStorageGuarded } from '../../../src/storage/session-storage-guarded.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const session = () => ({ value: 'v', expiresAt: Date.now() + 600_000 });

/** A store whose server can go down, as adapters behave: `throws`, or emits an error and answers as if nothing were. */
class FailingStore extends EventEmitter {
  readonly map = new Map<string, unknown>();
  readonly opts = { url: '', dialect: '' };
  namespace?: string;
  down: 'throws' | 'emits' | undefined;

  async get(key: string): Promise<unknown> {
    return this.#fails() ? undefined : this.map.get(key);
  }
  async getMany(keys: string[]): Promise<unknown[]> {
    return this.#fails() ? keys.map(() => undefined) : keys.map((key) => this.map.get(key));
  }
  async set(key: string, value: unknown): Promise<boolean> {
    if (this.#fails()) return false;
    this.map.set(key, value);
    return true;
  }
  async delete(key: string): Promise<boolean> {
    return this.#fails() ? false : this.map.delete(key);
  }
  async clear(): Promise<void> {
    this.map.clear();
  }
  async has(key: string): Promise<boolean> {
    return this.map.has(key);
  }

  #fails(): boolean {
    if (this.down === undefined) return false;
    const error = new Error('ECONNREFUSED');
    if (this.down === 'throws') throw error;
    this.emit('error', error);
    return true;
  }
}

const versions: Record<string, (store: FailingStore) => KeyvLike & { on?: unknown }> = {
  'Keyv 4': (store) => new Keyv4({ store: store as never }),
  'Keyv 5': (store) => new Keyv({ store: store as never }),
  'Keyv 5, told not to emit errors': (store) => new Keyv({ store: store as never, emitErrors: false }),
  'Keyv 6': (store) => new Keyv6({ store: store as never }),
  'Keyv 6, whose errors somebody else hears too': (store) => {
    const keyv = new Keyv6({ store: store as never });
    keyv.on('error', () => {});
    return keyv;
  },
};

describe.each(Object.entries(versions))('SessionStorageKeyv by %s', (_version, make) => {
  it.each(['throws', 'emits'] as const)(
    'rejects when the store %s, and answers again when that is over',
    async (way) => {
      const store = new FailingStore();
      const storage = keyvSessionStorage({ keyv: make(store) });
      await storage.write('a', session());
      store.down = way;
      const calls = [
        () => storage.read('a'),
        () => storage.read('unknown'),
        () => storage.readMany(['a', 'unknown']),
        () => storage.write('b', session()),
        () => storage.invalidate('a'),
        () => storage.invalidate('unknown'),
        () => storage.ping(),
      ];
      for (const call of calls) await expect(call()).rejects.toThrow();
      store.down = undefined;
      expect(await storage.read('a')).toMatchObject({ value: 'v' });
      expect(await storage.readMany(['a', 'unknown'])).toMatchObject([{ value: 'v' }, undefined]);
      await storage.invalidate('a');
      expect(await storage.read('a')).toBeUndefined();
    },
  );

  it('assigns an error only to the call that caused it', async () => {
    const store = new FailingStore();
    const storage = keyvSessionStorage({ keyv: make(store) });
    const reading = storage.read('a');
    store.emit('error', new Error('of another'));
    expect(await reading).toBeUndefined();
  });
});

describe('SessionStorageKeyv', () => {
  const keyv = () => {
    const map = new Map<string, unknown>();
    return {
      map,
      get: async (key: string) => map.get(key),
      set: jest.fn(async (key: string, value: unknown, _ttl?: number): Promise<unknown> => map.set(key, value)),
      delete: jest.fn(async (key: string): Promise<unknown> => map.delete(key)),
    };
  };

  it('passes the time to live to Keyv, and never 0, which means unlimited', async () => {
    const [clock, like] = [new FakeClock(), keyv()];
    const storage = keyvSessionStorage({ keyv: like, now: clock.now });
    await storage.write('a', { value: 'v', expiresAt: clock.now() + 5000 });
    expect(like.set).toHaveBeenLastCalledWith('a', expect.any(String), 5000);
    for (const expiresAt of [clock.now(), clock.now() - 1, clock.now() + 0.5]) {
      await storage.write('a', { value: 'v', expiresAt });
      expect(like.map.size).toBe(0);
    }
    expect(like.set).toHaveBeenCalledTimes(1);
  });

  it('also uses its own clock, for stores that remove late or never', async () => {
    const [clock, like] = [new FakeClock(), keyv()];
    const storage = keyvSessionStorage({ keyv: like, now: clock.now });
    await storage.write('a', { value: 'v', expiresAt: clock.now() + 5000, owner: 'u|1' });
    expect(await storage.read('a')).toEqual({ value: 'v', expiresAt: clock.now() + 5000, owner: 'u|1' });
    clock.advance(5000);
    expect(await storage.read('a')).toBeUndefined();
  });

  it.each(['text', 'k1|x|-|v', 5, { value: 'v' }, null])(
    'takes what others wrote under its key, %j, for none',
    async (value) => {
      const like = keyv();
      like.map.set('a', value);
      expect(await keyvSessionStorage({ keyv: like }).read('a')).toBeUndefined();
    },
  );

  it('treats false from set as a failure', async () => {
    const like = keyv();
    const storage = keyvSessionStorage({ keyv: like });
    await storage.write('a', session());
    like.set.mockResolvedValue(false);
    like.delete.mockResolvedValue(false);
    await expect(storage.write('b', session())).rejects.toThrow('could not set');
    await expect(storage.invalidate('a')).rejects.toThrow('could not delete');
  });

  it('treats false from delete as absence if the key does not exist', async () => {
    expect(await keyvSessionStorage({ keyv: keyv() }).invalidate('a')).toBe(false);
  });

  it('has read, write and invalidate only, so that the module guards it', async () => {
    const storage = keyvSessionStorage({ keyv: new Keyv() });
    expect(isConditional(storage)).toBe(false);
    const guarded = new SessionStorageGuarded(storage);
    const version = await guarded.write('a', session());
    expect(await guarded.replace('a', session(), version)).toMatchObject({ status: 'replaced' });
    expect(await guarded.replace('a', session(), version)).toMatchObject({ status: 'conflict' });
  });

  it.each([undefined, null, {}, 'redis://:secret@host', { get: () => {}, set: () => {} }])(
    'refuses %p as a Keyv',
    (like) => {
      const make = (): unknown => keyvSessionStorage({ keyv: like as KeyvLike });
      expect(make).toThrow(SessionConfigurationError);
      expect(make).not.toThrow('secret');
    },
  );
});

it('enables one asynchronous context for all storages of a process', async () => {
  const enabled = jest.spyOn(AsyncLocalStorage.prototype, 'run');
  for (let made = 0; made < 3; made++) await keyvSessionStorage({ keyv: new Keyv() }).read('id');
  expect(enabled.mock.contexts).toHaveLength(3);
  expect(new Set(enabled.mock.contexts).size).toBe(1);
  enabled.mockRestore();
});
