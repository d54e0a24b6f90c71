import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { Readable } from 'node:stream';
import { sessionsOf } from 'nestjs-sessions';
import { platforms } from '../support/platforms.js';
import { holdBench, type BenchOptions, type Handler, type HoldBench } from './hold-bench.js';
import { makeCertificate } from './hold-certificate.js';
import { answerOf, Gate, realProcess, Visit, watchUncaught, type RawAnswer } from './hold-support.js';
import { until } from '../support/until.js';

const fastify = platforms.find(({ name }) => name === 'fastify')!;

describe.each(['sync', 'async'])('an onSend hook, %s, on fastify', (kind) => {
  const seen: string[] = [];
  const bench = holdBench(fastify, {
    prepare: (app) => {
      const instance = (app as NestFastifyApplication).getHttpAdapter().getInstance();
      if (kind === 'sync') {
        instance.addHook('onSend', (_request, reply, payload, done) => {
          seen.push('onSend');
          reply.header('x-hook', 'yes');
          done(null, typeof payload === 'string' ? `[${payload}]` : payload);
        });
      } else {
        instance.addHook('onSend', async (_request, reply, payload) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          seen.push('onSend');
          reply.header('x-hook', 'yes');
          return typeof payload === 'string' ? `[${payload}]` : payload;
        });
      }
    },
  });
  watchUncaught();
  beforeEach(() => void (seen.length = 0));

  const answers: Array<[way: string, ask: (bench: HoldBench) => Promise<RawAnswer>, text: string]> = [
    ['a value', (bench) => bench.value(() => 'sent'), '[sent]'],
    ['send', (bench) => bench.res(({ response }) => response.send('sent')), '[sent]'],
    ['a stream', (bench) => bench.res(({ response }) => response.send(Readable.from(['se', 'nt']))), 'sent'],
    [
      'an async handler that sends',
      (bench) =>
        bench.res(async ({ response }) => {
          await new Promise((resolve) => setImmediate(resolve));
          await response.send('sent');
        }),
      '[sent]',
    ],
  ];

  it.each(answers)('%s: runs once, before the head, and all headers arrive', async (_way, ask, text) => {
    const answer = await ask(bench);
    expect([answer.status, answer.text]).toEqual([200, text]);
    expect(seen).toEqual(['onSend']);
    expect(answer.all('x-hook')).toEqual(['yes']);
    expect(answer.cookies('visit')).toHaveLength(1);
    expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
    expect(bench.eventTypes()).toEqual(['created']);
  });

  it('raw end: the hook does not run, but the session is stored', async () => {
    const answer = await bench.res(({ raw }) => raw.end('sent'));
    expect([answer.text, seen.length, answer.cookies('visit').length]).toEqual(['sent', 0, 1]);
  });
});

describe('a session changed in an onSend hook, on fastify', () => {
  const bench = holdBench(fastify, {
    prepare: (app) => {
      const instance = (app as NestFastifyApplication).getHttpAdapter().getInstance();
      instance.addHook('onSend', async (request, _reply, payload) => {
        const visit = await sessionsOf(request).getOrSet(Visit, () => new Visit());
        visit.count += 10;
        return payload;
      });
    },
  });
  watchUncaught();

  it('is stored before the head is sent, with or without an earlier store', async () => {
    const answer = await bench.value(() => 'sent');
    expect(answer.cookies('visit')).toHaveLength(1);
    expect(bench.storage.taken().at(-1)).toBe('the head arrives');
    expect(await bench.stored(answer.cookie('visit'))).toBe(11);
  });
});

describe('trailers of a reply, on fastify', () => {
  const bench = holdBench(fastify);
  watchUncaught();

  it('arrive after the body', async () => {
    const answer = await bench.res(({ response }) => {
      response.trailer('x-sum', (_reply: unknown, payload: string, done: (error: null, value: string) => void) =>
        done(null, String(payload.length)),
      );
      response.send('abcdef');
    });
    expect([answer.text, answer.trailers['x-sum']]).toEqual(['abcdef', '6']);
    expect(answer.cookies('visit')).toHaveLength(1);
  });
});

