import { Controller, Get, HttpCode, Param, ParseIntPipe, Post } from '@nestjs/common';
import {
  Counter,
  CurrentSession,
  generateSessionId,
  Session,
  Sessions,
  SessionsModule,
  type RequestSessions,
  type SessionStorage,
} from 'nestjs-sessions';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { createClient } from 'redis';
import { startApp, type Platform, type RunningApp } from '../support/platforms.js';
import { postgresEngine, redisEngine, startPostgres, startRedis, uniqueName } from '../support/servers.js';

/** Number of parallel requests. */
export const PARALLEL = 12;

/** A barrier: handlers wait here until the last one has arrived. */
export class Meeting {
  readonly #size: number;
  #waiting: Array<() => void> = [];

  constructor(size: number) {
    this.#size = size;
  }

  join(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length < this.#size) return;
      for (const goOn of this.#waiting.splice(0)) goOn();
    });
  }
}

@Session('visitor', { tracker: 'by-id' })
export class Visitor {
  name = '';
  updates = 0;
  @Counter() visits = 0;
  [field: `field${number}`]: number;
}

/** All requests of a round load the session before the first changes it. */
const allLoaded = new Meeting(PARALLEL);
/** Signals: the slow request has loaded the session; the user has signed out. */
export const slowStarted = new Meeting(2);
export const signedOut = new Meeting(2);

@Controller()
export class VisitorController {
  @Post('sign-in') @HttpCode(200) signIn(@CurrentSession() visitor: Visitor) {
    visitor.name = 'Ada';
  }
  @Post('field/:index/:value') @HttpCode(200) async set(
    @CurrentSession() visitor: Visitor,
    @Param('index', ParseIntPipe) index: number,
    @Param('value', ParseIntPipe) value: number,
  ) {
    await allLoaded.join();
    visitor[`field${index}`] = value;
  }
  @Post('update') @HttpCode(200) async update(
    @CurrentSession() _loaded: Visitor,
    @Sessions() sessions: RequestSessions,
  ) {
    await allLoaded.join();
    await sessions.update(Visitor, (visitor) => visitor.updates++);
  }
  @Post('visit') @HttpCode(200) async visit(@CurrentSession() visitor: Visitor) {
    await allLoaded.join();
    visitor.visits++;
  }
  @Post('slow') @HttpCode(200) async slow(@CurrentSession() visitor: Visitor) {
    await slowStarted.join();
    await signedOut.join();
    visitor.updates++;
  }
  @Post('sign-out') @HttpCode(200) signOut(@Sessions() sessions: RequestSessions) {
    sessions.clear(Visitor);
  }
  @Get('visitor') show(@CurrentSession({ optional: true }) visitor?: Visitor) {
    return visitor ?? {};
  }
}

interface StorageOnServer {
  readonly storage: SessionStorage;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: string;
  start(): Promise<StorageOnServer>;
}

export const redis: Engine = {
  name: redisEngine,
  async start() {
    const server = await startRedis();
    const prefix = uniqueName();
    const client = await createClient({ url: server.url }).connect();
    const close = async (): Promise<void> => {
      client.destroy();
      await server.close(prefix);
    };
    return { storage: redisSessionStorage({ client, prefix }), close };
  },
};

export const postgres: Engine = {
  name: postgresEngine,
  async start() {
    const server = await startPostgres();
    const table = uniqueName();
    const storage = postgresSessionStorage({ pool: server, table, createTable: true });
    return { storage, close: () => server.close(table) };
  },
};

/** The application with its sessions on a server. */
export async function startVisitors(platform: Platform, engine: Engine): Promise<RunningApp> {
  const { storage, close } = await engine.start();
  const running = await startApp(platform, {
    imports: [
      SessionsModule.forRoot({
        keys: generateSessionId(),
        sessions: [Visitor],
        storage,
        // This does not test deadlines, and busy machines are slow.
        storageTimeoutInMilliseconds: 20_000,
      }),
    ],
    controllers: [VisitorController],
  });
  return {
    ...running,
    async close() {
      await running.close();
      await close();
    },
  };
}
