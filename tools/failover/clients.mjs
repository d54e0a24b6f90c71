// The clients, by kind of setup.
import { GlideClusterClient, Logger } from '@valkey/valkey-glide';
import { Cluster, Redis } from 'ioredis';
import { createCluster, createSentinel } from 'redis';

const silent = () => {};
const addressesOf = (ports) => ports.map((port) => ({ host: '127.0.0.1', port }));

export const clients = {
  'node-redis': {
    async sentinel(ports) {
      const client = createSentinel({ name: 'main', sentinelRootNodes: addressesOf(ports) }).on('error', silent);
      await client.connect();
      return { client, close: () => client.destroy() };
    },
    async cluster(ports) {
      const rootNodes = ports.map((port) => ({ url: `redis://127.0.0.1:${port}` }));
      const client = createCluster({ rootNodes }).on('error', silent).on('node-error', silent);
      await client.connect();
      return { client, close: () => client.destroy() };
    },
  },
  ioredis: {
    async sentinel(ports) {
      const client = new Redis({ name: 'main', sentinels: addressesOf(ports) }).on('error', silent);
      return { client, close: () => client.disconnect() };
    },
    async cluster(ports) {
      // Without it, ioredis keeps waiting for a hanging node after a fail-over.
      const options = { slotsRefreshInterval: 1000 };
      const client = new Cluster(addressesOf(ports), options).on('error', silent).on('node error', silent);
      return { client, close: () => client.disconnect() };
    },
  },
  glide: {
    async cluster(ports) {
      Logger.setLoggerConfig('off');
      const client = await GlideClusterClient.createClient({ addresses: addressesOf(ports), requestTimeout: 5000 });
      return { client, close: () => client.close() };
    },
  },
};
