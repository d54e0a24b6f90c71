import { createPool } from 'mysql2/promise';
import type { SessionStorage } from 'nestjs-sessions';
import { mysqlSessionStorage } from 'nestjs-sessions/mysql';
import { SessionStorageResilient } from '../../src/storage/session-storage-resilient.js';
import { hashSessionId } from '../../src/tracker/session-id-provider.js';
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

/** Each call once. An embedded engine may need long for its first script on a busy machine; deadlines are not for that. */
async function warmUp(storage: SessionStorage): Promise<void> {
  const id = hashSessionId(uniqueName());
  const session = { value: 'a', expiresAt: Date.now() + 60_000, owner: uniqueName() };
  await storage.write(id, session);
  await storage.replace?.(id, session);
  await storage.touch?.(id, session.expiresAt + 1);
  await storage.read(id);
  await storage.owners?.list(session.owner);
  await storage.invalidate(id);
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
    await warmUp(proxied.storage);
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
