import { jest } from '@jest/globals';
import { Controller, Get, Inject, Logger } from '@nestjs/common';
import {
  CurrentSession,
  Session,
  SessionOwner,
  SessionsModule,
  SessionsService,
  type SessionRegistration,
} from 'nestjs-sessions';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { until } from '../support/until.js';

@Session('dev_value')
class ValueSession {
  name = 'nobody';
}

@Session('dev_id', { tracker: 'by-id' })
class IdSession {
  name = 'nobody';
  @SessionOwner() owner?: string;
}

@Controller()
class DevController {
  constructor(@Inject(SessionsService) private readonly sessions: SessionsService) {}

  @Get('login') login(@CurrentSession() value: ValueSession, @CurrentSession() id: IdSession) {
    value.name = 'ada';
    id.name = 'ada';
    id.owner = 'ada';
  }
  @Get('me') me(@CurrentSession() value: ValueSession, @CurrentSession() id: IdSession) {
    return [value.name, id.name];
  }
  @Get('revoke') revoke() {
    return this.sessions.revokeAll(IdSession, 'ada');
  }
}

describe('a restart by watch mode', () => {
  const before = { cwd: process.cwd(), environment: process.env['NODE_ENV'] };
  let folder: string;
  let running: RunningApp | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'watch-mode-'));
    mkdirSync(join(folder, 'node_modules'));
    process.chdir(folder);
  });
  afterEach(async () => {
    await running?.close();
    running = undefined;
    process.env['NODE_ENV'] = before.environment;
    process.chdir(before.cwd);
    rmSync(folder, { recursive: true });
  });

  async function restart(environment: string | undefined = 'development', keys?: string): Promise<string> {
    await running?.close();
    if (environment === '') delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = environment;
    const sessions: SessionRegistration[] = [ValueSession, IdSession];
    running = await startApp(platforms[0]!, {
      imports: [SessionsModule.forRoot({ sessions, ...(keys ? { keys } : {}) })],
      controllers: [DevController],
    });
    return running.url;
  }

  const login = async (url: string): Promise<string> => {
    const answer = await ask(`${url}/login`);
    return `${answer.cookie('dev_value')}; ${answer.cookie('dev_id')}`;
  };
  const me = async (url: string, cookie: string) => (await ask(`${url}/me`, { cookie })).json();
  const cache = (): string => join(folder, 'node_modules', '.cache', 'nestjs-sessions');

  it('signs no user out in development', async () => {
    const cookie = await login(await restart());
    expect(await me(await restart(), cookie)).toEqual(['ada', 'ada']);
    expect(await me(await restart(), cookie)).toEqual(['ada', 'ada']);
  });

  it('signs no user out if NODE_ENV is not set', async () => {
    const cookie = await login(await restart(''));
    expect(await me(await restart(''), cookie)).toEqual(['ada', 'ada']);
  });

  it('logs one line', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    try {
      for (const start of ['first', 'second']) {
        warn.mockClear();
        await login(await restart());
        const lines = warn.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('restart'));
        expect([start, lines]).toEqual([start, [expect.stringContaining('node_modules/.cache/nestjs-sessions')]]);
      }
    } finally {
      warn.mockRestore();
    }
  });

  it('gives each project its own key of 32 random bytes', async () => {
    await login(await restart());
    const [name] = readdirSync(cache()).filter((one) => one.startsWith('key-'));
    const key = readFileSync(join(cache(), name!), 'utf8');
    expect(Buffer.from(key, 'base64url')).toHaveLength(32);
    rmSync(cache(), { recursive: true });
    await login(await restart());
    expect(readFileSync(join(cache(), name!), 'utf8')).not.toBe(key);
  });

  it('writes files that only their owner can read', async () => {
    await login(await restart());
    await restart();
    const names = readdirSync(cache());
    expect(names.map((name) => name.slice(0, name.indexOf('-'))).sort()).toEqual(['key', 'memory']);
    for (const name of names) expect(statSync(join(cache(), name)).mode & 0o777).toBe(0o600);
    expect(statSync(cache()).mode & 0o777).toBe(0o700);
  });

  it('does not revive an ended session', async () => {
    const url = await restart();
    const cookie = await login(url);
    expect((await ask(`${url}/revoke`, { cookie })).text).toBe('1');
    expect(await me(await restart(), cookie)).toEqual(['ada', 'nobody']);
  });

  it('writes sessions before the process is killed', async () => {
    await login(await restart());
    await until(() => readdirSync(cache()).some((name) => name.startsWith('memory-')));
    expect(readdirSync(cache()).filter((name) => name.startsWith('memory-'))).toHaveLength(1);
  });

  it('does not use a key that others can read, or sessions that were changed', async () => {
    const cookie = await login(await restart());
    await running?.close();
    running = undefined;
    const [key, memory] = readdirSync(cache()).sort() as [string, string];
    writeFileSync(join(cache(), memory), Buffer.alloc(100));
    expect(await me(await restart(), cookie)).toEqual(['ada', 'nobody']);
    chmodSync(join(cache(), key), 0o644);
    expect(await me(await restart(), cookie)).toEqual(['nobody', 'nobody']);
  });

  it.each(['test', 'staging', 'production'])('writes no file with NODE_ENV=%s', async (environment) => {
    const key = '8f4e2a6c0b1d3957e6a8c4f20d7b9135a2c6e80f4b1d3957c8e4a60f2b7d9135';
    await login(await restart(environment, environment === 'production' ? key : undefined));
    expect(readdirSync(join(folder, 'node_modules'))).toEqual([]);
  });
});
