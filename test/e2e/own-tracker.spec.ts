import { Controller, Get, Param } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import {
  CurrentSession,
  RequireSession,
  Sessions,
  SessionsModule,
  SessionWrongValueError,
  type RequestSessions,
  type SessionCall,
} from 'nestjs-sessions';
import {
  SessionProvider,
  SessionTransportCookie,
  type SessionToTrack,
  type SessionTracker,
  type TrackedSession,
} from 'nestjs-sessions/core';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

class Visit {
  id = '';
  count = 0;
}

/** Only Ktor's four methods. */
class TableTracker implements SessionTracker<Visit> {
  readonly rows = new Map<string, string>();
  readonly told: string[] = [];

  async load(id: string, call: SessionCall): Promise<Visit | undefined> {
    this.told.push(`load for ${call.requestHeader('user-agent')}`);
    const row = this.rows.get(id);
    return row === undefined ? undefined : Object.assign(new Visit(), JSON.parse(row));
  }

  async store({ value, call }: SessionToTrack<Visit>): Promise<string> {
    this.told.push(`store for ${call.requestHeader('user-agent')}`);
    value.id ||= randomUUID();
    this.rows.set(value.id, JSON.stringify(value));
    return value.id;
  }

  async clear({ value }: TrackedSession<Visit>, call: SessionCall): Promise<void> {
    this.told.push(`clear for ${call.requestHeader('user-agent')}`);
    this.rows.delete(value.id);
  }

  validate(value: Visit): void {
    if (value.count < 0) throw new SessionWrongValueError('count is negative');
  }
}

@Controller()
class VisitController {
  @Get('count') count(@CurrentSession(Visit) visit: Visit): number {
    return ++visit.count;
  }
  @Get('look') look(@CurrentSession(Visit) visit: Visit): number {
    return visit.count;
  }
  @RequireSession(Visit) @Get('in') in(): string {
    return 'in';
  }
  @Get('update') async update(@Sessions() sessions: RequestSessions): Promise<number> {
    return (await sessions.update(Visit, (visit) => (visit.count += 10))).count;
  }
  @Get('regenerate') async regenerate(@Sessions() sessions: RequestSessions): Promise<void> {
    await sessions.regenerate(Visit);
  }
  @Get('set/:count') set(@Sessions() sessions: RequestSessions, @Param('count') count: string): void {
    sessions.set('visit', Object.assign(new Visit(), { count: Number(count) }));
  }
  @Get('clear') clear(@Sessions() sessions: RequestSessions): void {
    sessions.clear(Visit);
  }
}

describe.each(platforms)('a custom tracker with four methods, on $name', (platform) => {
  let running: RunningApp;
  let tracker: TableTracker;

  const get = (path: string, cookie?: string) =>
    ask(running.url + path, { cookie, headers: { 'user-agent': 'a test' } });

  beforeEach(async () => {
    tracker = new TableTracker();
    const visits = new SessionProvider('visit', Visit, new SessionTransportCookie('visit'), tracker);
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [visits] })],
      controllers: [VisitController],
    });
  });
  afterEach(() => running.close());

  it('loads, stores and ends sessions, and gets the request', async () => {
    const cookie = (await get('/count')).cookie('visit');
    expect((await get('/count', cookie)).text).toBe('2');
    expect((await get('/in', cookie)).text).toBe('in');
    expect((await get('/in')).status).toBe(401);
    expect((await get('/clear', cookie)).setCookie('visit')).toContain('visit=;');
    expect(tracker.rows.size).toBe(0);
    expect((await get('/in', cookie)).status).toBe(401);
    expect(new Set(tracker.told)).toEqual(new Set(['store for a test', 'load for a test', 'clear for a test']));
  });

  it('does not store an unchanged session', async () => {
    const cookie = (await get('/count')).cookie('visit');
    tracker.told.length = 0;
    expect((await get('/look', cookie)).setCookies).toEqual([]);
    expect(tracker.told).toEqual(['load for a test']);
  });

  it('updates, regenerates and sets by name', async () => {
    const cookie = (await get('/set/5')).cookie('visit');
    expect((await get('/update', cookie)).text).toBe('15');
    expect((await get('/regenerate', cookie)).cookie('visit')).toBe(cookie);
    expect((await get('/look', cookie)).text).toBe('15');
  });

  it('validates values', async () => {
    expect((await get('/set/-1')).status).toBe(500);
    expect(tracker.rows.size).toBe(0);
  });

  it('handles a client without a session', async () => {
    expect((await get('/look', 'visit=nobody')).text).toBe('0');
    expect((await get('/look', 'visit=nobody')).setCookie('visit')).toContain('Max-Age=0');
  });
});
