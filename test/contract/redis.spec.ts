import { jest } from '@jest/globals';
import { GlideClient, Logger } from '@valkey/valkey-glide';
import { Redis as Ioredis5 } from 'ioredis';
import { Redis as Ioredis6 } from 'ioredis-6';
import Valkey from 'iovalkey';
import { createClient, createClientPool } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { redisSessionStorage, type RedisClient } from 'nestjs-sessions/redis';
import { redisCommandOf } from '../../src/redis/redis-command.js';
import { sessionStorageContract } from '../../src/testing/session-storage.contract.js';
import { redisEngine, startRedis, uniqueName } from '../support/servers.js';
import { fullTests, rounds } from '../support/full-tests.js';

type Address = { readonly host: string; readonly port: number };

// Busy machines are slow.
jest.setTimeout(120_000);
// Warns of what is expected: that a server has forgotten its scripts.
Logger.setLoggerConfig('error');

/** What the keys of this run begin with. */
const prefix = `${uniqueName()}:`;

/** A client, connected, and how it is let go. */
interface Connected {
  readonly client: RedisClient;
  close(): unknown;
}

const url = ({ host, port }: Address): string => `redis://${host}:${port}`;

const clients: Record<string, (at: Address) => Promise<Connected>> = {
  'node-redis 6': async (at) => {
    const client = await createClient({ url: url(at) }).connect();
    return { client, close: () => client.destroy() };
  },
  'node-redis 5': async (at) => {
    const client = await createClient5({ url: url(at) }).connect();
    return { client, close: () => client.destroy() };
  },
  'a pool of node-redis 6': async (at) => {
    const client = createClientPool({ url: url(at) }, { minimum: 2, maximum: 4 });
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  'ioredis 5': async ({ host, port }) => {
    const client = new Ioredis5({ host, port });
    return { client, close: () => client.disconnect() };
  },
  'ioredis 6': async ({ host, port }) => {
    const client = new Ioredis6({ host, port });
    return { client, close: () => client.disconnect() };
  },
  'ioredis 6 with texts for numbers and automatic pipelines': async ({ host, port }) => {
    const client = new Ioredis6({ host, port, stringNumbers: true, enableAutoPipelining: true });
    return { client, close: () => client.disconnect() };
  },
  iovalkey: async ({ host, port }) => {
    const client = new Valkey.default({ host, port });
    return { client, close: () => client.disconnect() };
  },
  '@valkey/valkey-glide': async (at) => {
    const client = await GlideClient.createClient({ addresses: [at], requestTimeout: 5000 });
    return { client, close: () => client.close() };
  },
  'a function': async (at) => {
    const client = await createClient({ url: url(at) }).connect();
    return { client: (_key, _readonly, args) => client.sendCommand([...args]), close: () => client.destroy() };
  },
};

function contract(name: string, connect: () => Promise<Connected>): void {
  describe(name, () => {
    let connected: Connected;
    beforeAll(async () => {
      connected = await connect();
    });
    afterAll(() => connected.close());

    sessionStorageContract(
      { describe, it: it.concurrent },
      () => ({
        a: redisSessionStorage({ client: connected.client, prefix }),
        b: redisSessionStorage({ client: connected.client, prefix }),
      }),
      {
        capabilities: ['replace', 'touch', 'owners', 'ping'],
        sessionsOfOneOwner:
          fullTests && redisEngine === 'Redis' && name === 'by node-redis 6' ? 10_000 : fullTests ? 500 : 200,
        rounds,
      },
    );

    it('sends its scripts again to a server that does not know them', async () => {
      const { client } = connected;
      const storage = redisSessionStorage({ client, prefix });
      const [id, owner] = [uniqueName(), uniqueName()];
      const session = { value: 'v', expiresAt: Date.now() + 600_000, owner };
      const forget = () => redisCommandOf(client)(undefined, false, ['SCRIPT', 'FLUSH']);
      await forget();
      const version = await storage.write(id, session);
      await forget();
      expect(await storage.replace(id, session, version)).toMatchObject({ status: 'replaced' });
      await forget();
      expect(await storage.replace(id, session, version)).toMatchObject({ status: 'conflict' });
      await forget();
      expect(await storage.touch(id, session.expiresAt + 1)).toBe(true);
      expect(await storage.owners.list(owner)).toMatchObject([{ id, session: { expiresAt: session.expiresAt + 1 } }]);
    });
  });
}

describe(`SessionStorageRedis on ${redisEngine}`, () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.close(prefix));
  for (const [name, connect] of Object.entries(clients)) {
    // js-redis-server is slow, and what it shows of one client it shows of another version of it.
    if (redisEngine === 'js-redis-server' && !['node-redis 6', 'ioredis 6', '@valkey/valkey-glide'].includes(name))
      continue;
    contract(`by ${name}`, () => connect(server));
  }
});
