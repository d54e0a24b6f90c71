import { Injectable, Logger, Module, type LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  cachedSessionStorage,
  encryptedSessionStorage,
  migratingSessionStorage,
  Session,
  SessionsModule,
  SessionStorageMemory,
  type SessionStorage,
  type SessionsModuleOptions,
} from 'nestjs-sessions';
import {
  SessionMerge,
  SessionProvider,
  SessionSerializerReflection,
  SessionStorageGuarded,
  SessionStorageResilient,
  SessionTrackerById,
  SessionTransportCookie,
} from 'nestjs-sessions/core';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { redisSessionStorage, SessionStorageRedis } from 'nestjs-sessions/redis';
import { createClient } from 'redis';
import { startPostgres, startRedis, uniqueName } from '../support/servers.js';
import { until } from '../support/until.js';

@Session('kept', { tracker: 'by-id' })
class KeptSession {
  count = 0;
}

/** A Redis with this configuration, or one that does not answer. */
const policyOf = (policy: string) => async () => `# Memory\r\nmaxmemory_policy:${policy}\r\n`;
const evicting = () => redisSessionStorage({ client: policyOf('allkeys-lru') });
const down = () => redisSessionStorage({ client: () => Promise.reject(new Error('ECONNREFUSED')) });

@Injectable()
class ApplicationsRedis extends SessionStorageRedis {
  constructor() {
    super({ client: policyOf('volatile-lru') });
  }
}
@Module({ providers: [ApplicationsRedis, { provide: 'REDIS', useClass: ApplicationsRedis }] })
class ApplicationsRedisModule {}

class Lines implements LoggerService {
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  log(): void {}
  error(message: unknown): void {
    this.errors.push(String(message));
  }
  warn(message: unknown): void {
    this.warnings.push(String(message));
  }
}

/**
 * The start-up log of an application, which does not wait for its storages. @param count the expected number of
 * warnings.
 */
async function started(options: SessionsModuleOptions, count = 0): Promise<Lines> {
  const lines = new Lines();
  const imports = [SessionsModule.forRoot({ sessions: [KeptSession], ...options }), ApplicationsRedisModule];
  const module = await Test.createTestingModule({ imports }).compile();
  const app = module.createNestApplication({ logger: lines });
  try {
    await app.init();
    await until(() => lines.warnings.length >= count);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    return lines;
  } finally {
    await app.close();
    Logger.overrideLogger(false);
  }
}

const handMade = (storage: SessionStorageRedis): SessionProvider => {
  const serializer = new SessionSerializerReflection(KeptSession);
  const merge = new SessionMerge('kept', serializer, 'mine', []);
  const tracker = new SessionTrackerById(KeptSession, serializer, storage, { name: 'kept', merge });
  return new SessionProvider('kept', KeptSession, new SessionTransportCookie('kept', {}, []), tracker);
};

describe('the inspection of storages at start', () => {
  const KEYS = ['xM4sQw9LkB2vT7yRzN0cJfGhDpKaUe3i5oVbYt8lCmE'];
  const WARNING = expect.stringMatching(/^Redis is set to maxmemory-policy (allkeys|volatile)-lru: .*noeviction/);

  it.each<[string, () => SessionsModuleOptions]>([
    ['as it is', () => ({ storage: evicting() })],
    ['of one session', () => ({ sessions: [{ type: KeptSession, storage: evicting() }] })],
    ['cached', () => ({ storage: cachedSessionStorage(evicting()) })],
    ['encrypted', () => ({ storage: encryptedSessionStorage(evicting(), { keys: KEYS }) })],
    ['that is moved to', () => ({ storage: migratingSessionStorage(evicting(), new SessionStorageMemory()) })],
    ['that is moved from', () => ({ storage: migratingSessionStorage(new SessionStorageMemory(), evicting()) })],
    ['that is moved from to one that is down', () => ({ storage: migratingSessionStorage(down(), evicting()) })],
    ['moved to another of its kind', () => ({ storage: migratingSessionStorage(evicting(), evicting()) })],
    ['guarded', () => ({ storage: new SessionStorageGuarded(evicting()) })],
    ['with a deadline', () => ({ storage: new SessionStorageResilient(evicting()) })],
    ['given by class', () => ({ storage: ApplicationsRedis })],
    ['given by token', () => ({ storage: 'REDIS' })],
    ['of a provider made by hand', () => ({ sessions: [handMade(evicting())] })],
  ])('warns once about a Redis that evicts live sessions: %s', async (_, options) => {
    expect((await started(options(), 1)).warnings).toEqual([WARNING]);
  });

  it.each(['noeviction', 'volatile-ttl'])('does not warn about a Redis with %s', async (policy) => {
    const lines = await started({ storage: redisSessionStorage({ client: policyOf(policy) }) });
    expect(lines).toEqual({ warnings: [], errors: [] });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['hangs', () => new Promise(() => undefined)],
    ['is down', () => Promise.reject(new Error('ECONNREFUSED'))],
    ['may not say', () => Promise.reject(new Error('NOPERM'))],
  ])('does not wait for a storage that %s, and does not warn', async (_, client) => {
    expect(await started({ storage: redisSessionStorage({ client }) })).toEqual({ warnings: [], errors: [] });
  });

  it('does not warn about a storage whose inspection fails, even synchronously', async () => {
    const storage: SessionStorage = Object.assign(new SessionStorageMemory(), {
      inspect: () => {
        throw new Error('a bug');
      },
    });
    expect(await started({ storage })).toEqual({ warnings: [], errors: [] });
    expect(await started({ sessions: [], storage })).toMatchObject({ errors: [] });
  });

  it('warns about a missing table, with the statements that create it', async () => {
    const pool = await startPostgres();
    const table = uniqueName();
    try {
      const { warnings } = await started({ storage: postgresSessionStorage({ pool, table }) }, 1);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(`CREATE TABLE IF NOT EXISTS "${table}"`);
      expect((await started({ storage: postgresSessionStorage({ pool, table, createTable: true }) })).warnings).toEqual(
        [],
      );
    } finally {
      await pool.close(table);
    }
  });

  it('reads the policy of a real server', async () => {
    const server = await startRedis();
    const client = await createClient({ url: server.url }).connect();
    try {
      expect(await redisSessionStorage({ client }).inspect()).toEqual([]);
    } finally {
      client.destroy();
      await server.close();
    }
  });
});
