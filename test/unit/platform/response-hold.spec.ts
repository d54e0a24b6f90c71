import type { OutgoingHttpHeaders } from 'node:http';
import { ResponseHold, type ResponseGate } from '../../../src/platform/response-hold.js';
import { settled, wiredResponse, type Wired } from './wire.js';

class FakeGate implements ResponseGate {
  readonly statuses: number[] = [];
  applied = 0;
  held = false;
  committing: Promise<void> | undefined;
  finish!: () => void;
  break!: (error: unknown) => void;

  /** Makes the next commit something to wait for. */
  pending(): this {
    this.committing = new Promise((resolve, reject) => {
      this.finish = resolve;
      this.break = reject;
    });
    return this;
  }
  commit(statusCode: number): Promise<void> | undefined {
    this.statuses.push(statusCode);
    return this.committing;
  }
  isSettled(): boolean {
    return this.committing === undefined;
  }
  readonly call = {
    hasBytes: false,
    joinedWith: (handed: OutgoingHttpHeaders): OutgoingHttpHeaders => {
      this.applied++;
      return { ...handed, 'set-cookie': 'visit=1' };
    },
    applyTo: (response: { appendHeader(name: string, value: string): unknown }): void => {
      this.applied++;
      response.appendHeader('set-cookie', 'visit=1');
    },
  };
  failure(error: unknown): { statusCode: number; body: string } {
    return { statusCode: 503, body: `failed: ${(error as Error).message}` };
  }
}

function hold(gate: FakeGate, method?: string): Wired {
  const wired = wiredResponse(method);
  new ResponseHold(wired.response, gate);
  return wired;
}

