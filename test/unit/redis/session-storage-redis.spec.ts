import { jest } from '@jest/globals';
import { createClient } from 'redis';
import { redisSessionStorage, type RedisCommand } from 'nestjs-sessions/redis';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { NEVER, type SessionToStore } from '../../../src/storage/session-storage.js';
import { redisEngine, startRedis, uniqueName, type RedisServer } from '../../support/servers.js';

const HOUR = 3_600_000;

async function connect(server: RedisServer) {
  const client = createClient({ url: server.url });
  return client.connect();
}

describe(`SessionStorageRedis on ${redisEngine}`, () => {
  let server: RedisServer;
  let client: Awaited<ReturnType<typeof connect>>;
  const prefix = `${uniqueName()}:`;
  const session = (more: Partial<SessionToStore> = {}): SessionToStore => ({
    value: 'v',
    expiresAt: Date.now() + HOUR,
    latestExpiry: Date.now() + 10 * HOUR,
    ...more,
  });

  beforeAll(async () => {
    server = await startRedis();
    client = await connect(server);
  });
  afterAll(async () => {
    client.destroy();
    await server.close(prefix);
  });

  const storage = (options: { now?: () => number } = {}) => redisSessionStorage({ client, prefix, ...options });

  it('counts ended sessions if the client sends every command twice', async () => {
    const send = (args: readonly string[]): Promise<unknown> => client.sendCommand([...args]);
    const twice = redisSessionStorage({
      client: async (_key, _readonly, args) => {
        await send(args).catch(() => undefined);
        return send(args);
      },
      prefix,
    });
    for (const id of ['twice1', 'twice2', 'twice3']) await twice.create(id, session({ owner: 'twice' }));
    expect(await twice.invalidate('twice1')).toBe(true);
    expect(await twice.invalidate('twice1')).toBe(false);
    expect(await twice.owners.invalidateAll('twice')).toBe(2);
    expect(await client.exists(`${prefix}owner:twice`)).toBe(0);
  });

  it('keeps a session as one string that expires at its deadline', async () => {
    const expiresAt = Date.now() + HOUR;
    const version = await storage().write('layout', session({ expiresAt, owner: 'o:1' }));
    expect(await client.get(`${prefix}layout`)).toBe(`${expiresAt}|${version}|=o%3A1|v`);
    expect(Math.abs((await client.pTTL(`${prefix}layout`)) - HOUR)).toBeLessThan(60_000);
  });

  it('moves the expiry of the key with touch and replace', async () => {
    const redis = storage();
    await redis.write('expiry', session());
    await redis.touch('expiry', Date.now() + 3 * HOUR);
    expect(await client.pTTL(`${prefix}expiry`)).toBeGreaterThan(2 * HOUR);
    await redis.replace('expiry', session({ expiresAt: Date.now() + HOUR }));
    expect(await client.pTTL(`${prefix}expiry`)).toBeLessThan(2 * HOUR);
  });

  it('sets no expiry that Redis would refuse', async () => {
    const redis = storage();
    await redis.write('never', session({ expiresAt: NEVER }));
    await redis.touch('never', Number.MAX_SAFE_INTEGER);
    await redis.replace('never', session({ expiresAt: Number.MAX_SAFE_INTEGER }));
    expect((await redis.read('never'))?.expiresAt).toBe(NEVER);
    await redis.replace('never', session({ expiresAt: 0 }));
    expect(await redis.read('never')).toBeUndefined();
    expect(await client.exists(`${prefix}never`)).toBe(0);
  });

  it('uses the clock of the option now beside that of Redis', async () => {
    await storage().write('clock', session());
    const ahead = storage({ now: () => Date.now() + 2 * HOUR });
    expect(await ahead.read('clock')).toBeUndefined();
    expect(await ahead.replace('clock', session({ expiresAt: Date.now() + 9 * HOUR }))).toEqual({ status: 'gone' });
    expect(await ahead.touch('clock', Date.now() + 9 * HOUR)).toBe(false);
    expect(await ahead.invalidate('clock')).toBe(false);
  });

  it.each(['', 'not ours', '12|34'])('reads a foreign text under its key, %j, as absent', async (text) => {
    await client.set(`${prefix}foreign`, text);
    const redis = storage();
    expect(await redis.read('foreign')).toBeUndefined();
    expect(await redis.replace('foreign', session())).toEqual({ status: 'gone' });
    expect(await redis.replace('foreign', session(), '34')).toEqual({ status: 'gone' });
    expect(await redis.touch('foreign', Date.now() + HOUR)).toBe(false);
    expect(await client.get(`${prefix}foreign`)).toBe(text);
  });

  it('keeps foreign ids apart from the keys of owners', async () => {
    const redis = storage();
    await redis.write('x', session({ owner: 'u1' }));
    await redis.write('owner:u1', session());
    expect(await redis.read('owner:u1')).toMatchObject({ value: 'v' });
    expect(await redis.owners.list('u1')).toHaveLength(1);
  });

  it('keeps the index of an owner as long as any of its sessions', async () => {
    const redis = storage();
    const key = `${prefix}owner:ttl`;
    await redis.write('ttl1', session({ owner: 'ttl', latestExpiry: Date.now() + 20 * HOUR }));
    await redis.write('ttl2', session({ owner: 'ttl', latestExpiry: Date.now() + 5 * HOUR }));
    expect(await client.pTTL(key)).toBeGreaterThan(19 * HOUR);
    await redis.write('ttl3', session({ owner: 'ttl', latestExpiry: Date.now() + 30 * HOUR }));
    expect(await client.pTTL(key)).toBeGreaterThan(29 * HOUR);
    await redis.invalidate('ttl1');
    expect(await client.zRange(key, 0, -1)).toEqual(['ttl2', 'ttl3']);
    await redis.owners.invalidateAll('ttl');
    expect(await client.exists(key)).toBe(0);
  });

  it('removes ids without a session from the index after a minute', async () => {
    const key = `${prefix}owner:drop`;
    const redis = storage();
    await client.zAdd(key, [
      { score: Date.now() - 61_000, value: 'old' },
      { score: Date.now() - 30_000, value: 'young' },
    ]);
    await redis.write('live', session({ owner: 'drop' }));
    expect((await redis.owners.list('drop')).map(({ id }) => id)).toEqual(['live']);
    expect((await client.zRange(key, 0, -1)).sort()).toEqual(['live', 'young']);
    await redis.owners.invalidateAll('drop');
    expect(await client.zRange(key, 0, -1)).toEqual(['young']);
  });

  it('also ends a session that is added while the others are ended', async () => {
    const command: RedisCommand = (_key, _readonly, args) => client.sendCommand([...args]);
    let raced = false;
    const redis = redisSessionStorage({
      prefix,
      client: async (key, readonly, args) => {
        const reply = await command(key, readonly, args);
        if (args[0]!.startsWith('EVAL') && key === `${prefix}before` && !raced) {
          raced = true;
          await storage().write('after', session({ owner: 'pass' }));
        }
        return reply;
      },
    });
    await redis.write('before', session({ owner: 'pass' }));
    expect(await redis.owners.invalidateAll('pass')).toBe(2);
    expect(await storage().read('after')).toBeUndefined();
  });

  it('rejects with the error of the server', async () => {
    await client.sAdd(`${prefix}wrong`, 'a set');
    await expect(storage().read('wrong')).rejects.toThrow('WRONGTYPE');
    await expect(storage().replace('wrong', session())).rejects.toThrow('WRONGTYPE');
  });

  it('does not close the client of the application', () => {
    expect(storage()).not.toHaveProperty('close');
    expect(client.isOpen).toBe(true);
  });
});

