import { Controller, Get, Header } from '@nestjs/common';
import { CurrentSession, sessionsOf } from 'nestjs-sessions';
import { platforms } from '../support/platforms.js';
import { holdBench, type Exchange } from './hold-bench.js';
import { Visit, watchUncaught } from './hold-support.js';

@Controller()
class HeaderController {
  @Get('header') @Header('Set-Cookie', 'own=1') @Header('Cache-Control', 'private') header(
    @CurrentSession() visit: Visit,
  ) {
    return `visit ${++visit.count}`;
  }
}

/** Forms of `writeHead`, with headers that include two cookies of the application. */
const writeHeads: Array<[form: string, write: (raw: any) => void]> = [
  ['an object', (raw) => raw.writeHead(201, { 'Set-Cookie': ['own=1', 'other=2'], 'X-Own': 'kept' })],
  [
    'an object and a reason',
    (raw) => raw.writeHead(201, 'Made', { 'set-cookie': ['own=1', 'other=2'], 'X-Own': 'kept' }),
  ],
  [
    'no reason and an object',
    (raw) => raw.writeHead(201, undefined, { 'set-cookie': ['own=1', 'other=2'], 'X-Own': 'kept' }),
  ],
  ['a flat array', (raw) => raw.writeHead(201, ['Set-Cookie', 'own=1', 'X-Own', 'kept', 'set-cookie', 'other=2'])],
  ['a flat array with a list', (raw) => raw.writeHead(201, ['Set-Cookie', ['own=1', 'other=2'], 'X-Own', 'kept'])],
  [
    'an array of pairs',
    (raw) =>
      raw.writeHead(201, [
        ['Set-Cookie', 'own=1'],
        ['X-Own', 'kept'],
        ['Set-Cookie', 'other=2'],
      ]),
  ],
  [
    'setHeader before, writeHead with the status alone',
    (raw) => {
      raw.setHeader('X-Own', 'kept');
      raw.setHeader('Set-Cookie', ['own=1', 'other=2']);
      raw.writeHead(201);
    },
  ],
];

