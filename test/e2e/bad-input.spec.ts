import { Controller, Get } from '@nestjs/common';
import { CurrentSession, Session, SessionsModule, SessionStorageMemory, type SessionEvent } from 'nestjs-sessions';
import { ask, type Answer } from '../support/client.js';
import { TestClock } from '../support/clock.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('by_value')
class ByValue {
  visits = 0;
}

@Session('other_value')
class OtherValue {
  visits = 0;
}

@Session('by_id', { tracker: 'by-id' })
class ById {
  visits = 0;
}

@Session('other_id', { tracker: 'by-id' })
class OtherId {
  visits = 0;
}

@Session('x-header', { transport: 'header' })
class ByHeader {
  visits = 0;
}

@Controller()
class AppController {
  @Get('value/visit') visitValue(@CurrentSession() session: ByValue) {
    return { visits: ++session.visits };
  }
  @Get('value') value(@CurrentSession({ optional: true }) session?: ByValue) {
    return { visits: session?.visits ?? null };
  }
  @Get('other-value') otherValue(@CurrentSession({ optional: true }) session?: OtherValue) {
    return { visits: session?.visits ?? null };
  }
  @Get('id/visit') visitId(@CurrentSession() session: ById) {
    return { visits: ++session.visits };
  }
  @Get('id') id(@CurrentSession({ optional: true }) session?: ById) {
    return { visits: session?.visits ?? null };
  }
  @Get('other-id') otherId(@CurrentSession({ optional: true }) session?: OtherId) {
    return { visits: session?.visits ?? null };
  }
  @Get('header/visit') visitHeader(@CurrentSession() session: ByHeader) {
    return { visits: ++session.visits };
  }
  @Get('header') header(@CurrentSession({ optional: true }) session?: ByHeader) {
    return { visits: session?.visits ?? null };
  }
  @Get('none') none() {
    return 'none';
  }
}

