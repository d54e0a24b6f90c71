import { Logger, StreamableFile } from '@nestjs/common';
import { jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { platforms } from '../support/platforms.js';
import { holdBench, type Handler } from './hold-bench.js';
import { Gate, rawOf, watchUncaught } from './hold-support.js';
import { until } from '../support/until.js';

const PIECE = 64 * 1024;
const PIECES = 64;

function piece(index: number): Buffer {
  return Buffer.alloc(PIECE, createHash('sha256').update(String(index)).digest());
}

const WHOLE = createHash('sha256');
for (let index = 0; index < PIECES; index++) WHOLE.update(piece(index));
const DIGEST = WHOLE.digest('hex');

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

/** A stream of 4 MiB that counts the bytes read. */
class Source {
  asked = 0;
  readonly stream = new Readable({
    highWaterMark: PIECE,
    read: () => {
      this.stream.push(this.asked < PIECES ? piece(this.asked) : null);
      this.asked++;
    },
  });
}

describe.each(platforms)('the body of a held response, on $name', (platform) => {
  const bench = holdBench(platform);
  watchUncaught();
  afterEach(() => jest.restoreAllMocks());

  const ways: Array<[way: string, answer: (stream: Readable, exchange: Parameters<Handler>[0]) => unknown]> = [
    ['pipe into the raw response', (stream, { raw }) => void stream.pipe(raw)],
    [
      'the platform’s own way',
      (stream, { response }) => void (response.raw ? response.send(stream) : stream.pipe(response)),
    ],
    ['pipeline', (stream, { raw }) => pipeline(stream, raw)],
    [
      'a write loop that waits for drain',
      async (stream, { raw }) => {
        for await (const chunk of stream) {
          if (!raw.write(chunk)) await new Promise((resolve) => raw.once('drain', resolve));
        }
        raw.end();
      },
    ],
    [
      'a write loop that waits for callbacks',
      async (stream, { raw }) => {
        for await (const chunk of stream) await new Promise((resolve) => raw.write(chunk, resolve));
        raw.end();
      },
    ],
  ];

  it.each(ways)(
    '4 MiB by %s: no data is read ahead while the head is held, and all data arrives in order',
    async (_way, answer) => {
      const gate = new Gate();
      bench.storage.gate = gate.opened;
      const source = new Source();
      const asked = bench.res((exchange) => answer(source.stream, exchange));
      await until(() => bench.storage.sequence.includes('write begins') && source.asked > 0);
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(source.asked).toBeLessThanOrEqual(4);
      expect(bench.storage.sequence).toEqual(['write begins']);
      gate.open();
      const response = await asked;
      expect(response.body.length).toBe(PIECE * PIECES);
      expect(digestOf(response.body)).toBe(DIGEST);
      expect(response.broken).toBe(false);
      expect(response.cookies('visit')).toHaveLength(1);
      expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
    },
  );

  it('4 MiB written at once, ignoring back-pressure: all data arrives', async () => {
    const answer = await bench.res(({ raw }) => {
      for (let index = 0; index < PIECES; index++) raw.write(piece(index));
      raw.end();
    });
    expect(digestOf(answer.body)).toBe(DIGEST);
  });

  it('4 MiB as a StreamableFile: all data arrives', async () => {
    const answer = await bench.value(() => new StreamableFile(new Source().stream, { length: PIECE * PIECES }));
    expect(digestOf(answer.body)).toBe(DIGEST);
    expect(answer.all('content-length')).toEqual([String(PIECE * PIECES)]);
    expect(answer.cookies('visit')).toHaveLength(1);
  });

  it('after a drain, the response behaves as if it was not held', async () => {
    const answer = await bench.res(async ({ raw }) => {
      raw.write('a');
      await new Promise((resolve) => raw.once('drain', resolve));
      const flowing = raw.write('b');
      raw.end(String(flowing));
    });
    expect(answer.text).toBe('abtrue');
  });

  it('drain is emitted once, and not on a response that has ended', async () => {
    const drained: string[] = [];
    const answer = await bench.res(({ raw }) => {
      raw.on('drain', () => drained.push('drain'));
      raw.write('a');
      raw.end('b');
    });
    expect(answer.text).toBe('ab');
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(drained).toEqual([]);
  });

  it('text is written in the requested encoding', async () => {
    const answer = await bench.res(({ raw }) => {
      raw.write('c3a9', 'hex');
      raw.write('é', 'latin1');
      raw.end('w6k=', 'base64');
    });
    expect(answer.body).toEqual(Buffer.from([0xc3, 0xa9, 0xe9, 0xc3, 0xa9]));
  });

  // Node throws only after it has created the head.
  it('an unknown encoding aborts the response and is reported, without hanging', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const asked = bench.res(({ raw }) => raw.end('text', 'klingon')).catch(({ code }: { code?: string }) => code);
    expect(await asked).toBe('ECONNRESET');
    expect(error.mock.calls.map(([message]) => message)).toEqual([
      expect.stringContaining('Unknown encoding: klingon'),
    ]);
  });

  it('an explicit Content-Length is kept, and the body is not chunked', async () => {
    const answer = await bench.res(({ raw }) => {
      raw.setHeader('Content-Length', 6);
      raw.write('abc');
      raw.end('def');
    });
    expect(answer.all('content-length')).toEqual(['6']);
    expect(answer.all('transfer-encoding')).toEqual([]);
    expect(answer.text).toBe('abcdef');
  });

  it('Content-Length is computed for a body that ends at once', async () => {
    const answer = await bench.res(({ raw }) => raw.end('abcdef'));
    expect(answer.all('content-length')).toEqual(['6']);
  });

  it('trailers are sent after the body', async () => {
    const answer = await bench.res(({ raw }) => {
      raw.setHeader('Trailer', 'x-sum');
      raw.write('abc');
      raw.addTrailers({ 'x-sum': '6' });
      raw.end('def');
    });
    expect([answer.text, answer.trailers['x-sum']]).toEqual(['abcdef', '6']);
    expect(answer.cookies('visit')).toHaveLength(1);
  });

  describe('a StreamableFile whose stream fails', () => {
    beforeEach(() => void jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined));

    it('before its first chunk: an error response, with the session that was stored before', async () => {
      const stream = new Readable({
        read() {
          this.destroy(new Error('no such thing'));
        },
      });
      const answer = await bench.value(() => new StreamableFile(stream));
      expect(answer.status).toBe(platform.name === 'express' ? 400 : 500);
      expect(answer.cookies('visit')).toHaveLength(1);
      expect(await bench.stored(answer.cookie('visit'))).toBe(1);
    });

    it('after its first chunk: an aborted response, with the session', async () => {
      let read = 0;
      const stream = new Readable({
        read() {
          if (read++ === 0) this.push('begun');
          else setTimeout(() => this.destroy(new Error('gone')), 30);
        },
      });
      const answer = await bench.value(() => new StreamableFile(stream));
      expect([answer.status, answer.text, answer.broken]).toEqual([200, 'begun', true]);
      expect(answer.cookies('visit')).toHaveLength(1);
    });
  });

  it('a stream that fails while the head is held aborts the response, without hanging', async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const gate = new Gate();
    bench.storage.gate = gate.opened;
    const asked = bench
      .res(({ response }) => {
        const stream = new Readable({ read: () => undefined });
        stream.push('begun');
        if (response.raw) response.send(stream);
        else pipeline(stream, rawOf(response)).catch(() => undefined);
        setTimeout(() => stream.destroy(new Error('gone')), 10);
        setTimeout(() => gate.open(), 30);
      })
      .catch((error: { code?: string }) => error.code);
    expect(await asked).toBe('ECONNRESET');
    await until(() => bench.storage.sequence.includes('write ends'));
  });
});
