import {
  Catch,
  Controller,
  Logger,
  Sse,
  StreamableFile,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { jest } from '@jest/globals';
import { Readable } from 'node:stream';
import { of } from 'rxjs';
import { CurrentSession, sessionsOf, SessionStorageUnavailableError } from 'nestjs-sessions';
import { platforms } from '../support/platforms.js';
import { holdBench, type Handler } from './hold-bench.js';
import { rawOf, Visit, watchUncaught } from './hold-support.js';

const filtered: unknown[] = [];

@Catch(SessionStorageUnavailableError)
class OutageFilter implements ExceptionFilter {
  catch(error: SessionStorageUnavailableError, host: ArgumentsHost) {
    filtered.push(error);
    const response = host.switchToHttp().getResponse();
    response.status(503).send({ filtered: true, again: error.retryAfterInSeconds });
  }
}

@Controller()
class FailingController {
  @Sse('sse') sse(@CurrentSession() visit: Visit) {
    visit.count++;
    return of({ data: 'secret' });
  }
}

const SECRET = 'what the handler had to say';

/** Responses that bypass the interceptor, so that the hold must respond. */
const pastTheInterceptor: Array<[way: string, handler: Handler]> = [
  ['send', ({ response }) => response.send(SECRET)],
  ['an object', ({ response }) => (response.json ?? response.send).call(response, { text: SECRET })],
  [
    'a redirect',
    ({ response }) => (response.raw ? response.redirect('/elsewhere', 302) : response.redirect('/elsewhere')),
  ],
  ['raw end', ({ raw }) => raw.end(SECRET)],
  ['raw writeHead', ({ raw }) => raw.writeHead(206, 'Partly', { 'content-length': SECRET.length }).end(SECRET)],
  [
    'raw chunks',
    ({ raw }) => {
      raw.write(SECRET);
      raw.write(SECRET);
      raw.end(SECRET);
    },
  ],
  ['flushHeaders', ({ raw }) => (raw.flushHeaders(), raw.end(SECRET))],
  [
    'a stream',
    ({ response }) => {
      const stream = Readable.from(Array.from({ length: 100 }, () => SECRET));
      if (response.raw) response.send(stream);
      else stream.pipe(response);
    },
  ],
  ['a stream into the raw response', ({ raw }) => Readable.from([SECRET, SECRET]).pipe(raw)],
  ['a late timer', ({ response }) => void setTimeout(() => response.send(SECRET), 5)],
];

const BODY = { statusCode: 503, message: 'Not available at the moment. Try again later.' };

describe.each(platforms)('a storage that fails to write, on $name', (platform) => {
  const bench = holdBench(platform, { controllers: [FailingController] });
  watchUncaught();
  beforeEach(() => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    bench.storage.failing = true;
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    // Closes the circuit breaker again.
    bench.storage.failing = false;
    await bench.value(() => 'well again');
  });

  it.each(pastTheInterceptor)('%s: 503 instead, without the body', async (_way, handler) => {
    const answer = await bench.res((exchange) => {
      exchange.raw.setHeader('etag', '"of-the-body"');
      return handler(exchange);
    });
    expect([answer.status, answer.reason]).toEqual([503, 'Service Unavailable']);
    expect(JSON.parse(answer.text)).toEqual(BODY);
    expect(answer.lines.flat().join('\n') + answer.text).not.toContain(SECRET);
    expect(answer.all('set-cookie')).toEqual([]);
    expect(answer.all('retry-after')).toEqual(['1']);
    expect(answer.all('content-type')).toEqual(['application/json; charset=utf-8']);
    expect(answer.all('cache-control')).toEqual(['no-store']);
    for (const name of ['etag', 'location', 'content-encoding']) expect(answer.all(name)).toEqual([]);
    expect(answer.broken).toBe(false);
    // A write that may have succeeded is undone in the background.
    const waitedFor = bench.storage.sequence.filter((step) => !step.startsWith('invalidate'));
    expect(waitedFor.at(-1)).toBe('the head arrives');
    expect(bench.eventTypes()).toEqual(['unavailable']);
  });

  it('an SSE stream: 503 instead of an event stream', async () => {
    const answer = await bench.get('/sse');
    expect(answer.status).toBe(503);
    expect(answer.all('content-type')).toEqual(['application/json; charset=utf-8']);
    expect(answer.text).not.toContain('secret');
  });

  it('HEAD: 503 and no body', async () => {
    const answer = await bench.res(({ raw }) => raw.end(SECRET), { method: 'HEAD' });
    expect([answer.status, answer.text]).toEqual([503, '']);
  });

  it.each<[string, Handler]>([
    ['a value', () => SECRET],
    ['a file', () => new StreamableFile(Buffer.from(SECRET))],
    ['nothing', () => undefined],
  ])('%s: 503 through the filters of the application', async (_way, handler) => {
    const answer = await bench.value(handler);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toEqual(BODY);
    expect(answer.all('set-cookie')).toEqual([]);
    expect(answer.all('retry-after')).toEqual(['1']);
    expect(answer.text).not.toContain(SECRET);
  });

  it('a handler that continues to write after the 503: its output is ignored, and it completes', async () => {
    let finished = false;
    let more: () => void = () => undefined;
    const going = new Promise<void>((resolve) => (more = resolve));
    const answer = await bench.res(
      async ({ raw }) => {
        raw.write('begun');
        await new Promise((resolve) => raw.once('drain', resolve));
        await going;
        raw.write('more', () => {
          raw.end(() => (finished = true));
        });
      },
      { onHead: () => more() },
    );
    expect(answer.status).toBe(503);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(finished).toBe(true);
  });

  it('cookies and headers that the application set itself are still sent', async () => {
    const answer = await bench.res(({ raw }) => {
      raw.setHeader('set-cookie', 'own=1');
      raw.setHeader('x-own', 'kept');
      raw.setHeader('vary', 'Origin');
      raw.end(SECRET);
    });
    expect(answer.status).toBe(503);
    expect(answer.all('set-cookie')).toEqual(['own=1']);
    expect(answer.all('x-own')).toEqual(['kept']);
    expect(answer.all('vary')).toEqual(['Origin, Cookie']);
  });

  it('an existing session is not lost: the next request reads the stored one', async () => {
    bench.storage.failing = false;
    const cookie = (await bench.value(() => 'stored')).cookie('visit');
    bench.storage.failing = true;
    const answer = await bench.res(({ response }) => response.send(SECRET), { cookie });
    expect([answer.status, answer.all('set-cookie')]).toEqual([503, []]);
    bench.storage.failing = false;
    expect(await bench.stored(cookie)).toBe(1);
  });

  it('save() rejects, and a handler that still responds can do so', async () => {
    const answer = await bench.value(async ({ request }) => {
      try {
        await sessionsOf(request).save();
        return 'stored';
      } catch (error) {
        return (error as { code?: string }).code;
      }
    });
    expect([answer.status, answer.text]).toEqual([200, 'SESSION_STORAGE_UNAVAILABLE']);
    expect(answer.all('set-cookie')).toEqual([]);
  });

  it('a failed logout gives 503 but still clears the cookie', async () => {
    bench.storage.failing = false;
    const cookie = (await bench.value(() => 'stored')).cookie('visit');
    bench.storage.failing = true;
    const answer = await bench.res(
      async ({ request, response }) => {
        sessionsOf(request).clear(Visit);
        response.send(SECRET);
      },
      { cookie },
    );
    expect(answer.status).toBe(503);
    expect(answer.cookies('visit')).toEqual([expect.stringContaining('Max-Age=0')]);
  });
});