describe('the prefix', () => {
  const client = jest.fn<RedisCommand>().mockResolvedValue(null);

  it('is nestjs-sessions: by default', async () => {
    await redisSessionStorage({ client }).read('a');
    expect(client).toHaveBeenLastCalledWith('nestjs-sessions:a', true, ['GET', 'nestjs-sessions:a']);
    await redisSessionStorage({ client, prefix: `shop."'*` }).read('a');
    expect(client).toHaveBeenLastCalledWith(`shop."'*a`, true, ['GET', `shop."'*a`]);
  });

  it.each(['{tag}:', 'a b:', 'a\n', 'x}'])('is refused as %j', (prefix) => {
    expect(() => redisSessionStorage({ client, prefix })).toThrow(SessionConfigurationError);
  });
});

describe('the inspection of a server', () => {
  const inspect = (reply: unknown): Promise<readonly string[]> =>
    redisSessionStorage({ client: async () => reply }).inspect();

  it.each(['noeviction', 'volatile-ttl'])('accepts %s', async (policy) => {
    expect(await inspect(`# Memory\r\nmaxmemory_policy:${policy}\r\nx:1`)).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['a text', 'maxmemory_policy:allkeys-lru\r\n'],
    ['bytes', Buffer.from('maxmemory_policy:allkeys-lru\r\n')],
    ['an object with the answer of each node', { 'a:1': 'maxmemory_policy:allkeys-lru\r\n' }],
    ['a map with the answer of each node', new Map([['a:1', 'maxmemory_policy:allkeys-lru\r\n']])],
    ['a list', [{ key: 'a:1', value: 'maxmemory_policy:allkeys-lru\r\n' }]],
  ])('warns of a policy that removes live sessions, reported as %s', async (_kind, reply) => {
    const warnings = await inspect(reply);
    expect(warnings).toEqual([expect.stringContaining('maxmemory-policy allkeys-lru')]);
    expect(warnings[0]).toContain('noeviction');
  });

  it('reports nothing if the server does not report its policy', async () => {
    expect(await inspect('')).toEqual([]);
    const refused = redisSessionStorage({ client: () => Promise.reject(new Error('NOPERM')) });
    expect(await refused.inspect()).toEqual([]);
  });
});
