import { jest } from '@jest/globals';
import type { Logger } from '@nestjs/common';
import * as fc from 'fast-check';
import { SessionStorageUnavailableError } from '../../../src/errors/session.errors.js';
import { SessionEventLogger } from '../../../src/module/session-event-logger.js';
import type { SessionEvent } from '../../../src/session/session-event.js';
import { sessionBench, User } from '../session/session-bench.js';

function logBench(): { readonly lines: readonly string[]; readonly log: SessionEventLogger } {
  const lines: string[] = [];
  const write = (level: string) => (message: string) => lines.push(`${level} ${message}`);
  const logger = { debug: write('debug'), warn: write('warn'), error: write('error'), log: write('log') };
  return { lines, log: new SessionEventLogger(logger as unknown as Logger) };
}

function logged(...events: readonly SessionEvent[]): readonly string[] {
  const { lines, log } = logBench();
  for (const event of events) log.log(event);
  return lines;
}

describe('SessionEventLogger', () => {
  it.each<[SessionEvent, string]>([
    [
      { type: 'rejected', session: 'user', reason: 'tampered' },
      'debug Session "user": the received value was rejected (tampered).',
    ],
    [
      { type: 'duplicate', session: 'user', count: 3 },
      'warn Session "user": a client sent 3 cookies of its name. One has another Path or Domain, or was set by a sibling site. The prefix __Host- prevents both. Logged once.',
    ],
    [
      { type: 'evicted', count: 2 },
      'warn A storage was full and evicted live sessions: first those without an owner, then the least recently used, whose users are signed out. Raise its limits, such as new SessionStorageMemory({ maxSessions }), or store no session for anonymous visitors. Logged once.',
    ],
    [
      { type: 'conflict', session: 'user', fields: ['a', 'b'], handle: '12345678' },
      'debug Session "user": parallel requests changed the same fields (a, b).',
    ],
    [
      { type: 'gone', session: 'user', reason: 'ended', handle: '12345678' },
      'debug Session "user": a change was dropped, because the session was ended.',
    ],
    [
      { type: 'gone', session: 'user', reason: 'rotated' },
      'debug Session "user": a change was dropped, because the session was rotated.',
    ],
    [
      { type: 'unavailable', session: 'user', reason: 'storage-down', operation: 'load', error: new Error('no route') },
      'error Session "user": the storage failed to load: Error',
    ],
    [
      {
        type: 'unavailable',
        session: 'user',
        reason: 'storage-down',
        operation: 'store',
        error: new SessionStorageUnavailableError('Down.', {
          cause: Object.assign(new Error('connect 10.0.0.1'), { code: 'ECONNREFUSED' }),
        }),
      },
      'error Session "user": the storage failed to store: Down. (Error ECONNREFUSED)',
    ],
    [
      { type: 'unavailable', session: 'user', reason: 'storage-down', operation: 'clear', error: 'a text' },
      'error Session "user": the storage failed to clear: a string',
    ],
    [
      { type: 'too-late', session: 'user' },
      'error Session "user" was changed after the response had been sent; the change is lost. Change it before ' +
        'responding, or call await sessions.save().',
    ],
    [
      { type: 'insecure', session: 'user', reason: 'secure-on-http' },
      'warn Session "user": its cookie is Secure, but the request came over plain http and without X-Forwarded-Proto: ' +
        'https. Browsers drop it; Chrome and Firefox make an exception for localhost. Use https. Behind a proxy that ends ' +
        'TLS, let the proxy send X-Forwarded-Proto: https. For plain http on purpose, set cookie: { secure: false }; ' +
        "secure: 'auto' helps only outside production, and not with sameSite: 'none', partitioned, or a name that begins " +
        'with __Secure- or __Host-.',
    ],
    [
      { type: 'not-begun', session: 'user' },
      'debug Session "user": a new session was dropped, because its handler has newSession: false.',
    ],
    [
      { type: 'rejected', session: 'user', reason: 'invalid', path: 'items[0].price' },
      'debug Session "user": the received value was rejected (invalid at items[0].price).',
    ],
  ])('writes of %j one line', (event, line) => {
    expect(logged(event)).toEqual([line]);
  });

  it('says nothing of what goes well', () => {
    const types = ['loaded', 'created', 'changed', 'renewed', 'rotated', 'cleared'] as const;
    expect(logged(...types.map((type) => ({ type, session: 'user', handle: '12345678' })))).toEqual([]);
    expect(logged({ type: 'revoked', session: 'user', count: 3, handles: [] })).toEqual([]);
  });

  it('warns once per session of a cookie that browsers drop', () => {
    const insecure = (session: string): SessionEvent => ({ type: 'insecure', session, reason: 'secure-on-http' });
    const lines = logged(insecure('user'), insecure('user'), insecure('cart'), insecure('user'));
    expect(lines.map((line) => line.split(':')[0])).toEqual(['warn Session "user"', 'warn Session "cart"']);
  });

  it('warns of several cookies of one name once for each session, and of a full storage once', () => {
    const duplicate = (session: string): SessionEvent => ({ type: 'duplicate', session, count: 9 });
    const evicted: SessionEvent = { type: 'evicted', count: 1 };
    const lines = logged(duplicate('user'), duplicate('user'), evicted, duplicate('cart'), duplicate('user'), evicted);
    expect(lines.map((line) => line.slice(0, 20))).toEqual([
      'warn Session "user":',
      'warn A storage was f',
      'warn Session "cart":',
    ]);
  });

  it('logs a failure once in ten seconds for each session and operation, with the number of its repeats', () => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(1000);
    const failure = (operation: 'load' | 'store'): SessionEvent => ({
      type: 'unavailable',
      session: 'user',
      reason: 'storage-down',
      operation,
      error: new Error('down'),
    });
    const { lines, log } = logBench();
    for (let repeat = 0; repeat < 50; repeat++) log.log(failure('load'));
    log.log(failure('store'));
    clock.mockReturnValue(11_000);
    log.log(failure('load'));
    clock.mockRestore();
    expect(lines).toEqual([
      'error Session "user": the storage failed to load: Error',
      'error Session "user": the storage failed to store: Error',
      'error Session "user": the storage failed to load: Error Repeated 49 times since the last line.',
    ]);
  });

  it('logs an outage when it begins and when it ends, and no failure in between', () => {
    const failure = { type: 'unavailable', session: 'user', reason: 'storage-down', operation: 'load' } as const;
    const { lines, log } = logBench();
    log.logOutage('redisSessionStorage', 'down', { failures: 7, milliseconds: 512 });
    for (let repeat = 0; repeat < 50; repeat++) log.log({ ...failure, error: new Error('down') });
    log.logOutage('redisSessionStorage', 'up', { failures: 57, milliseconds: 4100 });
    expect(lines).toEqual([
      'error redisSessionStorage does not answer: 7 calls failed in 512 ms. From now on, calls fail immediately.',
      'log redisSessionStorage answers again, after 5 s and 57 failed calls.',
    ]);
  });

  it('warns once of clocks that differ', () => {
    const future = { type: 'rejected', session: 'user', reason: 'future' } as const;
    const lines = logged(future, future).filter((line) => line.startsWith('warn'));
    expect(lines).toEqual([expect.stringContaining('The clocks of the servers differ by more than a minute')]);
  });

  it('never shows what a client sent, an id or a content', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[A-Za-z0-9]{12,40}$/), async (secret) => {
        const { visit, begun, events, storage } = sessionBench();
        const cookie = await begun({ note: secret });
        await visit(`user=${secret}; ${cookie}`, async (sessions) => {
          const session = (await sessions.get(User))!;
          session['note'] = `${secret}2`;
          await visit(cookie, async (others) => void ((await others.get(User))!['note'] = `${secret}3`));
        });
        storage.let('read', () => Promise.reject(new Error('down')));
        await visit(cookie, (sessions) => sessions.get(User).catch(() => undefined));
        const lines = logged(...events).join('\n');
        expect(lines).toContain('rejected (unknown-id)');
        expect(lines).toContain('changed the same fields (note)');
        expect(lines).toContain('failed to load');
        for (const hidden of [secret, cookie.slice('user='.length)]) expect(lines).not.toContain(hidden);
      }),
      { numRuns: 20 },
    );
  });
});
