import { openSessions, Session, SessionOwner, SessionStorageMemory } from 'nestjs-sessions/standalone';
import type { OpenSessionsOptions } from 'nestjs-sessions/standalone';
import ts from 'typescript';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { TestClock } from '../../support/clock.js';

@Session('visitor')
class Visitor {
  visits = 0;
}

@Session('member', { tracker: 'by-id' })
class Member {
  @SessionOwner() userId?: string;
}

@Session('X-Api-Session', { transport: 'header' })
class ApiSession {
  client = '';
}

const KEY = 'VgXz1sX0pXQ6bVdPA2cW5rGgWw1mUo3vQyTnKjDh9Lk';
const open = (options: Partial<OpenSessionsOptions> = {}) =>
  openSessions({ keys: KEY, sessions: [Visitor, Member, ApiSession], ...options });
const cookieOf = (headers: Headers): string =>
  headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
const request = (cookie?: string, url = 'https://example.com/'): Request =>
  new Request(url, cookie ? { headers: { cookie } } : {});

describe('openSessions', () => {
  it('gives a response the cookie of a session that its handler changed, and reads it from the next request', async () => {
    const sessions = open();
    const first = await sessions.handle(request(), async (current) => {
      (await current.getOrSet(Visitor, () => new Visitor())).visits = 7;
      return new Response('hello', { status: 201, headers: { 'x-own': '1' } });
    });
    expect([first.status, await first.text(), first.headers.get('x-own')]).toEqual([201, 'hello', '1']);
    expect(first.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^visitor=[\w-]+; Max-Age=\d+; Path=\/; Secure; /),
    ]);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first.headers.get('vary')).toBe('Cookie');
    expect((await sessions.of(request(cookieOf(first.headers))).get(Visitor))?.visits).toBe(7);
  });

  it('reads from Headers alone, as a server component has them', async () => {
    const sessions = open();
    const headers = new Headers();
    const writing = sessions.of(request());
    writing.set(Object.assign(new Visitor(), { visits: 3 }));
    await writing.saveTo(headers);
    expect((await sessions.of(new Headers({ cookie: cookieOf(headers) })).get(Visitor))?.visits).toBe(3);
  });

  it('keeps the cookies and the Vary header of the response, and writes each of its own cookies once', async () => {
    const sessions = open();
    const headers = new Headers({ vary: 'Accept' });
    headers.append('set-cookie', 'theme=dark');
    const current = sessions.of(request());
    current.set(new Visitor());
    await current.saveTo(headers);
    (await current.get(Visitor))!.visits = 2;
    await current.saveTo(headers);
    expect(headers.getSetCookie().map((line) => line.split('=')[0])).toEqual(['theme', 'visitor']);
    expect(headers.get('vary')).toBe('Accept, Cookie');
    expect((await sessions.of(request(cookieOf(headers))).get(Visitor))?.visits).toBe(2);
  });

  it('leaves out Secure for plain http outside production, and sets it behind a proxy that speaks https', async () => {
    const sessions = open();
    const lineFor = async (incoming: Request): Promise<string> => {
      const headers = new Headers();
      const current = sessions.of(incoming);
      current.set(new Visitor());
      await current.saveTo(headers);
      return headers.getSetCookie()[0]!;
    };
    expect(await lineFor(request(undefined, 'http://localhost/'))).not.toContain('Secure');
    const proxied = new Request('http://localhost/', { headers: { 'x-forwarded-proto': 'https' } });
    expect(await lineFor(proxied)).toContain('; Secure');
  });

  it('stores nothing when the handler throws or responds with a server error', async () => {
    const sessions = open();
    const change = async (current: ReturnType<typeof sessions.of>): Promise<void> => {
      current.set(new Visitor());
    };
    const failed = await sessions.handle(request(), async (current) => {
      await change(current);
      return new Response(null, { status: 503 });
    });
    expect(failed.headers.getSetCookie()).toEqual([]);
    const thrown = sessions.handle(request(), async (current) => {
      await change(current);
      throw new Error('broken');
    });
    await expect(thrown).rejects.toThrow('broken');
  });

  it('clears a cookie that is not a session, and reads it as none', async () => {
    const sessions = open();
    const headers = new Headers();
    const current = sessions.of(request('visitor=forged'));
    expect(await current.get(Visitor)).toBeUndefined();
    await current.saveTo(headers);
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^visitor=; Max-Age=0/)]);
  });

  it('carries header sessions', async () => {
    const sessions = open();
    const headers = new Headers();
    const current = sessions.of(request());
    current.set(Object.assign(new ApiSession(), { client: 'cli' }));
    await current.saveTo(headers);
    const next = new Headers({ 'x-api-session': headers.get('X-Api-Session')! });
    expect((await sessions.of(next).get(ApiSession))?.client).toBe('cli');
  });

  it('gives a by-id session a new id when somebody signs in, and the old one is worth nothing', async () => {
    const sessions = open({ storage: new SessionStorageMemory() });
    const [before, after] = [new Headers(), new Headers()];
    const anonymous = sessions.of(request());
    anonymous.set(new Member());
    await anonymous.saveTo(before);
    const login = sessions.of(request(cookieOf(before)));
    (await login.get(Member))!.userId = 'ada';
    await login.saveTo(after);
    expect(cookieOf(after)).not.toBe(cookieOf(before));
    expect((await sessions.of(request(cookieOf(after))).get(Member))?.userId).toBe('ada');
    expect(await sessions.of(request(cookieOf(before))).get(Member)).toBeUndefined();
  });

  it('enforces lifetimes by its clock and reports events', async () => {
    const clock = new TestClock();
    const seen: string[] = [];
    const sessions = open({ now: clock.now, idleTimeoutInSeconds: 600, onEvent: ({ type }) => seen.push(type) });
    const headers = new Headers();
    const current = sessions.of(request());
    current.set(new Visitor());
    await current.saveTo(headers);
    clock.advance(601);
    expect(await sessions.of(request(cookieOf(headers))).get(Visitor)).toBeUndefined();
    expect(seen).toEqual(['created', 'rejected']);
  });

  it('takes every option of forRoot that needs no NestJS', async () => {
    const opened = open({ lifetimes: 'owasp-low', onGone: 'reject' });
    await opened.close();
    const wrong = { onGone: 'anonymous' } as unknown as OpenSessionsOptions;
    expect(() => open(wrong)).toThrow("openSessions: onGone must be one of 'ignore', 'reject'.");
  });

  it('hands warnings to onWarning, and refuses unknown options and an empty list', () => {
    const warnings: string[] = [];
    openSessions({ sessions: [Visitor], onWarning: (sentence) => warnings.push(sentence) });
    expect(warnings).toEqual([expect.stringContaining('No keys are configured')]);
    expect(() => open({ storages: [] } as object)).toThrow('unknown option "storages"');
    expect(() => open({ sessions: [] })).toThrow('no session is declared');
  });

  it('names no NestJS package in any file that it imports', () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
      for (const { fileName } of importedFiles) {
        if (!fileName.startsWith('.')) packages.add(fileName);
        else visit(normalize(join(dirname(file), fileName.replace(/\.js$/, '.ts'))));
      }
    };
    visit('src/standalone/index.ts');
    expect(seen.size).toBeGreaterThan(30);
    expect([...packages].filter((name) => name.startsWith('@nestjs') || name === 'rxjs')).toEqual([]);
  });

  it('tells of sessions that a full storage ended, until it is closed', async () => {
    const storage = new SessionStorageMemory({ maxSessions: 1 });
    const types: string[] = [];
    const sessions = open({ storage, onEvent: ({ type }) => types.push(type) });
    const signIn = (): Promise<Response> =>
      sessions.handle(request(), async (current) => {
        await current.login(Member, 'u1');
        return new Response();
      });
    await signIn();
    await signIn();
    expect(types.filter((type) => type === 'evicted')).toHaveLength(1);
    await sessions.close();
    types.length = 0;
    await storage.write('other', { value: 'v', expiresAt: Date.now() + 60_000 });
    expect(types).toEqual([]);
  });

  it('makes Cache-Control: public of a response private where a session was read', async () => {
    const sessions = open();
    const answer = (read: boolean): Promise<Response> =>
      sessions.handle(request(), async (current) => {
        if (read) await current.get(Visitor);
        return new Response('', { headers: { 'cache-control': 'public, s-maxage=9, max-age=60' } });
      });
    expect((await answer(true)).headers.get('cache-control')).toBe('private, max-age=60');
    expect((await answer(false)).headers.get('cache-control')).toBe('public, s-maxage=9, max-age=60');
  });
});
