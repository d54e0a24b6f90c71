import { BadRequestException, Controller, Get, Logger, Sse } from '@nestjs/common';
import { jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { concat, defer, of, timer } from 'rxjs';
import { concatMap, map } from 'rxjs/operators';
import {
  CurrentSession,
  Session,
  Sessions,
  sessionsOf,
  SessionsModule,
  type RequestSessions,
  type SessionEvent,
} from 'nestjs-sessions';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { holdBench, type Handler } from './hold-bench.js';
import { RecordingStorage, send, Visit, watchUncaught } from './hold-support.js';
import { until } from '../support/until.js';

@Session('note')
class Note {
  text = '';
}

const LATE = /^Session "visit" was changed after the response had been sent; the change is lost\./;

@Controller()
class LateController {
  @Sse('sse-late') sseLate(@CurrentSession() visit: Visit) {
    visit.count++;
    return timer(30).pipe(
      map(() => {
        visit.count = 100;
        return { data: 'too late' };
      }),
    );
  }
  @Sse('sse-saved') sseSaved(@CurrentSession() visit: Visit, @Sessions() sessions: RequestSessions) {
    visit.count++;
    return concat(
      of({ data: 'first' }),
      timer(30).pipe(
        concatMap(async () => {
          visit.count = 100;
          await sessions.save();
          return { data: 'saved' };
        }),
      ),
    );
  }
  @Sse('sse-set') sseSet(@CurrentSession() visit: Visit, @Sessions() sessions: RequestSessions) {
    visit.count++;
    return concat(
      of({ data: 'first' }),
      timer(30).pipe(
        map(() => {
          try {
            sessions.set(new Visit());
            return { data: 'set' };
          } catch (error) {
            return { data: (error as { code: string }).code };
          }
        }),
      ),
    );
  }
  @Sse('sse-value') sseValue(@CurrentSession() note: Note, @Sessions() sessions: RequestSessions) {
    note.text = 'before';
    return concat(
      of({ data: 'first' }),
      timer(30).pipe(
        concatMap(() =>
          defer(async () => {
            note.text = 'after';
            try {
              await sessions.save();
              return { data: 'saved' };
            } catch (error) {
              return { data: (error as { code: string }).code };
            }
          }),
        ),
      ),
    );
  }
}

describe.each(platforms)('a session changed after the response, on $name', (platform) => {
  const errors: string[] = [];
  const bench = holdBench(platform, { controllers: [LateController], sessions: [Note] });
  watchUncaught();
  beforeEach(() => {
    errors.length = 0;
    jest.spyOn(Logger.prototype, 'error').mockImplementation((message: unknown) => void errors.push(String(message)));
  });
  afterEach(() => jest.restoreAllMocks());

  const ways: Array<[how: string, handler: Handler]> = [
    [
      'in place, right after send',
      ({ response, visit }) => {
        response.send('sent');
        visit.count = 100;
      },
    ],
    [
      'in place, right after raw end',
      ({ raw, visit }) => {
        raw.end('sent');
        visit.count = 100;
      },
    ],
    [
      'in place, while the write is under way',
      async ({ response, visit }) => {
        response.send('sent');
        await new Promise((resolve) => setTimeout(resolve, 2));
        visit.count = 100;
      },
    ],
    [
      'in place, after the head has left',
      async ({ response, visit }) => {
        response.send('sent');
        await new Promise((resolve) => setTimeout(resolve, 30));
        visit.count = 100;
      },
    ],
    [
      'in place, before an exception',
      ({ response, visit }) => {
        response.send('sent');
        visit.count = 100;
        throw new BadRequestException();
      },
    ],
    [
      'by clear',
      ({ response, request }) => {
        response.send('sent');
        sessionsOf(request).clear(Visit);
      },
    ],
  ];

  it.each(ways)('%s: an event and one error line; the stored session is unchanged', async (_how, handler) => {
    const answer = await bench.res(handler);
    await until(() => errors.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answer.text).toBe('sent');
    expect(bench.eventTypes()).toEqual(['created', 'too-late']);
    expect(errors).toEqual([expect.stringMatching(LATE)]);
    expect(await bench.stored(answer.cookie('visit'))).toBe(1);
  });

  it('without a change, no event is reported', async () => {
    await bench.res(async ({ response }) => {
      response.send('sent');
      await new Promise((resolve) => setTimeout(resolve, 30));
    });
    expect(bench.eventTypes()).toEqual(['created']);
    expect(errors).toEqual([]);
  });

  it('set, regenerate and getOrSet throw, before and after the head is sent', async () => {
    const codes: unknown[] = [];
    const attempt = async (run: () => unknown): Promise<void> => {
      try {
        await run();
        codes.push('no error');
      } catch (error) {
        codes.push((error as { code?: string }).code);
      }
    };
    await bench.res(async ({ response, request }) => {
      const sessions = sessionsOf(request);
      response.send('sent');
      for (const wait of [0, 30]) {
        await new Promise((resolve) => setTimeout(resolve, wait));
        await attempt(() => sessions.set(new Visit()));
        await attempt(() => sessions.regenerate(Visit));
        await attempt(() => sessions.getOrSet(Note, () => new Note()));
      }
    });
    await until(() => codes.length === 6);
    expect(codes).toEqual(Array.from({ length: 6 }, () => 'SESSION_TOO_LATE'));
    expect(errors).toEqual([]);
  });

  it('save still stores a by-id session under its id', async () => {
    let done = false;
    const answer = await bench.res(async ({ response, request, visit }) => {
      response.send('sent');
      await new Promise((resolve) => setTimeout(resolve, 30));
      visit.count = 7;
      await sessionsOf(request).save();
      done = true;
    });
    await until(() => done);
    expect(await bench.stored(answer.cookie('visit'))).toBe(7);
    expect(bench.eventTypes()).toEqual(['created', 'changed', 'loaded']);
  });

  it('update changes a by-id session in the storage', async () => {
    let done = false;
    const answer = await bench.res(async ({ response, request }) => {
      response.send('sent');
      await new Promise((resolve) => setTimeout(resolve, 30));
      await sessionsOf(request).update(Visit, (present) => void (present.count = 8));
      done = true;
    });
    await until(() => done);
    expect(await bench.stored(answer.cookie('visit'))).toBe(8);
  });

  it('save throws for a by-value session', async () => {
    let code: unknown;
    await bench.res(async ({ response, request }) => {
      const note = await sessionsOf(request).getOrSet(Note, () => new Note());
      response.send('sent');
      await new Promise((resolve) => setTimeout(resolve, 30));
      note.text = 'late';
      await sessionsOf(request)
        .save()
        .catch((error: { code?: string }) => (code = error.code));
    });
    await until(() => code !== undefined);
    expect(code).toBe('SESSION_TOO_LATE');
  });

  describe('between the messages of an @Sse stream', () => {
    it('an instance that is changed: an event and one error line at its end', async () => {
      const answer = await bench.get('/sse-late');
      await until(() => errors.length > 0);
      expect(answer.text).toContain('data: too late');
      expect(bench.eventTypes()).toEqual(['created', 'too-late']);
      expect(await bench.stored(answer.cookie('visit'))).toBe(1);
    });

    it('with save: stored', async () => {
      const answer = await bench.get('/sse-saved');
      expect(answer.text).toContain('data: saved');
      expect(await bench.stored(answer.cookie('visit'))).toBe(100);
      expect(errors).toEqual([]);
    });

    it('by set: SessionTooLateError', async () => {
      expect((await bench.get('/sse-set')).text).toContain('data: SESSION_TOO_LATE');
    });

    it('by value: save throws, and the cookie has the session from before the head', async () => {
      const answer = await bench.get('/sse-value');
      expect(answer.text).toContain('data: SESSION_TOO_LATE');
      expect(answer.cookies('note')).toHaveLength(1);
    });
  });
});

describe.each(platforms)('parallel operations in one request, on $name', (platform) => {
  const bench = holdBench(platform, { sessions: [Note] });
  watchUncaught();

  it('parallel get: one load, one instance', async () => {
    const cookie = (await bench.value(() => 'in')).cookie('visit');
    bench.events.length = 0;
    const answer = await bench.bare(
      async ({ request, response }) => {
        const sessions = sessionsOf(request);
        const found = await Promise.all([sessions.get(Visit), sessions.get(Visit), sessionsOf(request).get(Visit)]);
        response.send({ same: new Set(found).size === 1, count: found[0]?.count });
      },
      { cookie },
    );
    expect(JSON.parse(answer.text)).toEqual({ same: true, count: 1 });
    expect(bench.eventTypes()).toEqual(['loaded']);
  });

  it('two parallel saves: one write', async () => {
    const answer = await bench.value(async ({ request }) => {
      const sessions = sessionsOf(request);
      await Promise.all([sessions.save(), sessions.save()]);
      return 'sent';
    });
    expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
    expect(answer.cookies('visit')).toHaveLength(1);
  });

  it('two parallel saves and a storage failure: both reject', async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    bench.storage.failing = true;
    const answer = await bench.value(async ({ request }) => {
      const sessions = sessionsOf(request);
      const results = await Promise.allSettled([sessions.save(), sessions.save()]);
      return results.map(({ status }) => status);
    });
    expect(answer.text).toBe('["rejected","rejected"]');
    jest.restoreAllMocks();
  });

  it('a change during a save is stored too, before the head', async () => {
    const answer = await bench.value(async ({ request, visit }) => {
      const saved = sessionsOf(request).save();
      visit.count = 7;
      await saved;
      return 'sent';
    });
    expect(await bench.stored(answer.cookie('visit'))).toBe(7);
    // A failed create of an earlier test may be undone only now.
    expect(bench.storage.taken().filter((call) => !call.startsWith('invalidate'))).toEqual([
      'write begins',
      'write ends',
      'replace begins',
      'replace ends',
      'the head arrives',
    ]);
  });

  it('set during a save: the new value is stored under a new id', async () => {
    const before = bench.storage.size;
    const answer = await bench.value(async ({ request }) => {
      const sessions = sessionsOf(request);
      const saved = sessions.save();
      const other = new Visit();
      other.count = 9;
      sessions.set(other);
      await saved;
      return 'sent';
    });
    expect(answer.cookies('visit')).toHaveLength(1);
    expect(await bench.stored(answer.cookie('visit'))).toBe(9);
    // The record of the first id is kept for a minute.
    expect(bench.storage.size).toBe(before + 2);
  });

  it('clear during a save: the session ends and the cookie is cleared', async () => {
    const before = bench.storage.size;
    const answer = await bench.value(async ({ request }) => {
      const sessions = sessionsOf(request);
      const saved = sessions.save();
      sessions.clear(Visit);
      await saved;
      return 'sent';
    });
    expect(answer.cookies('visit')).toEqual([expect.stringContaining('Max-Age=0')]);
    expect(bench.storage.size).toBe(before);
  });

  it('a response that does not wait for save: the head waits', async () => {
    const answer = await bench.res(({ request, response }) => {
      const saved = sessionsOf(request).save();
      response.send('sent');
      return saved;
    });
    expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
    expect(answer.cookies('visit')).toHaveLength(1);
  });

  it('two sessions of one request: both are stored and sent, or a failure of one gives an error', async () => {
    const change: Handler = async ({ request, response }) => {
      const note = await sessionsOf(request).getOrSet(Note, () => new Note());
      note.text = 'by value';
      response.send('sent');
    };
    const answer = await bench.res(change);
    expect([answer.cookies('visit').length, answer.cookies('note').length]).toEqual([1, 1]);

    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    bench.storage.failing = true;
    const failed = await bench.res(change);
    expect([failed.status, failed.cookies('visit')]).toEqual([503, []]);
    jest.restoreAllMocks();
  });
});