describe.each(platforms)('bad input on $name', (platform) => {
  const clock = new TestClock();
  const events: SessionEvent[] = [];
  let running: RunningApp;

  beforeAll(async () => {
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [ByValue, OtherValue, ById, OtherId, ByHeader],
          storage: new SessionStorageMemory({ now: clock.now }),
          onEvent: (event) => events.push(event),
          now: clock.now,
        }),
      ],
      controllers: [AppController],
    });
  });
  afterAll(() => running.close());
  beforeEach(() => {
    events.length = 0;
  });

  const get = (path: string, cookie?: string, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(`${running.url}/${path}`, { cookie, headers });
  const rejections = (): string[] => events.flatMap((event) => (event.type === 'rejected' ? [event.reason] : []));

  function expectNoSessionAndCleared(answer: Answer, name: string): void {
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({ visits: null });
    const line = answer.setCookie(name);
    expect(line).toBe(`${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  }

  async function freshCookie(kind: 'value' | 'id', name: string): Promise<string> {
    const cookie = (await get(`${kind}/visit`)).cookie(name);
    expect(cookie.length).toBeGreaterThan(name.length + 20);
    events.length = 0;
    return cookie;
  }

  it('reads a valid cookie, and sends no cookie', async () => {
    const cookie = await freshCookie('value', 'by_value');
    const answer = await get('value', cookie);
    expect(answer.json()).toEqual({ visits: 1 });
    expect(answer.setCookies).toEqual([]);
    expect(answer.headers.get('vary')).toBe('Cookie');
    expect(answer.headers.get('cache-control')).toBeNull();
  });

  it.each([
    ['tampered', (value: string) => value.slice(0, -3) + (value.endsWith('AAA') ? 'BBB' : 'AAA')],
    ['truncated', (value: string) => value.slice(0, value.length / 2)],
    ['in the wrong encoding', () => '%zz%'],
    ['of 3 kB', () => 'A'.repeat(3000)],
    ['of 10 kB', () => 'A'.repeat(10_000)],
    ['empty', () => ''],
    ['binary', () => '\u0080\u0081\u00fe\u00ff'],
    ['in quotes', (value: string) => `"${value}"`],
    ['an object', () => '{"__proto__":{"visits":9}}'],
  ])('answers a by-value cookie that is %s with 200, no session and a cleared cookie', async (_, spoil) => {
    const cookie = await freshCookie('value', 'by_value');
    const answer = await get('value', `by_value=${spoil(cookie.slice('by_value='.length))}`);
    expectNoSessionAndCleared(answer, 'by_value');
    expect(rejections()).toHaveLength(1);
  });

  it.each([
    ['unknown-id', () => 'A'.repeat(43)],
    ['of 10 kB', () => 'A'.repeat(10_000)],
    ['empty', () => ''],
    ['a path', () => '../../etc/passwd'],
    ['a pattern', () => '*'],
    ['the name of a prototype', () => '__proto__'],
    ['a broken escape', () => '%zz'],
  ])('answers an id that is %s with 200, no session and a cleared cookie', async (_, id) => {
    expectNoSessionAndCleared(await get('id', `by_id=${id()}`), 'by_id');
    expect(rejections()).toHaveLength(1);
  });

  it('never adopts an id it did not issue', async () => {
    const planted = `by_id=${'A'.repeat(43)}`;
    const answer = await get('id/visit', planted);
    expect(answer.cookie('by_id')).not.toBe(planted);
    expect((await get('id', planted)).json()).toEqual({ visits: null });
  });

  it('does not accept the value of one session as another session with the same keys', async () => {
    const cookie = await freshCookie('value', 'by_value');
    expectNoSessionAndCleared(await get('other-value', cookie.replace('by_value', 'other_value')), 'other_value');
    expect(rejections()).toEqual(['wrong-session']);
  });

  it('does not accept the id of one session as another session in the same storage', async () => {
    const cookie = await freshCookie('id', 'by_id');
    expectNoSessionAndCleared(await get('other-id', cookie.replace('by_id', 'other_id')), 'other_id');
  });

  it('does not accept a cookie value in a header session', async () => {
    const value = (await freshCookie('value', 'by_value')).slice('by_value='.length);
    const answer = await get('header', undefined, { 'x-header': value });
    expect(answer.json()).toEqual({ visits: null });
    expect(answer.headers.get('vary')).toBe('x-header');
    expect(rejections()).toEqual(['wrong-session']);
  });

  it('tries each of several cookies of one name, and uses the newest valid one', async () => {
    const good = await freshCookie('value', 'by_value');
    const answer = await get('value', `by_value=forged; ${good}; by_value=again`);
    expect(answer.json()).toEqual({ visits: 1 });
    expect(answer.setCookies).toEqual([]);
    expect(events.map((event) => event.type)).toEqual(['duplicate', 'rejected', 'rejected', 'loaded']);
  });

  it.each([
    ['by_value', 'value' as const],
    ['by_id', 'id' as const],
  ])('finds the genuine %s before or after any number of planted ones', async (name, route) => {
    const good = await freshCookie(route, name);
    for (const count of [1, 3, 8, 500]) {
      const planted = Array.from({ length: count }, (_, index) => `${name}=x${index}`).join('; ');
      for (const cookie of [`${planted}; ${good}`, `${good}; ${planted}`]) {
        events.length = 0;
        const answer = await get(route, cookie);
        expect(answer.json()).toEqual({ visits: 1 });
        expect(answer.setCookies).toEqual([]);
        expect(events.filter(({ type }) => type === 'duplicate')).toEqual([
          { type: 'duplicate', session: name, count: count + 1 },
        ]);
      }
    }
  });

  it.each([
    ['by_value', 'value' as const],
    ['by_id', 'id' as const],
  ])('clears no %s if some were not tried, and stops after a few', async (name, route) => {
    const good = await freshCookie(route, name);
    const planted = `${name}=x; `.repeat(250);
    const answer = await get(route, `${planted}${good}; ${planted}`);
    expect(answer.json()).toEqual({ visits: null });
    expect(answer.setCookies).toEqual([]);
    expect(rejections()).toHaveLength(8);
    // Few enough to be tried: invalid ones are cleared.
    expectNoSessionAndCleared(await get(route, `${name}=x; `.repeat(8)), name);
  });

  it('rejects a value past its idle timeout, even if the client still sends it', async () => {
    const [value, id] = [await freshCookie('value', 'by_value'), await freshCookie('id', 'by_id')];
    clock.advance(7 * 24 * 3600 + 1);
    expectNoSessionAndCleared(await get('value', value), 'by_value');
    expect(rejections()).toEqual(['expired-idle']);
    expectNoSessionAndCleared(await get('id', id), 'by_id');
  });

  it('compares cookie names byte for byte', async () => {
    const cookie = await freshCookie('value', 'by_value');
    for (const name of ['by%5Fvalue', 'BY_VALUE', 'by_value2', 'xby_value']) {
      const answer = await get('value', cookie.replace('by_value', name));
      expect(answer.json()).toEqual({ visits: null });
      expect(answer.setCookies).toEqual([]);
    }
    expect(events).toEqual([]);
  });

  it('never reads a session from the query or the path', async () => {
    const cookie = await freshCookie('id', 'by_id');
    expect((await get(`id?${cookie}`)).json()).toEqual({ visits: null });
  });

  it('does not change a route without sessions, for any cookie', async () => {
    const answer = await get('none', 'by_value=forged; by_id=forged');
    expect(answer.setCookies).toEqual([]);
    expect(answer.headers.get('vary')).toBeNull();
    expect(events).toEqual([]);
  });

  it('creates no session for a visitor who only reads', async () => {
    const answer = await get('id');
    expect(answer.setCookies).toEqual([]);
    expect(events).toEqual([]);
  });
});
