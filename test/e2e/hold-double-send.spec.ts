import { sessionsOf } from 'nestjs-sessions';
import { platforms } from '../support/platforms.js';
import { holdBench, type Exchange } from './hold-bench.js';
import { Gate, Visit, watchUncaught } from './hold-support.js';

type Step = (exchange: Exchange) => unknown;

/** Mistakes of applications after they have responded. */
const mistakes: Record<string, Step> = {
  'send again': ({ response }) => void response.send('second'),
  'send an object': ({ response }) => void (response.json ?? response.send).call(response, { second: true }),
  redirect: ({ response }) => void response.redirect('/elsewhere'),
  'status, then send': ({ response }) => void response.status(500).send('second'),
  status: ({ response }) => void response.status(500),
  'platform header': ({ response }) => void (response.set ?? response.header).call(response, 'x-late', 'yes'),
  'raw setHeader': ({ raw }) => raw.setHeader('x-late', 'yes'),
  'raw appendHeader': ({ raw }) => raw.appendHeader('x-late', 'yes'),
  'raw removeHeader': ({ raw }) => raw.removeHeader('content-type'),
  'raw setHeaders': ({ raw }) => raw.setHeaders(new Map([['x-late', 'yes']])),
  'raw writeHead': ({ raw }) => raw.writeHead(500, { 'x-late': 'yes' }),
  'raw writeHead of another status': ({ raw }) => raw.writeHead(418),
  'raw statusCode': ({ raw }) => void (raw.statusCode = 500),
  'raw statusMessage': ({ raw }) => void (raw.statusMessage = 'Late'),
  'raw flushHeaders': ({ raw }) => raw.flushHeaders(),
  'raw end without anything': ({ raw }) => void raw.end(),
  'read headersSent and writableEnded': ({ raw }) => [raw.headersSent, raw.writableEnded],
};

function outcomeOf(step: Step, exchange: Exchange): unknown {
  try {
    return { result: step(exchange) };
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string };
    return { name, code, message };
  }
}