describe('two applications in one process, with separate keys and storages', () => {
  const [express, fastify] = platforms;
  const storages = [new RecordingStorage(), new RecordingStorage()] as const;
  const events: SessionEvent[] = [];
  const apps: RunningApp[] = [];
  watchUncaught();

  @Controller()
  class BothController {
    @Get() both(@CurrentSession() visit: Visit, @CurrentSession() note: Note) {
      note.text += 'x';
      return { visit: ++visit.count, note: note.text };
    }
  }

  beforeAll(async () => {
    for (const [index, platform] of [express!, fastify!, express!].entries()) {
      apps.push(
        await startApp(platform, {
          imports: [
            SessionsModule.forRoot({
              keys: randomBytes(32),
              sessions: [{ type: Visit, storage: storages[index % 2]! }, Note],
              onEvent: (event) => events.push(event),
            }),
          ],
          controllers: [BothController],
        }),
      );
    }
  });
  afterAll(() => Promise.all(apps.map((app) => app.close())));

  it('each reads only its own sessions', async () => {
    const first = await Promise.all(apps.map((app) => send(app.url)));
    expect(first.map(({ text }) => text)).toEqual(Array.from({ length: 3 }, () => '{"visit":1,"note":"x"}'));
    const cookies = first.map((answer) => `${answer.cookie('visit')}; ${answer.cookie('note')}`);
    const second = await Promise.all(apps.map((app, index) => send(app.url, { cookie: cookies[index] })));
    expect(second.map(({ text }) => text)).toEqual(Array.from({ length: 3 }, () => '{"visit":2,"note":"xx"}'));

    events.length = 0;
    const strange = await send(apps[1]!.url, { cookie: cookies[0] });
    expect(strange.text).toBe('{"visit":1,"note":"x"}');
    const rejected = events.flatMap((event) =>
      event.type === 'rejected' ? [`${event.session}: ${event.reason}`] : [],
    );
    expect(rejected.sort()).toEqual(['note: unknown-key', 'visit: unknown-id']);
  });

  it('closing one does not affect the other', async () => {
    await apps[2]!.close();
    expect((await send(apps[0]!.url)).cookies('visit')).toHaveLength(1);
    expect((await send(apps[1]!.url)).cookies('note')).toHaveLength(1);
  });
});
