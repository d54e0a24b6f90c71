import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import {
  CurrentSession,
  generateSessionId,
  Session,
  Sessions,
  SessionsModule,
  type RequestSessions,
  type SessionStorage,
} from 'nestjs-sessions';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { redisSessionStorage, type NodeRedisClient } from 'nestjs-sessions/redis';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { ask, type Answer } from '../support/client.js';
import { startApp, type Platform } from '../support/platforms.js';
import { startPostgres, startRedis, uniqueName } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** A required session. */
@Session('cart', { tracker: 'by-id' })
export class Cart {
  items = 0;
}

/** An optional session. */
@Session('taste', { tracker: 'by-id', onUnavailable: 'anonymous' })
export class Taste {
  items = 0;
}

@Controller()
export class ShopController {
  @Get('cart') cart(@CurrentSession({ optional: true }) cart?: Cart) {
    return cart ?? {};
  }
  @Post('cart') @HttpCode(200) buy(@CurrentSession() cart: Cart) {
    return { items: ++cart.items };
  }
  @Post('cart/end') @HttpCode(200) end(@Sessions() sessions: RequestSessions) {
    sessions.clear(Cart);
  }
  @Get('taste') taste(@CurrentSession({ optional: true }) taste?: Taste) {
    return taste ?? {};
  }
  @Post('taste') @HttpCode(200) like(@CurrentSession() taste: Taste) {
    return { items: ++taste.items };
  }
  @Post('taste/end') @HttpCode(200) forget(@Sessions() sessions: RequestSessions) {
    sessions.clear(Taste);
  }
  @Get('about') about() {
    return 'about';
  }
}

/** A storage whose client reaches its server through a proxy. */
export interface ProxiedStorage {
  readonly storage: SessionStorage;
  readonly proxy: TcpProxy;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: string;
  /** The command that changes an existing session. */
  readonly change: RegExp;
  /** The command that writes a new one. */
  readonly creation: RegExp;
  start(): Promise<ProxiedStorage>;
}

/** node-redis as in an application, with a short reconnect delay. */
export async function connectRedis(url: string): Promise<NodeRedisClient & { destroy(): void }> {
  const client = createClient({ url, socket: { reconnectStrategy: 50 } });
  client.on('error', () => undefined);
  return client.connect();
}

export const redis: Engine = {
  name: 'redisSessionStorage',
  change: /EVALSHA/,
  creation: /\r\nSET\r\n/,
  async start() {
    const server = await startRedis();
    const proxy = await TcpProxy.start(server);
    const url = new URL(server.url);
    url.host = `${proxy.host}:${proxy.port}`;
    const prefix = uniqueName();
    const client = await connectRedis(url.href);
    const close = async (): Promise<void> => {
      client.destroy();
      await proxy.close();
      await server.close(prefix);
    };
    return { storage: redisSessionStorage({ client, prefix }), proxy, close };
  },
};

export const postgres: Engine = {
  name: 'postgresSessionStorage',
  change: /UPDATE /,
  creation: /INSERT INTO/,
  async start() {
    const server = await startPostgres();
    const url = new URL(process.env['DATABASE_URL']!);
    const proxy = await TcpProxy.start({ host: url.hostname, port: Number(url.port || 5432) });
    url.host = `${proxy.host}:${proxy.port}`;
    const table = uniqueName();
    const pool = new Pool({ connectionString: url.href, max: 8 });
    pool.on('error', () => undefined);
    const storage = postgresSessionStorage({ pool, table, createTable: true });
    await storage.ping();
    const close = async (): Promise<void> => {
      await pool.end();
      await proxy.close();
      await server.close(table);
    };
    return { storage, proxy, close };
  },
};

type SessionName = 'cart' | 'taste';

const PAUSE = 50;
const PATIENCE = 200;

/** An application with a short storage deadline. */
export class Shop {
  readonly #url: string;
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.#url = url;
    this.#close = close;
  }

  static async open(platform: Platform, storage: SessionStorage): Promise<Shop> {
    const { url, close } = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          keys: generateSessionId(),
          sessions: [Cart, Taste],
          storage,
          storageTimeoutInMilliseconds: 200,
        }),
      ],
      controllers: [ShopController],
    });
    return new Shop(url, close);
  }

  get(path: string, cookie?: string): Promise<Answer> {
    return ask(`${this.#url}/${path}`, { cookie });
  }

  post(path: string, cookie?: string): Promise<Answer> {
    return ask(`${this.#url}/${path}`, { cookie, method: 'POST' });
  }

  /**
   * The number of items in a session, or `undefined` if it is not found. Retries until the client has reconnected and
   * the breaker is closed.
   */
  async items(name: SessionName, cookie: string): Promise<number | undefined> {
    for (let tries = 0; tries < PATIENCE; tries++) {
      const answer = await this.get(name, cookie);
      const { items } = answer.json<{ items?: number }>();
      // The optional session is missing until the storage answers.
      if (items !== undefined || (answer.status === 200 && name === 'cart')) return items;
      await sleep(PAUSE);
    }
    return undefined;
  }

  /** Creates a session with one item and adds another. @returns its cookie. */
  async begin(name: SessionName): Promise<string> {
    for (let tries = 0; tries < PATIENCE; tries++) {
      const cookie = (await this.post(name)).cookie(name);
      if (cookie !== '' && (await this.post(name, cookie)).text === '{"items":2}') return cookie;
      await sleep(PAUSE);
    }
    throw new Error(`No session "${name}" could be begun.`);
  }

  close(): Promise<void> {
    return this.#close();
  }
}