describe.each(platforms)('after its response, an application behaves as without sessions, on $name', (platform) => {
  const bench = holdBench(platform);
  watchUncaught();

  const first: Array<[way: string, answer: Step]> = [
    ['send', ({ response }) => response.send('first')],
    ['raw end', ({ raw }) => raw.end('first')],
    ['raw writeHead and end', ({ raw }) => raw.writeHead(200, { 'x-early': 'yes' }).end('first')],
  ];

  describe.each(first)('%s', (_way, answer) => {
    it.each(Object.keys(mistakes))('then: %s', async (mistake) => {
      let plain: unknown;
      let held: unknown;
      const attempt = (exchange: Exchange): unknown => {
        answer(exchange);
        return outcomeOf(mistakes[mistake]!, exchange);
      };
      const without = await bench.bare((exchange) => void (plain = attempt(exchange)));
      const withSession = await bench.res((exchange) => void (held = attempt(exchange)));
      expect(held).toEqual(plain);
      expect([withSession.status, withSession.reason, withSession.text]).toEqual([200, 'OK', 'first']);
      expect([without.status, without.reason, without.text]).toEqual([200, 'OK', 'first']);
      expect(withSession.all('x-late')).toEqual([]);
      expect(withSession.all('content-type')).toEqual(without.all('content-type'));
      expect(withSession.cookies('visit')).toHaveLength(1);
      expect(bench.eventTypes()).toEqual(['created']);
    });
  });

  // Without sessions, these end the process unless there is an `error` listener.
  it('writing after the end reports an error to the callback, and affects no other request', async () => {
    const told: unknown[] = [];
    const tell = (error?: { code?: string } | null): void => void told.push(error?.code);
    const answer = await bench.res(({ raw }) => {
      raw.end('first');
      raw.write('second', tell);
      raw.write('third');
      raw.end('fourth', 'utf8', tell);
      raw.end('fifth');
      raw.end(() => told.push('ended'));
    });
    expect(answer.text).toBe('first');
    expect(told).toEqual(['ERR_STREAM_WRITE_AFTER_END', 'ERR_STREAM_WRITE_AFTER_END', 'ended']);
  });

  it('a handler that responds and then throws: the response is sent once', async () => {
    const answer = await bench.res(({ response }) => {
      response.send('first');
      throw new Error('afterwards');
    });
    expect([answer.status, answer.text]).toEqual([200, 'first']);
    expect(answer.cookies('visit')).toHaveLength(1);
    expect(await bench.stored(answer.cookie('visit'))).toBe(1);
  });

  it('a handler that has started to write and then throws: the written data is sent', async () => {
    const answer = await bench.res(({ raw }) => {
      raw.write('begun');
      throw new Error('in the middle');
    });
    // On Fastify, Nest 11 appends its error body.
    expect([answer.status, answer.text.slice(0, 5), answer.broken]).toEqual([200, 'begun', false]);
    expect(answer.cookies('visit')).toHaveLength(1);
  });

  it('headersSent is true while the head is held or sent, and headers can be set until then', async () => {
    const seen: unknown[] = [];
    const gate = new Gate();
    bench.storage.gate = gate.opened;
    const answer = await bench.res(async ({ raw, request }) => {
      seen.push(raw.headersSent, raw.writableEnded);
      const sessions = sessionsOf(request);
      const saved = sessions.save();
      seen.push(raw.headersSent);
      raw.setHeader('x-early', 'yes');
      raw.write('a');
      seen.push(raw.headersSent, raw.writableEnded);
      gate.open();
      await saved;
      await new Promise((resolve) => raw.once('drain', resolve));
      seen.push(raw.headersSent, raw.writableEnded, Object.hasOwn(raw, 'headersSent'), Object.hasOwn(raw, 'setHeader'));
      raw.end('b');
      seen.push(raw.writableEnded);
    });
    expect(seen).toEqual([false, false, false, true, false, true, false, false, false, true]);
    expect(answer.all('x-early')).toEqual(['yes']);
    expect(answer.text).toBe('ab');
    expect(answer.cookies('visit')).toHaveLength(1);
  });

  it('invalid chunks throw at the caller, as in Node, and the response can still be sent', async () => {
    const codes: unknown[] = [];
    const attempt = (run: () => unknown): void => {
      try {
        run();
      } catch (error) {
        codes.push((error as { code?: string }).code);
      }
    };
    const answer = await bench.res(({ raw }) => {
      attempt(() => raw.write(5));
      attempt(() => raw.write(null));
      attempt(() => raw.end({ an: 'object' }));
      raw.write('good');
      attempt(() => raw.write(5));
      attempt(() => raw.end({ an: 'object' }));
      raw.end();
    });
    expect(codes).toEqual([
      'ERR_INVALID_ARG_TYPE',
      'ERR_STREAM_NULL_VALUES',
      'ERR_INVALID_ARG_TYPE',
      'ERR_INVALID_ARG_TYPE',
      'ERR_INVALID_ARG_TYPE',
    ]);
    expect(answer.text).toBe('good');
    expect(answer.cookies('visit')).toHaveLength(1);
  });

  it('callbacks of write and end are called once each, in order', async () => {
    const called: string[] = [];
    const answer = await bench.res(({ raw }) => {
      raw.write('a', () => called.push('a'));
      raw.write('b', 'utf8', () => called.push('b'));
      raw.end('c', () => called.push('c'));
    });
    expect(answer.text).toBe('abc');
    expect(called).toEqual(['a', 'b', 'c']);
  });

  it('set throws after the response has ended, although the head has not been sent yet', async () => {
    let code: unknown;
    const answer = await bench.res(({ response, request }) => {
      response.send('first');
      try {
        sessionsOf(request).set(new Visit());
      } catch (error) {
        code = (error as { code?: string }).code;
      }
    });
    expect(code).toBe('SESSION_TOO_LATE');
    expect(await bench.stored(answer.cookie('visit'))).toBe(1);
  });
});