describe.each(platforms)('the first failure of a storage, on $name', (platform) => {
  const bench = holdBench(platform);
  const errors: string[] = [];

  beforeEach(() => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation((message: unknown) => void errors.push(String(message)));
    bench.storage.failing = true;
  });
  afterEach(() => jest.restoreAllMocks());

  it('logs one error line if no filter handles it', async () => {
    await bench.res(({ response }) => response.send(SECRET));
    expect(errors.filter((line) => line.startsWith('Session "visit": the storage failed to store'))).toHaveLength(1);
    // The storage's own message may quote keys and contents.
    expect(errors.join('\n')).not.toContain('on fire');
    expect(errors.join('\n')).not.toContain(SECRET);
  });
});

describe.each(platforms)('a storage that fails, with a filter of the application, on $name', (platform) => {
  const bench = holdBench(platform, {
    prepare: (app) => void app.useGlobalFilters(new OutageFilter()),
  });
  watchUncaught();

  it('the filter sends the response for a handler that returned a value', async () => {
    bench.storage.failing = true;
    const answer = await bench.value(() => SECRET);
    expect([answer.status, answer.text]).toEqual([503, '{"filtered":true,"again":1}']);
    expect(answer.all('set-cookie')).toEqual([]);
    expect(filtered.at(-1)).toBeInstanceOf(SessionStorageUnavailableError);
    expect((filtered.at(-1) as Error).cause).toBeInstanceOf(Error);
  });

  // Interceptor and hold both detect the failure, and only one responds.
  it('a stream gets one response, without its body', async () => {
    bench.storage.failing = true;
    const answer = await bench
      .res(({ raw }) => Readable.from([SECRET]).pipe(raw))
      .catch((error: { code?: string }) => error.code);
    if (typeof answer === 'object') {
      expect(answer.status).toBe(503);
      expect(answer.text).not.toContain(SECRET);
    } else expect(answer).toBe('ECONNRESET');
  });
});

describe.each(platforms)('a storage that takes 300 ms to write, on $name', (platform) => {
  const bench = holdBench(platform);
  watchUncaught();
  beforeEach(() => void (bench.storage.delayInMilliseconds = 300));

  it.each<[string, Handler]>([
    ['send', ({ response }) => response.send('sent')],
    ['raw end', ({ raw }) => raw.end('sent')],
    ['flushHeaders', ({ raw }) => (raw.flushHeaders(), setTimeout(() => raw.end('sent'), 20))],
    ['a stream', ({ response }) => Readable.from(['se', 'nt']).pipe(rawOf(response))],
  ])('%s: the head arrives after the write', async (_way, handler) => {
    const answer = await bench.res(handler);
    expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
    expect(answer.text).toBe('sent');
    expect(answer.cookies('visit')).toHaveLength(1);
  });

  it('a value: the head arrives after the write', async () => {
    await bench.value(() => 'sent');
    expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
  });
});
