import { createPool } from 'mysql2/promise';
import { mysqlSessionStorage } from 'nestjs-sessions/mysql';
import { SessionStorageResilient } from '../../src/storage/session-storage-resilient.js';
import { sessionStorageContract } from '../../src/testing/session-storage.contract.js';
import { postgres, redis, type ProxiedStorage } from '../e2e/faults-support.js';
import { watchUncaught } from '../e2e/hold-support.js';
import { mysqlUrl, uniqueName } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** A database behind a proxy, as `redis` and `postgres` are. */
async function startMysql(): Promise<ProxiedStorage> {
  const url = new URL(mysqlUrl!);
  const table = uniqueName();
  const proxy = await TcpProxy.start({ host: url.hostname, port: Number(url.port || 3306) });
  url.host = `${proxy.host}:${proxy.port}`;
  const pool = createPool({ uri: url.href, connectionLimit: 8 });
  const storage = mysqlSessionStorage({ pool, table, createTable: true });
  await storage.ping();
  const close = async (): Promise<void> => {
    await pool.query(`DROP TABLE IF EXISTS ${table}`);
    await pool.end();
    await proxy.close();
  };
  return { storage, proxy, close };
}

const engines = [
  redis,
  ...(process.env['DATABASE_URL'] ? [postgres] : []),
  ...(mysqlUrl === undefined ? [] : [{ name: 'mysqlSessionStorage', start: startMysql }]),
];

describe.each(engines)('$name behind a connection that fails', ({ name, start }) => {
  let proxied: ProxiedStorage;
  beforeAll(async () => {
    proxied = await start();
  });
  afterAll(() => proxied.close());
  watchUncaught();

  sessionStorageContract(
    // The other cases are run without a proxy elsewhere.
    (sentence, test) => (sentence.includes('backend') ? it(sentence, test) : undefined),
    () => {
      const { proxy } = proxied;
      return {
        a: new SessionStorageResilient(proxied.storage, { timeoutInMilliseconds: 200 }),
        faults: { hang: () => proxy.hang(), down: () => proxy.cut(), restore: () => proxy.heal() },
      };
    },
    {
      capabilities: ['replace', 'touch', 'owners', 'ping', ...(name === redis.name ? [] : (['sweep'] as const))],
      faults: ['hang', 'down'],
    },
  );
});
