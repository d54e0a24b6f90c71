import { redisSessionStorage, type RedisClient } from 'nestjs-sessions/redis';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { redisCommandOf } from '../../../src/redis/redis-command.js';

type Call = readonly unknown[];

function recorder(): { calls: Call[]; record: (...args: unknown[]) => Promise<string> } {
  const calls: Call[] = [];
  return { calls, record: async (...args) => (calls.push(args), 'OK') };
}

const GET = ['GET', 'k'];

describe('the command of a client', () => {
  it.each<[string, (record: RedisClient) => object, Call]>([
    ['a glide client', (customCommand) => ({ customCommand }), [GET]],
    ['ioredis, which has a sendCommand of its own', (call) => ({ call, sendCommand: () => undefined }), GET],
    ['node-redis', (sendCommand) => ({ sendCommand }), [GET]],
    ['a node-redis cluster', (sendCommand) => ({ sendCommand, getSlotMaster: () => {} }), ['k', false, GET]],
    ['a node-redis sentinel', (sendCommand) => ({ sendCommand, getSentinelNode: () => {} }), [false, GET]],
  ])('is sent by %s, to the primary', async (_name, client, expected) => {
    const { calls, record } = recorder();
    await expect(redisCommandOf(client(record) as RedisClient)('k', true, GET)).resolves.toBe('OK');
    expect(calls).toEqual([expected]);
  });

  it('may be a function, which receives the key and whether the command only reads', async () => {
    const { calls, record } = recorder();
    await redisSessionStorage({ client: record, prefix: 'p:' }).read('a');
    expect(calls).toEqual([['p:a', true, ['GET', 'p:a']]]);
  });

  it('keeps the client as `this`', async () => {
    class Client {
      readonly name = 'me';
      async sendCommand(): Promise<string> {
        return this.name;
      }
    }
    await expect(redisCommandOf(new Client())('k', true, GET)).resolves.toBe('me');
  });

  class Wrong {}
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    ['redis://:secret@host', 'string'],
    [{}, 'an object without sendCommand'],
    [new Wrong(), 'an instance of Wrong without sendCommand'],
    [Object.create(null), 'an object without sendCommand'],
    [{ sendCommand: 'yes' }, 'an object without sendCommand'],
  ])('cannot be made from %p: the error names the four clients and what was found', (client, found) => {
    const make = (): unknown => redisSessionStorage({ client: client as RedisClient });
    expect(make).toThrow(SessionConfigurationError);
    for (const text of ['node-redis', 'ioredis', 'iovalkey', '@valkey/valkey-glide', `Found: ${found}`]) {
      expect(make).toThrow(text);
    }
    expect(make).not.toThrow('secret');
  });

  it('cannot be made without options', () => {
    expect(() => redisSessionStorage(undefined as never)).toThrow(SessionConfigurationError);
  });
});
