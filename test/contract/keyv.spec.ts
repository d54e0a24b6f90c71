import KeyvRedis from '@keyv/redis';
import { jest } from '@jest/globals';
import { Keyv } from 'keyv';
import Keyv4 from 'keyv-4';
import { Keyv as Keyv6 } from 'keyv-6';
import { keyvSessionStorage, type KeyvLike } from 'nestjs-sessions/keyv';
import { SessionStorageGuarded } from '../../src/storage/session-storage-guarded.js';
import { sessionStorageContract } from '../../src/testing/session-storage.contract.js';
import { redisEngine, startRedis, uniqueName, type RedisServer } from '../support/servers.js';
import { rounds } from '../support/full-tests.js';

// Busy machines are slow.
jest.setTimeout(30_000);

const inMemory: Record<string, () => KeyvLike> = {
  'Keyv 4': () => new Keyv4(),
  'Keyv 5': () => new Keyv(),
  'Keyv 6': () => new Keyv6(),
};

describe.each(Object.entries(inMemory))('SessionStorageKeyv by %s and a Map', (version, make) => {
  if (version === 'Keyv 5') {
    sessionStorageContract({ describe, it: it.concurrent }, () => ({ a: keyvSessionStorage({ keyv: make() }) }), {
      name: 'on its own',
      capabilities: ['ping'],
    });
  }

  sessionStorageContract(
    { describe, it: it.concurrent },
    () => ({ a: new SessionStorageGuarded(keyvSessionStorage({ keyv: make() })) }),
    { name: 'guarded', capabilities: ['replace', 'touch', 'ping'], rounds },
  );
});

describe(`SessionStorageKeyv on ${redisEngine}`, () => {
  const namespace = uniqueName();
  let server: RedisServer;
  let store: KeyvRedis<string>;
  beforeAll(async () => {
    server = await startRedis();
    store = new KeyvRedis(server.url);
  });
  afterAll(async () => {
    await store.disconnect();
    await server.close(namespace);
  });

  const versions: Record<string, () => KeyvLike> = {
    'Keyv 5': () => new Keyv({ store, namespace }),
    'Keyv 6, which takes the store of version 5': () => new Keyv6({ store, namespace }),
  };

  describe.each(Object.entries(versions))('by %s and @keyv/redis', (_version, make) => {
    let keyv: KeyvLike;
    beforeAll(() => {
      keyv = make();
    });
    sessionStorageContract(
      { describe, it: it.concurrent },
      () => ({ a: new SessionStorageGuarded(keyvSessionStorage({ keyv })) }),
      {
        name: 'guarded',
        capabilities: ['replace', 'touch', 'ping'],
        rounds,
      },
    );
  });
});
