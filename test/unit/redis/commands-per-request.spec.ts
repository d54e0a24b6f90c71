import { Redis } from 'ioredis';
import { redisSessionStorage, type SessionStorageRedis } from 'nestjs-sessions/redis';
import { hashSessionId } from '../../../src/tracker/session-id-provider.js';
import { redisEngine, startRedis, uniqueName, type RedisServer } from '../../support/servers.js';
import { RedisCommands } from '../../support/redis-commands.js';
import { VisitRequests } from '../../support/visits.js';

describe(`commands that ${redisEngine} gets for one request`, () => {
  const prefix = `${uniqueName()}:`;
  let server: RedisServer;
  let client: Redis;
  let commands: RedisCommands;
  let storage: SessionStorageRedis;
  let requests: VisitRequests;

  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    commands = await RedisCommands.of(client, prefix);
    storage = redisSessionStorage({ client, prefix });
    requests = new VisitRequests(storage);
    await learn();
  });
  afterAll(async () => {
    commands.close();
    client.disconnect();
    await server.close(prefix);
  });

  /** Lets the server know all scripts. */
  async function learn(): Promise<void> {
    const id = await requests.create('u');
    await requests.visit(id, (value) => value.count++);
    requests.ahead = 1_800_000;
    await requests.visit(id);
    requests.ahead = 0;
  }

  async function during(run: () => Promise<unknown>): Promise<string[]> {
    await commands.taken();
    await run();
    return commands.taken();
  }

  it('are one GET for a read', async () => {
    const id = await requests.create();
    expect(await during(() => requests.visit(id))).toEqual(['GET']);
  });

  it('are a GET and an EVALSHA for a change', async () => {
    const id = await requests.create('u');
    expect(await during(() => requests.visit(id, (value) => value.count++))).toEqual(['GET', 'EVALSHA']);
  });

  it('are a GET and an EVALSHA for a renewal, and one more for the index of an owner', async () => {
    const id = await requests.create('u');
    requests.ahead = 1_800_000;
    const commands = await during(() => requests.visit(id));
    requests.ahead = 0;
    expect(commands).toEqual(['GET', 'EVALSHA', 'EVALSHA']);
  });

  it('are one SET for a new session, and with an owner one for the index and one to confirm', async () => {
    expect(await during(() => requests.create())).toEqual(['SET']);
    expect(await during(() => requests.create('u'))).toEqual(['EVALSHA', 'SET', 'EVALSHA', 'EVALSHA']);
  });

  it('are one EVALSHA for the end of a session, and one more for its owner', async () => {
    const [id, owned] = [await requests.create(), await requests.create('u')];
    await storage.invalidate(hashSessionId('unknown')); // the server knows the script from now on
    expect(await during(() => storage.invalidate(hashSessionId(id)))).toEqual(['EVALSHA']);
    expect(await during(() => storage.invalidate(hashSessionId(owned)))).toEqual(['EVALSHA', 'ZREM']);
  });

  it('are a GET and the commands that write the new id and retire the old one for a login', async () => {
    const id = await requests.create();
    const login = (): Promise<string> => requests.visit(id, (value) => (value.owner = 'u'));
    expect(await during(login)).toEqual(['GET', 'EVALSHA', 'SET', 'EVALSHA', 'EVALSHA', 'EVALSHA']);
  });

  it('are one more for a script that the server does not know, such as after a restart', async () => {
    const id = await requests.create();
    await client.script('FLUSH');
    const change = (): Promise<string> => requests.visit(id, (value) => value.count++);
    expect(await during(change)).toEqual(['GET', 'EVALSHA', 'EVAL']);
    expect(await during(change)).toEqual(['GET', 'EVALSHA']);
    await client.script('FLUSH');
    expect(await during(() => requests.create('u'))).toEqual(['EVALSHA', 'EVAL', 'SET', 'EVALSHA', 'EVAL', 'EVALSHA']);
    await learn();
  });
});
