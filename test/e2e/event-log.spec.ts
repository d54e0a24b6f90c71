import { Controller, Get, HttpCode, Post, type LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import {
  CurrentSession,
  Session,
  SessionOwner,
  SessionsModule,
  type SessionEvent,
  type SessionStorage,
} from 'nestjs-sessions';
import { mysqlSessionStorage } from 'nestjs-sessions/mysql';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { inspect } from 'node:util';
import type { AddressInfo } from 'node:net';
import { createClient } from 'redis';
import { ask } from '../support/client.js';
import { mysqlUrl, startPostgres, startRedis, uniqueName } from '../support/servers.js';

@Session('user', { tracker: 'by-id' })
class UserSession {
  @SessionOwner() userId?: string;
  note = '';
}

@Controller()
class AppController {
  @Post('login') @HttpCode(200) login(@CurrentSession() session: UserSession) {
    session.userId = 'secret-owner';
    session.note = 'secret-note';
  }
  @Get('me') me(@CurrentSession({ optional: true }) session?: UserSession) {
    return session ?? {};
  }
}

/** A storage whose server refuses every session, with an error that quotes its input. */
interface Refusing {
  readonly storage: SessionStorage;
  /** The text that the server's error must quote. */
  readonly quotes: string | RegExp;
  close(): Promise<unknown>;
}

// A numeric column `value`, so the server refuses and quotes the session.
const TABLE =
  'id VARCHAR(50) PRIMARY KEY, version INT, value INT, owner VARCHAR(50), expires_at BIGINT, expires_hour BIGINT';

const servers: Record<string, () => Promise<Refusing>> = {
  'node-redis, of a command that the server does not know': async () => {
    const server = await startRedis();
    const client = await createClient({ url: server.url }).connect();
    const close = async () => {
      client.destroy();
      await server.close();
    };
    // As an old server answers an unknown command.
    const unknown = (args: readonly string[]) => client.sendCommand(['NOSUCH', ...args.slice(1)]);
    const storage = redisSessionStorage({ client: (_key, _readonly, args) => unknown(args) });
    return { storage, quotes: 'nestjs-sessions:', close };
  },
  'ioredis, of a key of another type': async () => {
    const server = await startRedis();
    const prefix = uniqueName();
    const client = new Redis(server.url);
    const storage = redisSessionStorage({
      // Another application stored a list under the key of the owner.
      client: async (key, _readonly, [command = '', ...args]) => {
        if (key?.includes('owner')) await client.lpush(key, 'x').catch(() => 0);
        return client.call(command, ...args);
      },
      prefix: `${prefix}:`,
    });
    const close = async () => {
      client.disconnect();
      await server.close(prefix);
    };
    return { storage, quotes: `${prefix}:owner`, close };
  },
  PostgreSQL: async () => {
    const pool = await startPostgres();
    const table = uniqueName();
    await pool.query(`CREATE TABLE "${table}" (${TABLE})`);
    return { storage: postgresSessionStorage({ pool, table }), quotes: 'secret-note', close: () => pool.close(table) };
  },
  ...(mysqlUrl === undefined ? {} : { MySQL: () => refusingMysql(mysqlUrl!) }),
};

async function refusingMysql(uri: string): Promise<Refusing> {
  const pool = createPool({ uri, connectionLimit: 2 });
  const table = uniqueName();
  await pool.query(`CREATE TABLE ${table} (${TABLE})`);
  const close = () => pool.query(`DROP TABLE ${table}`).then(() => pool.end());
  return { storage: mysqlSessionStorage({ pool, table }), quotes: 'secret-note', close };
}

class Lines implements LoggerService {
  readonly lines: string[] = [];
  log(...parts: unknown[]): void {
    this.lines.push(inspect(parts, { depth: 9 }));
  }
  error(...parts: unknown[]): void {
    this.log(...parts);
  }
  warn(...parts: unknown[]): void {
    this.log(...parts);
  }
  debug(...parts: unknown[]): void {
    this.log(...parts);
  }
}

it.each(Object.entries(servers))('logs no id, key or content that a server error quotes: %s', async (_, refusing) => {
  const { storage, quotes, close } = await refusing();
  const log = new Lines();
  const events: SessionEvent[] = [];
  const imports = [
    SessionsModule.forRoot({ sessions: [UserSession], storage, onEvent: (event) => events.push(event) }),
  ];
  const module = await Test.createTestingModule({ imports, controllers: [AppController] }).compile();
  const app = module.createNestApplication({ logger: log });
  try {
    await app.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    const login = await ask(`${url}/login`, { method: 'POST' });
    const id = 'A'.repeat(43);
    await ask(`${url}/me`, { cookie: `user=${id}` });
    expect([login.status, login.setCookies]).toEqual([503, []]);
    // The server's error must quote it, otherwise this test proves nothing.
    const causes = events.map((event) => (event.type === 'unavailable' ? (event.error as Error).cause : undefined));
    expect(inspect(causes, { depth: 9 })).toMatch(quotes);
    const shown = log.lines.join('\n') + login.text;
    expect(shown).toMatch(/the storage failed to store: The session storage failed\..*\((\w+ ?)+\)/);
    for (const hidden of ['secret-note', 'secret-owner', 'nestjs-sessions:', ':owner', 'user%3A', id])
      expect(shown).not.toContain(hidden);
  } finally {
    await app.close();
    await close();
  }
});
