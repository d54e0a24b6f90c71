import { redisSessionStorage } from 'nestjs-sessions/redis';
import { spawn, spawnSync } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { platforms } from '../support/platforms.js';
import { connectRedis, Shop } from './faults-support.js';
import { watchUncaught } from './hold-support.js';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A Redis server for this test, without persistence, so it is empty after a start. */
class OwnRedis {
  static readonly isInstalled = spawnSync('redis-server', ['--version']).status === 0;
  readonly port: number;
  #process: ReturnType<typeof spawn> | undefined;

  constructor(port: number) {
    this.port = port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Resolves when it accepts connections. */
  async start(): Promise<void> {
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const started = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#process = started;
    let log = '';
    for await (const chunk of started.stdout.iterator({ destroyOnReturn: false })) {
      log += String(chunk);
      if (log.includes('Ready to accept connections')) break;
    }
    started.stdout.resume();
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  async kill(): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  }
}

if (!OwnRedis.isInstalled) {
  it('does not run, because redis-server is not installed', () => {
    expect(spawnSync('redis-server', ['--version']).status).not.toBe(0);
  });
} else {
  describe.each(platforms)('a Redis server that fails, on $name', (platform) => {
    let redis: OwnRedis;
    let client: Awaited<ReturnType<typeof connectRedis>>;
    let shop: Shop;

    beforeAll(async () => {
      redis = new OwnRedis(await freePort());
      await redis.start();
      client = await connectRedis(redis.url);
      shop = await Shop.open(platform, redisSessionStorage({ client }));
    });
    afterAll(async () => {
      await shop.close();
      client.destroy();
      await redis.kill();
    });
    watchUncaught();

    it('stopped and continued: 503 while it is stopped, then the session is readable', async () => {
      const cookie = await shop.begin('cart');
      redis.signal('SIGSTOP');
      try {
        expect((await shop.get('cart', cookie)).status).toBe(503);
        expect((await shop.get('about', cookie)).status).toBe(200);
      } finally {
        redis.signal('SIGCONT');
      }
      expect(await shop.items('cart', cookie)).toBe(2);
    });

    it('full: a logout leaves a tombstone, so that nothing revives the session (promise 1)', async () => {
      const storage = redisSessionStorage({ client, prefix: 'full:' });
      const session = { value: 'v', expiresAt: Date.now() + 3_600_000 };
      await storage.create('id', session);
      const setMemory = (bytes: string) => client.sendCommand(...([['CONFIG', 'SET', 'maxmemory', bytes]] as never[]));
      await setMemory('1');
      try {
        await expect(storage.create('other', session)).rejects.toThrow('OOM');
        expect(await storage.invalidate('id')).toBe(true);
      } finally {
        await setMemory('0');
      }
      expect(await storage.create('id', session)).toBeUndefined();
    });

    it('killed and restarted: 503 while it is down, then the same client serves new sessions', async () => {
      const cookie = await shop.begin('cart');
      await redis.kill();
      // Six failures open the breaker.
      const answers = await Promise.all(Array.from({ length: 6 }, () => shop.get('cart', cookie)));
      expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(503));
      expect((await shop.get('about', cookie)).status).toBe(200);
      await redis.start();
      // It has lost the session and the scripts.
      expect(await shop.items('cart', cookie)).toBeUndefined();
      const next = await shop.begin('cart');
      expect(await shop.items('cart', next)).toBe(2);
      const lost = await shop.get('cart', cookie);
      expect([lost.text, lost.setCookie('cart')]).toEqual(['{}', expect.stringContaining('Max-Age=0')]);
    });
  });
}
