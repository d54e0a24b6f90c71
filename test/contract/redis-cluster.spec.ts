import { jest } from '@jest/globals';
import { GlideClusterClient, Logger } from '@valkey/valkey-glide';
import { Cluster as Ioredis5Cluster } from 'ioredis';
import { Cluster as Ioredis6Cluster } from 'ioredis-6';
import { redisSessionStorage, type RedisClient } from 'nestjs-sessions/redis';
import { createClient, createCluster } from 'redis';
import { createCluster as createCluster5 } from 'redis-5';
import type { SessionStorage } from '../../src/storage/session-storage.js';
import { sessionStorageContract } from '../../src/testing/session-storage.contract.js';
import { startRedisCluster, uniqueName, type RedisClusterServer } from '../support/servers.js';
import { rounds } from '../support/full-tests.js';

// Busy machines are slow.
jest.setTimeout(30_000);
// Warns of what is expected: that a server has forgotten its scripts.
Logger.setLoggerConfig('error');

type Address = { readonly host: string; readonly port: number };

/** A client, connected, and how it is let go. */
interface Connected {
  readonly client: RedisClient;
  close(): unknown;
}

const url = ({ host, port }: Address): string => `redis://${host}:${port}`;

const clients: Record<string, (nodes: readonly Address[]) => Promise<Connected>> = {
  'node-redis 6': async (nodes) => {
    const client = createCluster({ rootNodes: nodes.map((at) => ({ url: url(at) })) });
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  'node-redis 5': async (nodes) => {
    const client = createCluster5({ rootNodes: nodes.map((at) => ({ url: url(at) })) });
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  'ioredis 5': async (nodes) => {
    const client = new Ioredis5Cluster([...nodes]);
    return { client, close: () => client.disconnect() };
  },
  'ioredis 6': async (nodes) => {
    const client = new Ioredis6Cluster([...nodes]);
    return { client, close: () => client.disconnect() };
  },
  '@valkey/valkey-glide': async (nodes) => {
    const client = await GlideClusterClient.createClient({ addresses: [...nodes], requestTimeout: 5000 });
    return { client, close: () => client.close() };
  },
};

describe('SessionStorageRedis on a cluster of js-redis-server', () => {
  let server: RedisClusterServer;
  beforeAll(async () => {
    server = await startRedisCluster();
  });
  afterAll(() => server.close());

  describe.each(Object.entries(clients))('by %s', (name, connect) => {
    const prefix = `${uniqueName()}:`;
    let connected: Connected;
    let storage: SessionStorage;
    beforeAll(async () => {
      connected = await connect(server.nodes);
      storage = redisSessionStorage({ client: connected.client, prefix });
    });
    afterAll(() => connected.close());

    // The whole contract once: it waits much, and what differs between clients is how they find a key's node.
    if (name === 'node-redis 6') {
      sessionStorageContract({ describe, it }, () => ({ a: storage }), {
        capabilities: ['replace', 'touch', 'owners', 'ping'],
        sessionsOfOneOwner: 200,
        rounds,
      });
    }

    it('finds the node of every key', async () => {
      const ids = Array.from({ length: 30 }, (_, index) => `id${index}`);
      const owner = uniqueName();
      const [now, later] = [Date.now(), Date.now() + 600_000];
      await Promise.all(ids.map((id) => storage.write(id, { value: id, expiresAt: later, owner })));
      for (const id of ids) expect(await storage.read(id)).toMatchObject({ value: id, owner });
      for (const id of ids) expect(await storage.touch!(id, later + 1000)).toBe(true);
      const changed = { value: 'changed', expiresAt: now + 300_000, owner };
      for (const id of ids) expect(await storage.replace!(id, changed)).toMatchObject({ status: 'replaced' });
      expect(await storage.owners!.list(owner)).toHaveLength(30);
      expect(await storage.invalidate('id0')).toBe(true);
      expect(await storage.owners!.invalidateAll(owner, 'id1')).toBe(28);
      expect(await storage.owners!.list(owner)).toMatchObject([{ id: 'id1' }]);
      await storage.ping!();
    });

    it('names the node that keeps a session', async () => {
      const ids = Array.from({ length: 20 }, () => uniqueName());
      for (const id of ids) await storage.write(id, { value: 'v', expiresAt: Date.now() + 600_000 });
      const names = ids.map((id) => storage.nodeOf!(id));
      expect(new Set(names).size).toBeGreaterThan(1);
      // This client does not show its nodes.
      if (name === '@valkey/valkey-glide') return;
      for (const at of server.nodes) {
        const node = await createClient({ url: url(at) }).connect();
        for (const [index, id] of ids.entries()) {
          const isHere = await node.exists(prefix + id).catch(() => 0);
          expect(names[index] === `${at.host}:${at.port}`).toBe(isHere === 1);
        }
        node.destroy();
      }
    });

    it('sends its scripts again to a node that does not know them', async () => {
      const ids = Array.from({ length: 12 }, () => uniqueName());
      const session = { value: 'v', expiresAt: Date.now() + 600_000 };
      for (const id of ids) await storage.write(id, session);
      for (const at of server.nodes) {
        const node = await createClient({ url: url(at) }).connect();
        await node.scriptFlush();
        node.destroy();
      }
      for (const id of ids) expect(await storage.replace!(id, session)).toMatchObject({ status: 'replaced' });
      for (const id of ids) expect(await storage.touch!(id, session.expiresAt + 1)).toBe(true);
    });
  });
});
