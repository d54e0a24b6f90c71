import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import { platforms } from '../support/platforms.js';
import { talk } from '../support/talk.js';
import { holdBench, type Handler } from './hold-bench.js';
import { Gate, watchUncaught } from './hold-support.js';
import { until } from '../support/until.js';

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

describe.each(platforms)('held responses and their connections, on $name', (platform) => {
  const bench = holdBench(platform);
  watchUncaught();

  it('each response on a kept connection is held separately', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    const note = {
      agent,
      onRequest: (request: any) => request.on('socket', (socket: any) => ports.add(socket.localPort)),
    };
    try {
      let cookie: string | undefined;
      for (let turn = 1; turn <= 4; turn++) {
        const answer = await bench.res(({ response }) => response.send('sent'), { ...note, cookie });
        expect(bench.storage.taken()).toEqual([
          turn === 1 ? 'write begins' : 'replace begins',
          turn === 1 ? 'write ends' : 'replace ends',
          'the head arrives',
        ]);
        if (turn === 1) cookie = answer.cookie('visit');
      }
      expect((await bench.bare(({ response }) => response.send('bare'), note)).all('set-cookie')).toEqual([]);
      expect((await bench.get('/peek', { ...note, cookie })).text).toBe('{"count":4}');
      expect(ports.size).toBe(1);
    } finally {
      agent.destroy();
    }
  });

  it('a failed commit leaves the connection usable', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      bench.storage.failing = true;
      const failed = await bench.res(
        ({ raw }) => {
          raw.setHeader('content-length', 1000);
          raw.write('begun');
          raw.end();
        },
        { agent },
      );
      expect([failed.status, failed.broken]).toEqual([503, false]);
      // The removal of what may have been written is retried, which the next test must not see.
      bench.storage.failing = false;
      await until(() => bench.storage.sequence.includes('invalidate ends'));
      expect((await bench.value(() => 'well again', { agent })).text).toBe('well again');
    } finally {
      agent.destroy();
    }
  });

  it('pipelined requests are answered in order, each with its own cookie and one head', async () => {
    bench.handler = ({ response, visit }) => response.send(`visit ${visit.count}`);
    const ask = 'GET /res HTTP/1.1\r\nHost: x\r\n\r\n';
    const last = 'GET /bare HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const received = await talk(bench.url, ask + ask + last);
    expect(count(received, /HTTP\/1\.1 200 OK\r\n/g)).toBe(3);
    expect(count(received, /\r\nset-cookie: visit=/gi)).toBe(2);
    expect(received.split('visit 1')).toHaveLength(3);
    expect(received.endsWith('visit 0')).toBe(true);
  });

  it('an HTTP/1.0 client gets its response and the end of the connection', async () => {
    bench.handler = ({ raw }) => Readable.from(['visit ', 'in pieces']).pipe(raw);
    const received = await talk(bench.url, 'GET /res HTTP/1.0\r\n\r\n');
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(received).toMatch(/\r\nset-cookie: visit=/i);
    expect(received.endsWith('\r\n\r\nvisit in pieces')).toBe(true);
  });

  describe('a client that goes away', () => {
    const handlers: Array<[when: string, handler: Handler]> = [
      ['a text', ({ response }) => response.send('never read')],
      ['chunks', ({ raw }) => (raw.write('never'), raw.end('read'))],
      ['a stream', ({ raw }) => void Readable.from(Array.from({ length: 100 }, () => 'never read')).pipe(raw)],
    ];

    it.each(handlers)(
      'while the head of %s is held: the session is stored, without an error',
      async (_when, handler) => {
        const gate = new Gate();
        bench.storage.gate = gate.opened;
        const gone = bench
          .res(handler, {
            onRequest: (request) => {
              void until(() => bench.storage.sequence.includes('write begins')).then(() => request.destroy());
            },
          })
          .catch((error: { code?: string }) => error.code);
        expect(await gone).toBe('ECONNRESET');
        await new Promise((resolve) => setTimeout(resolve, 20));
        gate.open();
        await until(() => bench.storage.sequence.includes('write ends'));
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(bench.storage.taken()).toEqual(['write begins', 'write ends']);
        expect(bench.eventTypes()).toEqual(['created']);
      },
    );

    it('before the handler has ended: handler and commit complete', async () => {
      const gate = new Gate();
      let started = false;
      const gone = bench
        .value(
          async () => {
            started = true;
            await gate.opened;
            return 'never read';
          },
          { onRequest: (request) => void until(() => started).then(() => request.destroy()) },
        )
        .catch((error: { code?: string }) => error.code);
      expect(await gone).toBe('ECONNRESET');
      gate.open();
      await until(() => bench.storage.sequence.includes('write ends'));
      expect(bench.storage.taken()).toEqual(['write begins', 'write ends']);
    });

    it('while the storage fails: no partial write and no unhandled rejection', async () => {
      const gate = new Gate();
      bench.storage.gate = gate.opened;
      bench.storage.failing = true;
      const gone = bench
        .res(({ response }) => response.send('never read'), {
          onRequest: (request) => {
            void until(() => bench.storage.sequence.includes('write begins')).then(() => request.destroy());
          },
        })
        .catch((error: { code?: string }) => error.code);
      expect(await gone).toBe('ECONNRESET');
      gate.open();
      await until(() => bench.storage.sequence.includes('write fails'));
      await new Promise((resolve) => setTimeout(resolve, 20));
      // A record that may have been written is removed.
      expect(bench.storage.taken().slice(0, 2)).toEqual(['write begins', 'write fails']);
      expect(bench.storage.size).toBeLessThan(20);
      // The removal is retried, which the next test must not see.
      bench.storage.failing = false;
      await until(() => bench.storage.sequence.includes('invalidate ends'));
    });

    it('in the middle of the body: the session was stored before the first byte', async () => {
      const answer = await bench.res(
        ({ raw }) => {
          raw.write('the first byte');
          raw.on('close', () => bench.storage.sequence.push('the response closes'));
        },
        {
          onRequest: (request) => request.on('response', (response) => response.once('data', () => request.destroy())),
        },
      );
      expect(answer.broken).toBe(true);
      await until(() => bench.storage.sequence.includes('the response closes'));
      expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives', 'the response closes']);
    });

    it('an application that destroys the response while it is held', async () => {
      const gone = bench
        .res(({ raw }) => {
          raw.write('never sent');
          raw.destroy();
        })
        .catch((error: { code?: string }) => error.code);
      expect(await gone).toBe('ECONNRESET');
      await until(() => bench.storage.sequence.includes('write ends'));
    });
  });

  it('many parallel requests each get their own session', async () => {
    bench.handler = ({ response, visit }) => response.send(`visit ${visit.count}`);
    const answers = await Promise.all(Array.from({ length: 50 }, () => bench.get('/res')));
    const cookies = new Set(answers.map((answer) => answer.cookie('visit')));
    expect(cookies.size).toBe(50);
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['visit 1']));
  });
});