describe('app.inject, on fastify', () => {
  const bench = holdBench(fastify);
  watchUncaught();

  const inject = (handler: Handler, url: string, cookie?: string) => {
    bench.handler = handler;
    return (bench.running!.app as NestFastifyApplication).inject({ url, headers: cookie ? { cookie } : {} });
  };

  it.each<[string, string, Handler]>([
    ['a value', '/value', () => 'sent'],
    ['send', '/res', ({ response }) => response.send('sent')],
    ['raw end', '/res', ({ raw }) => raw.end('sent')],
    ['raw chunks', '/res', ({ raw }) => (raw.write('se'), raw.end('nt'))],
    ['writeHead', '/res', ({ raw }) => raw.writeHead(200, { 'set-cookie': 'own=1' }).end('sent')],
    ['a stream', '/res', ({ response }) => response.send(Readable.from(['se', 'nt']))],
  ])('%s: the session is stored and sent', async (_way, url, handler) => {
    const response = await inject(handler, url);
    expect([response.statusCode, response.payload]).toEqual([200, 'sent']);
    const cookies = [response.headers['set-cookie']].flat().map(String);
    const ours = cookies.filter((line) => line.startsWith('visit='));
    expect(ours).toHaveLength(1);
    expect(bench.storage.taken()).toEqual(['write begins', 'write ends']);
    const again = await inject(handler, '/peek', ours[0]!.split(';')[0]);
    expect(again.json()).toEqual({ count: 1 });
  });

  it('an unknown route: 404', async () => {
    expect((await inject(() => undefined, '/nowhere')).statusCode).toBe(404);
  });

  it('a storage that fails: 503 without a cookie', async () => {
    bench.storage.failing = true;
    const response = await inject(({ response }) => response.send('secret'), '/res');
    expect(response.statusCode).toBe(503);
    expect(response.payload).not.toContain('secret');
    expect(response.headers['set-cookie']).toBeUndefined();
  });
});

// Node warns once per process, so this collects the warnings of all tests in this file.
const warnings: string[] = [];
const warn = ({ message }: Error): void => void warnings.push(message);
beforeAll(() => realProcess().on('warning', warn));
afterAll(() => {
  realProcess().off('warning', warn);
  expect(warnings.filter((message) => message.includes('HTTP/2'))).toEqual([]);
});

/** Sends a request over HTTP/2, and records the arrival of the head. */
function ask(
  client: ClientHttp2Session,
  bench: HoldBench,
  path: string,
  handler: Handler,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  bench.handler = handler;
  return new Promise((resolve, reject) => {
    const stream = client.request({ ':path': path, ...headers });
    const chunks: Buffer[] = [];
    let head: IncomingHttpHeaders = {};
    let trailers: Record<string, string | undefined> = {};
    stream.on('response', (received) => {
      bench.arrive();
      head = received;
    });
    stream.on('trailers', (received) => (trailers = received as Record<string, string>));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      const lines = Object.entries(head).flatMap(([name, value]) =>
        [value ?? []].flat().map((one) => [name, one] as const),
      );
      resolve(answerOf(Number(head[':status']), '', lines, Buffer.concat(chunks), { trailers }));
    });
    stream.end();
  });
}

