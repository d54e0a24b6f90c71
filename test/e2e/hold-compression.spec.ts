import { Logger, StreamableFile } from '@nestjs/common';
import { jest } from '@jest/globals';
import compression from 'compression';
import { Readable } from 'node:stream';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { sessionsOf } from 'nestjs-sessions';
import { platforms } from '../support/platforms.js';
import { holdBench, type Handler, type HoldBench } from './hold-bench.js';
import { Visit, watchUncaught, type RawAnswer } from './hold-support.js';

// Fastify's plugin compresses in onSend; only the Express middleware replaces response methods.
const express = platforms.find(({ name }) => name === 'express')!;

const LINE = 'a line that compresses well, since there are many of it\n';
const SMALL = 'too little to compress';
const LARGE = LINE.repeat(1000);

function textOf(answer: RawAnswer): string {
  switch (answer.all('content-encoding').join()) {
    case 'gzip':
      return gunzipSync(answer.body).toString();
    case 'br':
      return brotliDecompressSync(answer.body).toString();
    default:
      return answer.text;
  }
}

const typed = ({ raw }: Parameters<Handler>[0]): void => raw.setHeader('Content-Type', 'text/plain');

const ways: Array<[way: string, handler: Handler, text: string, encoded: boolean]> = [
  ['small text', ({ response }) => response.type('text').send(SMALL), SMALL, false],
  ['large text', ({ response }) => response.type('text').send(LARGE), LARGE, true],
  ['an object', ({ response }) => response.json({ LARGE }), JSON.stringify({ LARGE }), true],
  ['raw end', (exchange) => (typed(exchange), exchange.raw.end(LARGE)), LARGE, true],
  [
    'many chunks',
    (exchange) => {
      typed(exchange);
      for (let index = 0; index < 1000; index++) exchange.raw.write(LINE);
      exchange.raw.end();
    },
    LARGE,
    true,
  ],
  [
    'a stream',
    (exchange) => {
      typed(exchange);
      return Readable.from(Array.from({ length: 1000 }, () => LINE)).pipe(exchange.raw);
    },
    LARGE,
    true,
  ],
  [
    'a large stream',
    (exchange) => {
      typed(exchange);
      return Readable.from(Array.from({ length: 64 }, () => LINE.repeat(1200))).pipe(exchange.raw);
    },
    LINE.repeat(64 * 1200),
    true,
  ],
  [
    'writeHead',
    ({ raw }) => raw.writeHead(200, { 'Content-Type': 'text/plain', 'Set-Cookie': 'own=1' }).end(LARGE),
    LARGE,
    true,
  ],
  [
    'no-transform',
    ({ response }) => response.type('text').set('Cache-Control', 'no-transform').send(LARGE),
    LARGE,
    false,
  ],
];

function tests(bench: HoldBench): void {
  watchUncaught();

  describe.each(['gzip', 'br'])('%s', (encoding) => {
    it.each(ways)('%s', async (_way, handler, text, encoded) => {
      const answer = await bench.res(handler, { headers: { 'accept-encoding': encoding } });
      expect(answer.all('content-encoding')).toEqual(encoded ? [encoding] : []);
      expect(textOf(answer)).toBe(text);
      expect(answer.broken).toBe(false);
      expect(answer.cookies('visit')).toHaveLength(1);
      expect(answer.all('vary').join()).toContain('Cookie');
      expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
      expect(await bench.stored(answer.cookie('visit'))).toBeGreaterThan(0);
    });
  });

  it('a value and a file are compressed', async () => {
    const headers = { 'accept-encoding': 'gzip' };
    const value = await bench.value(({ response }) => (response.type('text'), LARGE), { headers });
    expect([textOf(value), value.cookies('visit').length]).toEqual([LARGE, 1]);
    const file = await bench.value(() => new StreamableFile(Buffer.from(LARGE), { type: 'text/plain' }), { headers });
    expect([textOf(file), file.cookies('visit').length]).toEqual([LARGE, 1]);
  });

  it('a session that is only read: the response is not held, and the body is compressed', async () => {
    const headers = { 'accept-encoding': 'gzip' };
    const cookie = (await bench.value(() => 'in')).cookie('visit');
    bench.storage.taken();
    const answer = await bench.bare(
      async ({ request, response }) => {
        await sessionsOf(request).get(Visit);
        response.type('text').send(LARGE);
      },
      { headers, cookie },
    );
    expect(textOf(answer)).toBe(LARGE);
    expect(answer.all('content-encoding')).toEqual(['gzip']);
  });

  it.each(ways)('a storage that fails: 503 and a readable body, instead of %s', async (_way, handler) => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    bench.storage.failing = true;
    const answer = await bench.res(handler, { headers: { 'accept-encoding': 'gzip' } });
    bench.storage.failing = false;
    expect(answer.status).toBe(503);
    expect(JSON.parse(textOf(answer))).toMatchObject({ statusCode: 503 });
    expect(answer.cookies('visit')).toEqual([]);
    expect(answer.broken).toBe(false);
    await bench.value(() => 'well again');
    jest.restoreAllMocks();
  });
}

describe('compression middleware before the first use of a session, on express', () => {
  tests(holdBench(express, { prepare: (app) => void app.use(compression()) }));
});

describe('compression middleware after the first use of a session, on express', () => {
  tests(
    holdBench(express, {
      prepare: (app) => {
        app.use((request: object, _response: unknown, next: () => void) => {
          sessionsOf(request);
          next();
        });
        app.use(compression());
      },
    }),
  );
});

describe('compression middleware between two uses, and twice, on express', () => {
  tests(
    holdBench(express, {
      prepare: (app) => {
        app.use(compression({ threshold: 1_000_000_000 }));
        app.use((request: object, _response: unknown, next: () => void) => {
          sessionsOf(request);
          next();
        });
        app.use(compression());
      },
    }),
  );
});
