import { Redis } from 'ioredis';
import { createHash } from 'node:crypto';
import { redisSessionStorage, type SessionStorageRedis } from 'nestjs-sessions/redis';
import { redisCommandOf } from '../../../src/redis/redis-command.js';
import { runScript } from '../../../src/redis/redis-scripts.js';
import { hashSessionId } from '../../../src/tracker/session-id-provider.js';
import { redisEngine, startEmbeddedRedis, startRedis, uniqueName, type RedisServer } from '../../support/servers.js';
import { RedisCommands } from '../../support/redis-commands.js';
import { VisitRequests } from '../../support/visits.js';

/** A storage on a new connection, whose commands are recorded. */
class CommandBench {
  readonly prefix = `${uniqueName()}:`;
  server!: RedisServer;
  client!: Redis;
  commands!: RedisCommands;
  storage!: SessionStorageRedis;
  requests!: VisitRequests;

  async open(start: () => Promise<RedisServer>): Promise<void> {
    this.server = await start();
    this.client = new Redis(this.server.url);
    this.commands = await RedisCommands.of(this.client, this.prefix);
    this.storage = redisSessionStorage({ client: this.client, prefix: this.prefix });
    this.requests = new VisitRequests(this.storage);
    await this.#learn();
  }

  async close(): Promise<void> {
    this.commands.close();
    this.client.disconnect();
    await this.server.close(this.prefix);
  }

  /** Lets the server know all scripts. */
  async #learn(): Promise<void> {
    const { requests } = this;
    const id = await requests.create('u');
    await requests.visit(id, (value) => value.count++);
    requests.ahead = 1_800_000;
    await requests.visit(id);
    requests.ahead = 0;
  }

  async during(run: () => Promise<unknown>): Promise<string[]> {
    await this.commands.taken();
    await run();
    return this.commands.taken();
  }
}

describe(`commands that ${redisEngine} gets for one request`, () => {
  const bench = new CommandBench();
  beforeAll(() => bench.open(startRedis));
  afterAll(() => bench.close());

  it('are one GET for a read', async () => {
    const id = await bench.requests.create();
    expect(await bench.during(() => bench.requests.visit(id))).toEqual(['GET']);
  });

  it('are a GET and an EVALSHA for a change', async () => {
    const id = await bench.requests.create('u');
    expect(await bench.during(() => bench.requests.visit(id, (value) => value.count++))).toEqual(['GET', 'EVALSHA']);
  });

  it('are a GET and an EVALSHA for a renewal, and one more for the index of an owner', async () => {
    const id = await bench.requests.create('u');
    bench.requests.ahead = 1_800_000;
    const commands = await bench.during(() => bench.requests.visit(id));
    bench.requests.ahead = 0;
    expect(commands).toEqual(['GET', 'EVALSHA', 'EVALSHA']);
  });

  it('are one SET for a new session, and with an owner one for the index and one to confirm', async () => {
    expect(await bench.during(() => bench.requests.create())).toEqual(['SET']);
    expect(await bench.during(() => bench.requests.create('u'))).toEqual(['EVALSHA', 'SET', 'EVALSHA', 'EVALSHA']);
  });

  it('are one EVALSHA for the end of a session, and one more for its owner', async () => {
    const [id, owned] = [await bench.requests.create(), await bench.requests.create('u')];
    await bench.storage.invalidate(hashSessionId('unknown')); // the server knows the script from now on
    expect(await bench.during(() => bench.storage.invalidate(hashSessionId(id)))).toEqual(['EVALSHA']);
    expect(await bench.during(() => bench.storage.invalidate(hashSessionId(owned)))).toEqual(['EVALSHA', 'ZREM']);
  });

  it('are a GET and the commands that write the new id and retire the old one for a login', async () => {
    const id = await bench.requests.create();
    const login = (): Promise<string> => bench.requests.visit(id, (value) => (value.owner = 'u'));
    expect(await bench.during(login)).toEqual(['GET', 'EVALSHA', 'SET', 'EVALSHA', 'EVALSHA', 'EVALSHA']);
  });

  it('are a digest and the whole script the first time that the server meets it, then the digest', async () => {
    const text = `return '${uniqueName()}'`;
    const script = { text, digest: createHash('sha1').update(text).digest('hex') };
    const run = () => runScript(redisCommandOf(bench.client), script, `${bench.prefix}key`, []);
    expect(await bench.during(run)).toEqual(['EVALSHA', 'EVAL']);
    expect(await bench.during(run)).toEqual(['EVALSHA']);
  });
});

describe('commands that js-redis-server gets after a restart', () => {
  const bench = new CommandBench();
  beforeAll(() => bench.open(startEmbeddedRedis));
  afterAll(() => bench.close());

  it('are one more for a script that the server does not know', async () => {
    const id = await bench.requests.create();
    await bench.client.script('FLUSH');
    const change = (): Promise<string> => bench.requests.visit(id, (value) => value.count++);
    expect(await bench.during(change)).toEqual(['GET', 'EVALSHA', 'EVAL']);
    expect(await bench.during(change)).toEqual(['GET', 'EVALSHA']);
    await bench.client.script('FLUSH');
    expect(await bench.during(() => bench.requests.create('u'))).toEqual([
      'EVALSHA',
      'EVAL',
      'SET',
      'EVALSHA',
      'EVAL',
      'EVALSHA',
    ]);
  });
});