describe.each(platforms)('the head of a response that changes a session, on $name', (platform) => {
  const bench = holdBench(platform, { controllers: [HeaderController] });
  const express = platform.name === 'express';
  watchUncaught();

  describe('writeHead', () => {
    it.each(writeHeads)(
      'with %s: sends the session cookie and the cookies of the application',
      async (_form, write) => {
        const answer = await bench.res(({ raw }) => {
          write(raw);
          raw.end('body');
        });
        expect(answer.status).toBe(201);
        expect(answer.all('set-cookie').slice(0, 2)).toEqual(['own=1', 'other=2']);
        expect(answer.all('set-cookie')).toHaveLength(3);
        expect(answer.all('x-own')).toEqual(['kept']);
        expect(answer.text).toBe('body');
        expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
        expect(await bench.stored(answer.cookie('visit'))).toBe(1);
      },
    );

    it('accepts a reason phrase and returns the response, for chaining', async () => {
      const answer = await bench.res(({ raw }) => raw.writeHead(202, 'Taken in').end('chained'));
      expect([answer.status, answer.reason, answer.text]).toEqual([202, 'Taken in', 'chained']);
    });

    it('throws at the caller for invalid arguments, and the application can still respond', async () => {
      const refused: unknown[] = [];
      const answer = await bench.res(({ raw }) => {
        const wrong = [
          () => raw.writeHead(200, { 'X-Bad': 'line\nbreak' }),
          () => raw.writeHead(200, { 'X-Bad': undefined }),
          () => raw.writeHead(200, ['X-Odd']),
          () => raw.writeHead(20),
          () => raw.writeHead('many'),
        ];
        for (const attempt of wrong) {
          try {
            attempt();
          } catch (error) {
            refused.push((error as { code: string }).code);
          }
        }
        raw.writeHead(200);
        raw.end('still here');
      });
      expect(refused).toEqual([
        'ERR_INVALID_CHAR',
        'ERR_HTTP_INVALID_HEADER_VALUE',
        'ERR_INVALID_ARG_VALUE',
        'ERR_HTTP_INVALID_STATUS_CODE',
        'ERR_HTTP_INVALID_STATUS_CODE',
      ]);
      expect(answer.text).toBe('still here');
      expect(answer.cookies('visit')).toHaveLength(1);
    });

    it('throws the error of Node at a second call while the head is held', async () => {
      let code: unknown;
      const answer = await bench.res(({ raw }) => {
        raw.writeHead(200);
        try {
          raw.writeHead(500, { 'X-Second': 'yes' });
        } catch (error) {
          code = (error as { code: string }).code;
        }
        raw.end('once');
      });
      expect(code).toBe('ERR_HTTP_HEADERS_SENT');
      expect(answer.status).toBe(200);
      expect(answer.all('x-second')).toEqual([]);
    });
  });

  it('flushHeaders: the head is sent after the write, the body when it is ready', async () => {
    let flushed: (() => void) | undefined;
    const asked = bench.res(
      ({ raw }) => {
        raw.statusCode = 206;
        raw.flushHeaders();
        flushed = () => raw.end('later');
      },
      { onHead: () => (bench.arrive(), flushed?.()) },
    );
    const answer = await asked;
    expect([answer.status, answer.text]).toEqual([206, 'later']);
    expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
    expect(answer.cookies('visit')).toHaveLength(1);
  });

  describe('cookies of the application', () => {
    const own: Array<[way: string, set: (exchange: Exchange) => void]> = [
      ['raw.setHeader', ({ raw }) => raw.setHeader('Set-Cookie', 'own=1')],
      ['raw.appendHeader', ({ raw }) => raw.appendHeader('Set-Cookie', 'own=1')],
      [
        'the platform’s own way',
        ({ response }) => (express ? response.cookie('own', '1') : response.header('set-cookie', 'own=1')),
      ],
    ];

    it.each(own)('%s, before the session is touched', async (_way, set) => {
      const answer = await bench.bare(async (exchange) => {
        set(exchange);
        sessionsOf(exchange.request).set(new Visit());
        exchange.response.send('sent');
      });
      expect(answer.cookies('own')).toEqual([expect.stringMatching(/^own=1(; Path=\/)?$/)]);
      expect(answer.cookies('visit')).toHaveLength(1);
    });

    it.each(own)('%s, after it was changed', async (_way, set) => {
      const answer = await bench.res((exchange) => {
        set(exchange);
        exchange.response.send('sent');
      });
      expect(answer.cookies('own')).toHaveLength(1);
      expect(answer.cookies('visit')).toHaveLength(1);
    });

    it.each(own)('%s, after it was stored', async (_way, set) => {
      const answer = await bench.value(async (exchange) => {
        await sessionsOf(exchange.request).save();
        set(exchange);
        return 'sent';
      });
      expect(answer.cookies('own')).toHaveLength(1);
      expect(answer.cookies('visit')).toHaveLength(1);
    });

    it('@Header', async () => {
      const answer = await bench.get('/header');
      expect(answer.all('set-cookie')).toEqual(['own=1', expect.stringMatching(/^visit=/)]);
    });
  });

  it('there is one Set-Cookie header per session, even if it is stored several times', async () => {
    const answer = await bench.value(async ({ request, visit }) => {
      const sessions = sessionsOf(request);
      await sessions.save();
      visit.count++;
      await sessions.save();
      await sessions.regenerate(Visit);
      await sessions.save();
      visit.count++;
      return 'sent';
    });
    expect(answer.cookies('visit')).toHaveLength(1);
    expect(await bench.stored(answer.cookie('visit'))).toBe(3);
  });

  it('a session that is set and cleared in one request sends at most one clearing cookie', async () => {
    const answer = await bench.value(async ({ request }) => {
      const sessions = sessionsOf(request);
      await sessions.save();
      sessions.clear(Visit);
      return 'sent';
    });
    expect(answer.cookies('visit')).toEqual([expect.stringContaining('Max-Age=0')]);
  });

  describe('Cache-Control and Vary', () => {
    const set = (name: string, value: string | string[]) => {
      return ({ response }: Exchange): string => {
        if (express) response.set(name, value);
        else response.header(name, value);
        return 'sent';
      };
    };

    it.each([
      ['public, max-age=3600', 'no-store'],
      ['private', 'no-store'],
      ['no-store, max-age=0', 'no-store, max-age=0'],
      ['private, no-cache, No-Store, must-revalidate', 'private, no-cache, No-Store, must-revalidate'],
      ['max-age=60, no-transform', 'no-store, no-transform'],
    ])('Cache-Control %s becomes %s if a session cookie is sent', async (own, sent) => {
      expect((await bench.value(set('Cache-Control', own))).all('cache-control')).toEqual([sent]);
    });

    it('Cache-Control is unchanged if a session was only read', async () => {
      const answer = await bench.bare(async (exchange) => {
        await sessionsOf(exchange.request).get(Visit);
        exchange.response.send(set('Cache-Control', 'private, max-age=60')(exchange));
      });
      expect(answer.all('cache-control')).toEqual(['private, max-age=60']);
      expect(answer.all('vary')).toEqual(['Cookie']);
    });

    it.each<[string | string[], string]>([
      ['Origin', 'Origin, Cookie'],
      ['origin, cookie', 'origin, cookie'],
      ['Accept-Encoding,COOKIE', 'Accept-Encoding,COOKIE'],
      ['*', '*'],
      [['Origin', 'Accept'], 'Origin, Accept, Cookie'],
      ['X-Cookie', 'X-Cookie, Cookie'],
    ])('Vary %j becomes %s', async (own, sent) => {
      expect((await bench.value(set('Vary', own))).all('vary').join(', ')).toEqual(sent);
    });
  });

  describe('a response without a body', () => {
    it('HEAD: the head as for GET, without a body', async () => {
      const answer = await bench.value(() => 'some text', { method: 'HEAD' });
      expect([answer.status, answer.text]).toEqual([200, '']);
      expect(answer.cookies('visit')).toHaveLength(1);
      expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
      const viaRes = await bench.res(({ raw }) => raw.end('some text'), { method: 'HEAD' });
      expect([viaRes.status, viaRes.text]).toEqual([200, '']);
      expect(viaRes.cookies('visit')).toHaveLength(1);
    });

    it('204', async () => {
      const answer = await bench.value(({ response }) => void response.status(204));
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(answer.cookies('visit')).toHaveLength(1);
      expect(answer.all('content-length')).toEqual([]);
      const viaRes = await bench.res(({ raw }) => raw.writeHead(204).end());
      expect([viaRes.status, viaRes.cookies('visit').length]).toEqual([204, 1]);
    });

    it('304, for a matching ETag in Express or set by the handler', async () => {
      const first = await bench.value(() => 'the same text');
      const headers = { 'if-none-match': first.all('etag')[0] ?? '"mine"' };
      const answer = express
        ? await bench.value(() => 'the same text', { headers })
        : await bench.res(({ response }) => response.code(304).send(), { headers });
      expect([answer.status, answer.text]).toEqual([304, '']);
      expect(answer.cookies('visit')).toHaveLength(1);
      expect(bench.storage.taken().slice(-3)).toEqual(['write begins', 'write ends', 'the head arrives']);
    });

    it('early hints are sent at once and do not affect the response', async () => {
      const informed: number[] = [];
      const answer = await bench.res(
        ({ raw }) => {
          raw.writeEarlyHints({ link: '</style.css>; rel=preload' });
          raw.end('after the hints');
        },
        { onRequest: (request) => request.on('information', ({ statusCode }) => informed.push(statusCode)) },
      );
      expect(informed).toEqual([103]);
      expect([answer.status, answer.text]).toEqual([200, 'after the hints']);
      expect(answer.cookies('visit')).toHaveLength(1);
    });
  });

  describe('a route that uses no session', () => {
    it('has no added header and no replaced method on the response', async () => {
      const mine = ['writeHead', 'write', 'end', 'flushHeaders', 'headersSent', 'setHeader', 'writableEnded'];
      const answer = await bench.bare(({ raw, response }) => {
        response.send(mine.filter((name) => Object.hasOwn(raw, name)));
      });
      expect(answer.text).toBe('[]');
      for (const name of ['set-cookie', 'vary', 'cache-control']) expect(answer.all(name)).toEqual([]);
      expect(bench.storage.taken()).toEqual(['the head arrives']);
      expect(bench.events).toEqual([]);
    });

    it('has neither if the client sent a session cookie', async () => {
      const cookie = (await bench.value(() => 'sent')).cookie('visit');
      const answer = await bench.bare(({ response }) => response.send('sent'), { cookie });
      expect(answer.all('vary')).toEqual([]);
      expect(answer.all('set-cookie')).toEqual([]);
    });
  });
});
