import { Redis } from 'ioredis';
import { redisSessionStorage, type SessionStorageRedis } from 'nestjs-sessions/redis';
import { hashSessionId } from '../../../src/tracker/session-id-provider.js';
import { redisEngine, startRedis, uniqueName, type RedisServer } from '../../support/servers.js';
import { VisitRequests } from '../../support/visits.js';

describe(`commands that ${redisEngine} gets for one request`, () => {
  const prefix = `${uniqueName()}:`;
  let server: RedisServer;
  let client: Redis;
  let monitor: Redis;
  let seen: string[] = [];
  let storage: SessionStorageRedis;
  let requests: VisitRequests;

  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    monitor = await client.monitor();
    // What a script does inside the server comes from `lua`: no command of ours.
    monitor.on('monitor', (_time: string, args: string[], source: string) => {
      if (source !== 'lua' && args.some((arg) => arg.startsWith(prefix))) seen.push(args[0]!.toUpperCase());
    });
    storage = redisSessionStorage({ client, prefix });
    requests = new VisitRequests(storage);
    await learn();
  });
  afterAll(async () => {
    monitor.disconnect();
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

  /** What the server has been seen to get since the last call: a command of ours shows that it has seen all before. */
  async function seenSoFar(): Promise<string[]> {
    await client.exists(`${prefix}done`);
    while (!seen.includes('EXISTS')) await new Promise((resolve) => setTimeout(resolve, 5));
    const names = seen.filter((name) => name !== 'EXISTS');
    seen = [];
    return names;
  }

  async function during(run: () => Promise<unknown>): Promise<string[]> {
    await seenSoFar();
    await run();
    return seenSoFar();
  }

  it('are one GET when it only reads', async () => {
    const id = await requests.create();
    expect(await during(() => requests.visit(id))).toEqual(['GET']);
  });

  it('are a GET and an EVALSHA when it changes the session', async () => {
    const id = await requests.create('u');
    expect(await during(() => requests.visit(id, (value) => value.count++))).toEqual(['GET', 'EVALSHA']);
  });

  it('are a GET and an EVALSHA when a renewal is due', async () => {
    const id = await requests.create('u');
    requests.ahead = 1_800_000;
    const commands = await during(() => requests.visit(id));
    requests.ahead = 0;
    expect(commands).toEqual(['GET', 'EVALSHA']);
  });

  it('are one SET for a new session, and one more for its owner', async () => {
    expect(await during(() => requests.create())).toEqual(['SET']);
    expect(await during(() => requests.create('u'))).toEqual(['EVALSHA', 'SET']);
  });

  it('are one GETDEL for the end of a session, and one more for its owner', async () => {
    const [id, owned] = [await requests.create(), await requests.create('u')];
    expect(await during(() => storage.invalidate(hashSessionId(id)))).toEqual(['GETDEL']);
    expect(await during(() => storage.invalidate(hashSessionId(owned)))).toEqual(['GETDEL', 'ZREM']);
  });

  it('are a GET, and what writes the new and retires the old id, for a login', async () => {
    const id = await requests.create();
    const login = (): Promise<string> => requests.visit(id, (value) => (value.owner = 'u'));
    expect(await during(login)).toEqual(['GET', 'EVALSHA', 'SET', 'EVALSHA']);
  });

  it('are one more for a script that the server has forgotten, as after a restart', async () => {
    const id = await requests.create();
    await client.script('FLUSH');
    const change = (): Promise<string> => requests.visit(id, (value) => value.count++);
    expect(await during(change)).toEqual(['GET', 'EVALSHA', 'EVAL']);
    expect(await during(change)).toEqual(['GET', 'EVALSHA']);
    await client.script('FLUSH');
    expect(await during(() => requests.create('u'))).toEqual(['EVALSHA', 'EVAL', 'SET']);
    await learn();
  });
});
