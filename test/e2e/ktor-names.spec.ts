import { Controller, Get, Query } from '@nestjs/common';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session, Sessions, SessionsModule, type RequestSessions } from 'nestjs-sessions';
import { directorySessionStorage, kotlinFields, ktor, string } from 'nestjs-sessions/ktor';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('cart')
class Cart {
  id = '';
}
kotlinFields(Cart, { id: string() });

@Controller()
class Carts {
  @Get('set') set(@Sessions() sessions: RequestSessions): string {
    sessions.set('cart', Object.assign(new Cart(), { id: 'mine' }));
    return 'ok';
  }

  @Get('get') async get(@Sessions() sessions: RequestSessions): Promise<object> {
    return (await sessions.get('cart')) ?? { id: 'none' };
  }

  @Get('get-or-set') async getOrSet(@Sessions() sessions: RequestSessions): Promise<object> {
    return sessions.getOrSet('cart', () => Object.assign(new Cart(), { id: 'made' }));
  }

  @Get('clear') clear(@Sessions() sessions: RequestSessions): string {
    sessions.clear('cart');
    return 'ok';
  }

  @Get('unknown') async unknown(@Sessions() sessions: RequestSessions): Promise<string> {
    return sessions.get('basket').then(
      () => 'found',
      (error: Error) => error.message,
    );
  }

  @Get('wrong') wrong(@Sessions() sessions: RequestSessions): string {
    try {
      sessions.set('cart', new Date());
      return 'taken';
    } catch (error) {
      return (error as Error).name;
    }
  }

  @Get('own') async own(
    @Sessions() sessions: RequestSessions,
    @Query() query: Record<string, string>,
  ): Promise<string> {
    if (query['read']) await sessions.get(Cart);
    await sessions.clear(Cart, query['id']!);
    return ((await sessions.get(Cart)) ?? { id: 'none' }).id;
  }
}

describe.each(platforms)('access to a session by name, on $name', (platform) => {
  const directory = mkdtempSync(join(tmpdir(), 'ktor-names-'));
  let running: RunningApp;
  beforeAll(async () => {
    const storage = directorySessionStorage(directory, false);
    const sessions = [ktor({ type: Cart, version: '3.6', storage })];
    running = await startApp(platform, { imports: [SessionsModule.forRoot({ sessions })], controllers: [Carts] });
  });
  afterAll(async () => {
    await running.close();
    rmSync(directory, { recursive: true });
  });

  it('sets, reads, creates and ends it', async () => {
    const cookie = (await ask(`${running.url}/set`)).cookie('cart');
    expect((await ask(`${running.url}/get`, { cookie })).json()).toEqual({ id: 'mine' });
    expect((await ask(`${running.url}/get-or-set`, { cookie })).json()).toEqual({ id: 'mine' });
    expect((await ask(`${running.url}/get-or-set`)).json()).toEqual({ id: 'made' });
    expect((await ask(`${running.url}/clear`, { cookie })).setCookie('cart')).toContain('cart=;');
    expect((await ask(`${running.url}/get`, { cookie })).json()).toEqual({ id: 'none' });
  });

  it('refuses an unknown name and a value of another class', async () => {
    expect((await ask(`${running.url}/unknown`)).text).toContain('was not registered');
    expect((await ask(`${running.url}/wrong`)).text).toContain('Error');
  });

  it.each(['', '&read=1'])(
    'ends this visitor by clear(Type, id), whether it was read before or not (%j)',
    async (read) => {
      const cookie = (await ask(`${running.url}/set`)).cookie('cart');
      const ended = await ask(`${running.url}/own?id=${cookie.slice(5)}${read}`, { cookie });

      expect(ended.text).toBe('none');
      expect(ended.setCookies).toHaveLength(1);
      expect(ended.setCookie('cart')).toContain('cart=;');
      expect((await ask(`${running.url}/get`, { cookie })).json()).toEqual({ id: 'none' });
    },
  );

  it.each(['', '&read=1'])('keeps the session of this visitor when another id is ended (%j)', async (read) => {
    const [mine, theirs] = [await ask(`${running.url}/set`), await ask(`${running.url}/set`)].map((answer) =>
      answer.cookie('cart'),
    );
    const ended = await ask(`${running.url}/own?id=${theirs!.slice(5)}${read}`, { cookie: mine });

    expect(ended.text).toBe('mine');
    expect((await ask(`${running.url}/get`, { cookie: mine })).json()).toEqual({ id: 'mine' });
    expect((await ask(`${running.url}/get`, { cookie: theirs })).json()).toEqual({ id: 'none' });
  });
});

describe('directorySessionStorage(rootDir, cached) of nestjs-sessions/ktor', () => {
  it('caches read sessions, except with cached = false, and drops its own writes from the cache', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ktor-cached-'));
    const [cached, direct] = [directorySessionStorage(directory), directorySessionStorage(directory, false)];
    const session = (value: string): { value: string; expiresAt: number } => ({ value, expiresAt: Infinity });

    expect(await cached.read('abcd')).toBeUndefined();
    await direct.write('abcd', session('one'));
    expect((await cached.read('abcd'))?.value).toBe('one');
    await direct.write('abcd', session('two'));
    expect((await cached.read('abcd'))?.value).toBe('one');
    await cached.write('abcd', session('three'));
    expect((await cached.read('abcd'))?.value).toBe('three');
    await cached.invalidate('abcd');
    expect(await cached.read('abcd')).toBeUndefined();
    rmSync(directory, { recursive: true });
  });
});