function http2Tests(secure: boolean, options: BenchOptions): void {
  let client: ClientHttp2Session;
  // Before the application closes, because it waits for its connections.
  afterAll(() => new Promise<void>((resolve) => client.close(resolve)));
  const bench = holdBench(fastify, options);
  watchUncaught();
  beforeAll(() => {
    const url = secure ? bench.url.replace('http:', 'https:') : bench.url;
    client = connect(url, { rejectUnauthorized: false });
  });

  it.each<[string, string, Handler, number?]>([
    ['a value', '/value', () => 'sent'],
    ['send', '/res', ({ response }) => response.send('sent')],
    ['raw end', '/res', ({ raw }) => raw.end('sent')],
    ['raw chunks', '/res', ({ raw }) => (raw.write('se'), raw.end('nt'))],
    ['writeHead, an object', '/res', ({ raw }) => raw.writeHead(202, { 'x-own': 'kept' }).end('sent'), 202],
    ['writeHead, pairs', '/res', ({ raw }) => raw.writeHead(202, [['x-own', 'kept']]).end('sent'), 202],
    ['a stream', '/res', ({ response }) => response.send(Readable.from(['se', 'nt']))],
    ['a stream into the raw response', '/res', ({ raw }) => void Readable.from(['se', 'nt']).pipe(raw)],
    ['flushHeaders', '/res', ({ raw }) => (raw.flushHeaders(), setTimeout(() => raw.end('sent'), 20))],
    ['a late timer', '/res', ({ response }) => void setTimeout(() => response.send('sent'), 5)],
  ])('%s: stored before the head is sent', async (_way, path, handler, status = 200) => {
    const answer = await ask(client, bench, path, handler);
    expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
    expect([answer.status, answer.text]).toEqual([status, 'sent']);
    expect(answer.cookies('visit')).toHaveLength(1);
    expect(answer.cookies('visit')[0]!.includes('; Secure')).toBe(secure);
    expect(bench.eventTypes()).toEqual(['created']);
    const again = await ask(client, bench, '/peek', handler, { cookie: answer.cookie('visit') });
    expect(again.text).toBe('{"count":1}');
  });

  it('cookies of the application are kept', async () => {
    const answer = await ask(client, bench, '/res', ({ raw }) =>
      raw.writeHead(200, { 'set-cookie': ['own=1', 'other=2'] }).end('sent'),
    );
    expect(answer.all('set-cookie').slice(0, 2)).toEqual(['own=1', 'other=2']);
    expect(answer.cookies('visit')).toHaveLength(1);
  });

  it('4 MiB while the head is held: all data arrives', async () => {
    const gate = new Gate();
    bench.storage.gate = gate.opened;
    const asked = ask(
      client,
      bench,
      '/res',
      ({ raw }) =>
        void Readable.from(Array.from({ length: 64 }, (_, index) => Buffer.alloc(64 * 1024, index))).pipe(raw),
    );
    await until(() => bench.storage.sequence.includes('write begins'));
    gate.open();
    const { body } = await asked;
    expect(body.length).toBe(64 * 64 * 1024);
    for (let index = 0; index < 64; index++) expect(body[index * 64 * 1024 + 100]).toBe(index);
  });

  it('streams of one connection are held separately', async () => {
    const gate = new Gate();
    bench.storage.gate = gate.opened;
    const slow = ask(client, bench, '/res', ({ response }) => response.send('slow'));
    await until(() => bench.storage.sequence.includes('write begins'));
    const quick = await ask(client, bench, '/bare', ({ response }) => response.send('quick'));
    expect(quick.text).toBe('quick');
    gate.open();
    expect((await slow).text).toBe('slow');
  });

  it('double sends give the errors of HTTP/2', async () => {
    const codes: unknown[] = [];
    const attempt = (run: () => unknown): void => {
      try {
        run();
      } catch (error) {
        codes.push((error as { code?: string }).code);
      }
    };
    const answer = await ask(client, bench, '/res', ({ raw }) => {
      raw.end('once');
      attempt(() => raw.setHeader('x-late', 'yes'));
      attempt(() => raw.removeHeader('vary'));
      attempt(() => raw.writeHead(500, { 'x-late': 'yes' }));
      attempt(() => raw.end());
      codes.push(raw.headersSent, raw.writableEnded);
      raw.statusCode = 500;
    });
    expect(codes).toEqual(['ERR_HTTP2_HEADERS_SENT', 'ERR_HTTP2_HEADERS_SENT', 'ERR_HTTP2_HEADERS_SENT', true, true]);
    expect([answer.status, answer.text]).toEqual([200, 'once']);
  });

  it('HEAD, 204 and 304: the head without a body', async () => {
    const head = await ask(client, bench, '/value', () => 'sent', { ':method': 'HEAD' });
    expect([head.status, head.text, head.cookies('visit').length]).toEqual([200, '', 1]);
    for (const status of [204, 304]) {
      const answer = await ask(client, bench, '/res', ({ response }) => response.code(status).send());
      expect([answer.status, answer.text, answer.cookies('visit').length]).toEqual([status, '', 1]);
    }
  });

  it('a storage that fails: 503 without the body', async () => {
    bench.storage.failing = true;
    for (const handler of [
      ({ response }) => response.send('secret'),
      ({ raw }) => (raw.write('secret'), raw.end('secret')),
      ({ raw }) => void Readable.from(['secret', 'secret']).pipe(raw),
    ] satisfies Handler[]) {
      const answer = await ask(client, bench, '/res', handler);
      expect([answer.status, JSON.parse(answer.text)]).toEqual([503, expect.objectContaining({ statusCode: 503 })]);
      expect(answer.text).not.toContain('secret');
      expect(answer.cookies('visit')).toEqual([]);
    }
    bench.storage.failing = false;
  });

  it.each(['the stream', 'the connection'])(
    'a client that drops %s while the head is held: the session is stored, without an error',
    async (what) => {
      const gate = new Gate();
      bench.storage.gate = gate.opened;
      const other = connect(secure ? bench.url.replace('http:', 'https:') : bench.url, { rejectUnauthorized: false });
      other.on('error', () => undefined);
      bench.handler = ({ response }) => response.send('never read');
      const stream = other.request({ ':path': '/res' });
      stream.on('error', () => undefined);
      stream.end();
      await until(() => bench.storage.sequence.includes('write begins'));
      if (what === 'the stream') stream.close(constants.NGHTTP2_CANCEL);
      else other.destroy();
      await new Promise((resolve) => setTimeout(resolve, 30));
      gate.open();
      await until(() => bench.storage.sequence.includes('write ends'));
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(bench.eventTypes()).toEqual(['created']);
      other.destroy();
    },
  );
}

describe('HTTP/2 without TLS (h2c), on fastify', () => {
  http2Tests(false, { adapter: new FastifyAdapter({ http2: true }) as never });
});

// Express does not support HTTP/2.
describe('HTTP/2 over TLS, on fastify', () => {
  http2Tests(true, { adapter: new FastifyAdapter({ http2: true, https: makeCertificate() }) as never });
});
