import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import type { SessionStorage } from 'nestjs-sessions';
import { mysqlSessionStorage } from 'nestjs-sessions/mysql';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { sqliteSessionStorage, type SqliteDatabase } from 'nestjs-sessions/sqlite';
import {
  mysqlUrl,
  postgresEngine,
  redisEngine,
  startPostgres,
  startRedis,
  uniqueName,
  withPostgres,
} from '../support/servers.js';
import { RedisCommands } from '../support/redis-commands.js';
import { SqliteFiles, sqliteLibraries, type OpenSqlite } from '../support/sqlite.js';

/** A storage whose server, or the call that asks it, tells what it is asked. */
export interface CountedStorage {
  readonly storage: SessionStorage;
  /** @returns the names of the commands since the last call, in order. */
  taken(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** The commands of one kind of request each, by name. */
export interface Commands {
  readonly read: string;
  readonly change: string;
  /** A new session with an owner: for a minute first, for its whole life once it is confirmed. */
  readonly create: readonly string[];
  /** After the read: a new id for a minute, the mark of where the old one went, and the confirmed new one. */
  readonly login: readonly string[];
  /** After the read, for a session with an owner: it is marked as ended, so that the end follows a rotation, and goes. */
  readonly logout: readonly string[];
}

export interface CountedEngine extends Commands {
  readonly name: string;
  start(): Promise<CountedStorage>;
}

const SQL: Commands = {
  read: 'SELECT',
  change: 'UPDATE',
  create: ['INSERT', 'UPDATE'],
  login: ['INSERT', 'UPDATE', 'UPDATE'],
  logout: ['UPDATE', 'UPDATE'],
};

/** Keeps the first word of every statement. */
class Statements {
  #taken: string[] = [];

  add(text: string): void {
    this.#taken.push(text.slice(0, text.indexOf(' ')));
  }

  readonly taken = async (): Promise<readonly string[]> => this.#taken.splice(0);
}

const redis: CountedEngine = {
  name: `${redisEngine}, counted by MONITOR`,
  read: 'GET',
  change: 'EVALSHA',
  create: ['EVALSHA', 'SET', 'EVALSHA', 'EVALSHA'],
  login: ['EVALSHA', 'SET', 'EVALSHA', 'EVALSHA', 'EVALSHA'],
  logout: ['EVALSHA', 'EVALSHA', 'ZREM'],
  async start() {
    const prefix = `${uniqueName()}:`;
    const server = await startRedis();
    const client = new Redis(server.url);
    const commands = await RedisCommands.of(client, prefix);
    return {
      storage: redisSessionStorage({ client, prefix }),
      taken: () => commands.taken(),
      async close() {
        commands.close();
        client.disconnect();
        await server.close(prefix);
      },
    };
  },
};

const postgres: CountedEngine = {
  name: `${postgresEngine}, counted at its query call`,
  ...SQL,
  async start() {
    const table = uniqueName();
    const server = await startPostgres();
    const statements = new Statements();
    const pool = (text: string, values: unknown[]) => {
      statements.add(text);
      return server.query(text, values);
    };
    const storage = postgresSessionStorage({ pool, table, createTable: true });
    return { storage, taken: statements.taken, close: () => server.close(table) };
  },
};

const mysql: CountedEngine = {
  name: 'MySQL, counted at its execute call',
  ...SQL,
  create: ['INSERT', 'UPDATE'],
  login: ['INSERT', 'UPDATE', 'UPDATE'],
  async start() {
    const table = uniqueName();
    const server = createPool({ uri: mysqlUrl! });
    const statements = new Statements();
    const pool = (text: string, values: Parameters<typeof server.execute>[1]) => {
      statements.add(text);
      return server.execute(text, values);
    };
    const storage = mysqlSessionStorage({ pool, table, createTable: true });
    const close = async (): Promise<void> => {
      await server.query(`DROP TABLE IF EXISTS ${table}`);
      await server.end();
    };
    return { storage, taken: statements.taken, close };
  },
};

const sqlite = ([library, open]: readonly [string, OpenSqlite]): CountedEngine => ({
  name: `SQLite by ${library}, counted at its statements`,
  ...SQL,
  async start() {
    const files = await SqliteFiles.make();
    const file = open(files.path('counted.db'));
    const statements = new Statements();
    const database: SqliteDatabase = {
      exec: (text) => file.exec(text),
      prepare(text) {
        const statement = file.prepare(text);
        const counted =
          <R>(run: (...values: never[]) => R) =>
          (...values: never[]): R => {
            statements.add(text);
            return run.apply(statement, values);
          };
        return { all: counted(statement.all), run: counted(statement.run) };
      },
    };
    const close = async (): Promise<void> => {
      file.close();
      files.remove();
    };
    return { storage: sqliteSessionStorage({ database }), taken: statements.taken, close };
  },
});

/** Every engine that can be had here. */
export const countedEngines: readonly CountedEngine[] = [
  redis,
  ...(withPostgres ? [postgres] : []),
  ...(mysqlUrl === undefined ? [] : [mysql]),
  ...Object.entries(sqliteLibraries).map(sqlite),
];
