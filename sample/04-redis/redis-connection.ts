import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { createClient } from 'redis';

interface EmbeddedServer {
  close(): Promise<void>;
}

type Client = ReturnType<typeof clientOf>;

const logger = new Logger('Redis');

/** The client for `REDIS_URL` or for an embedded server. Closed with the application. */
export class RedisConnection implements OnApplicationShutdown {
  private constructor(
    readonly url: string,
    readonly client: Client,
    readonly embedded: EmbeddedServer | undefined,
  ) {}

  static async open(url = process.env['REDIS_URL']): Promise<RedisConnection> {
    if (url) return new RedisConnection(url, await connect(url), undefined);
    const { createRedisMock } = await import('js-redis-server');
    const server = await createRedisMock({ compatibility: 'redis-7.0' });
    logger.warn(
      `No REDIS_URL: an embedded server for trials runs at ${server.url}. Its sessions end with this process.`,
    );
    return new RedisConnection(server.url, await connect(server.url), server);
  }

  /** The last hook: every response has been sent, so no request uses the client. */
  async onApplicationShutdown(): Promise<void> {
    this.client.destroy();
    await this.embedded?.close();
  }
}

async function connect(url: string): Promise<Client> {
  const client = clientOf(url);
  // Without a listener, a lost connection ends the process.
  client.on('error', (error: Error) => logger.error(error.message));
  await client.connect();
  return client;
}

function clientOf(url: string) {
  // Without the queue, commands fail at once while Redis is down.
  return createClient({ url, disableOfflineQueue: true });
}