describe('ResponseHold', () => {
  it('asks for nothing until the application responds', () => {
    const gate = new FakeGate();
    hold(gate);
    expect(gate.statuses).toEqual([]);
  });

  it('with nothing to commit everything goes on in the same tick, with our headers', () => {
    const gate = new FakeGate();
    const { response, sent } = hold(gate);
    response.statusCode = 201;
    expect(response.write('a')).toBe(true);
    expect(response.headersSent).toBe(true);
    response.end('b');
    expect(gate.statuses).toEqual([201]);
    expect([gate.applied, gate.held]).toEqual([1, false]);
    expect(sent()).toMatch(/^HTTP\/1\.1 201 Created\r\nset-cookie: visit=1\r\n/);
  });

  it.each<[string, (response: Wired['response']) => unknown, number]>([
    ['writeHead', (response) => response.writeHead(206), 206],
    ['writeHead with a status in a text, which Node takes', (response) => response.writeHead('206' as never), 206],
    ['write', (response) => response.write('a'), 200],
    ['end', (response) => response.end(), 200],
    ['flushHeaders', (response) => response.flushHeaders(), 200],
  ])('%s: nothing leaves before the commit', async (_what, respond, status) => {
    const gate = new FakeGate().pending();
    const { response, sent } = hold(gate);
    respond(response);
    await settled();
    expect(sent()).toBe('');
    expect(gate.statuses).toEqual([status]);
    expect([gate.held, gate.applied]).toEqual([true, 0]);
    gate.finish();
    await settled();
    response.end();
    expect(gate.statuses).toEqual([status]);
    expect([gate.held, gate.applied]).toEqual([false, 1]);
    expect(sent()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(sent().match(/set-cookie: visit=1/g)).toHaveLength(1);
  });

  it('headers in an object go on in one piece, with ours, where nothing else stands on the response', () => {
    const gate = new FakeGate();
    const { response, sent } = hold(gate);
    response.writeHead(201, { 'X-Own': 'kept' }).end('a');
    expect(gate.applied).toBe(1);
    expect(response.getHeaderNames()).toEqual([]);
    expect(sent()).toMatch(/^HTTP\/1\.1 201 Created\r\nX-Own: kept\r\nset-cookie: visit=1\r\n/);
  });

  it('headers that were set before meet those in an object', () => {
    const gate = new FakeGate();
    const { response, sent } = hold(gate);
    response.setHeader('X-Before', 'kept');
    response.writeHead(201, { 'X-Own': 'kept' }).end('a');
    expect(gate.applied).toBe(1);
    expect(sent()).toMatch(/^HTTP\/1\.1 201 Created\r\nX-Before: kept\r\nX-Own: kept\r\nset-cookie: visit=1\r\n/);
  });

  it('headers that Node refuses are refused at the caller, who can answer otherwise, with our headers', () => {
    const gate = new FakeGate();
    const { response, sent } = hold(gate);
    expect(() => response.writeHead(201, { 'X-Bad': 'line\nbreak' })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_CHAR' }),
    );
    expect(sent()).toBe('');
    response.writeHead(500).end('b');
    expect(gate.statuses).toEqual([500]);
    expect(sent()).toMatch(/^HTTP\/1\.1 500 .+\r\nset-cookie: visit=1\r\n/);
  });

  it('replays in order', async () => {
    const gate = new FakeGate().pending();
    const { response, sent } = hold(gate);
    response.writeHead(200, { 'Content-Length': '6' });
    response.write('ab');
    response.flushHeaders();
    response.write(Buffer.from('cd'));
    response.end('ef');
    gate.finish();
    await settled();
    expect(sent()).toMatch(/\r\n\r\nabcdef$/);
  });

  it('leaves informational heads alone', async () => {
    const gate = new FakeGate().pending();
    const { response, sent } = hold(gate);
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    await settled();
    expect(sent()).toMatch(/^HTTP\/1\.1 103 Early Hints/);
    expect(gate.statuses).toEqual([]);
  });

  it('a head that something below has sent is not touched again', () => {
    const gate = new FakeGate();
    const { response, sent } = hold(gate);
    response.writeHead(101, { Upgrade: 'something' });
    response.end();
    expect(gate.applied).toBe(0);
    expect(sent()).toMatch(/^HTTP\/1\.1 101 /);
  });

  it('answers by itself when the commit fails, and swallows the rest', async () => {
    const gate = new FakeGate().pending();
    const { response, sent } = hold(gate);
    const called: string[] = [];
    response.writeHead(206, 'Partly', { 'Content-Length': '100', ETag: '"body"', 'X-Own': 'kept' });
    response.write('secret', () => called.push('write'));
    gate.break(new Error('on fire'));
    await settled();
    response.write('secret', () => called.push('later write'));
    response.writeHead(200);
    response.flushHeaders();
    response.end('secret', () => called.push('end'));
    response.end('secret');
    await settled();
    expect(sent()).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(sent()).toMatch(/\r\n\r\nfailed: on fire$/);
    expect(sent()).toContain('X-Own: kept');
    expect(sent()).not.toMatch(/secret|etag|Content-Length: 100/i);
    expect(called).toEqual(['later write', 'end']);
  });

  it('a failure that cannot even be told breaks the connection off', async () => {
    const gate = new FakeGate().pending();
    gate.failure = () => {
      throw new Error('the logger is broken too');
    };
    const { response, sent } = hold(gate);
    response.end('secret');
    gate.break(new Error('on fire'));
    await settled();
    expect(response.destroyed).toBe(true);
    expect(sent()).toBe('');
  });

  it('a call that Node refuses at replay does not leave half an answer waiting', async () => {
    const gate = new FakeGate().pending();
    const { response } = hold(gate);
    response.end('text', 'klingon' as never);
    gate.finish();
    await settled();
    expect(response.destroyed).toBe(true);
    expect(gate.applied).toBe(1);
  });

  it('middleware that throws as the head leaves: one failure, one set of our headers', async () => {
    const gate = new FakeGate().pending();
    const wired = wiredResponse();
    const { response } = wired;
    const writeHead = response.writeHead.bind(response);
    let broken = true;
    response.writeHead = (statusCode: number) => {
      if (!broken) return writeHead(statusCode);
      broken = false;
      throw new Error('not now');
    };
    new ResponseHold(response, gate);
    response.end('secret');
    gate.finish();
    await settled();
    expect(wired.sent()).toMatch(/^HTTP\/1\.1 503 /);
    expect(wired.sent()).toMatch(/failed: not now$/);
    expect(wired.sent().match(/set-cookie/g)).toHaveLength(1);
  });

  it('goes on with what other middleware had put there, and puts back what it covered', async () => {
    const gate = new FakeGate().pending();
    const wired = wiredResponse();
    const { response } = wired;
    const calls: string[] = [];
    const { end } = response;
    response.end = ((...args: unknown[]) => {
      calls.push('their end');
      return (end as (...all: unknown[]) => unknown).apply(response, args);
    }) as typeof response.end;
    const setHeader = response.setHeader.bind(response);
    response.setHeader = (name: string, value: string) => {
      calls.push(`their setHeader ${name}`);
      return setHeader(name, value);
    };
    new ResponseHold(response, gate);
    response.end('text');
    expect(() => response.setHeader('x-late', '1')).toThrow('Cannot set headers');
    gate.finish();
    await settled();
    expect(calls).toEqual(['their setHeader set-cookie', 'their end']);
    expect(wired.sent()).toMatch(/\r\n\r\ntext$/);
  });

  it('tells those who wait for drain where they really listen', async () => {
    const gate = new FakeGate().pending();
    const wired = wiredResponse();
    const { response } = wired;
    // As compression does: listeners go to a stream of its own.
    const elsewhere = wiredResponse().response;
    const on = response.on.bind(response);
    response.on = ((name: string, listener: () => void) =>
      name === 'drain' ? elsewhere.on(name, listener) : on(name, listener)) as typeof response.on;
    new ResponseHold(response, gate);
    const drained: string[] = [];
    response.on('drain', () => drained.push('elsewhere'));
    on('drain', () => drained.push('here'));
    response.write('a');
    gate.finish();
    await settled();
    expect(drained).toEqual(['elsewhere', 'here']);
    expect(elsewhere.listenerCount('drain')).toBe(1);
  });

  it('an error of a drain listener is the application’s, and the answer goes on', async () => {
    const gate = new FakeGate().pending();
    const { response, sent } = hold(gate);
    response.once('drain', () => response.end('b'));
    response.write('a');
    gate.finish();
    await settled();
    expect(sent()).toContain('a\r\n1\r\nb\r\n0\r\n\r\n');
  });
});
