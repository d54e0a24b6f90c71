import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { currentResponseOf, isHttp2, rawRequestOf, rawResponseOf } from '../../../src/platform/raw-exchange.js';
import { wiredResponse } from './wire.js';

describe('rawRequestOf', () => {
  it('finds Node’s request behind Fastify’s, and itself', () => {
    const { req } = wiredResponse().response;
    expect(rawRequestOf(req)).toBe(req);
    expect(rawRequestOf({ raw: req, headers: { not: 'asked' } })).toBe(req);
  });

  it.each([undefined, null, 'text', 5, {}, { raw: {} }, { headers: 'text' }, () => undefined])(
    '%p is none',
    (value) => {
      expect(rawRequestOf(value)).toBeUndefined();
    },
  );
});

describe('rawResponseOf', () => {
  it('finds Node’s response behind Fastify’s, and itself', () => {
    const { response } = wiredResponse();
    expect(rawResponseOf(response)).toBe(response);
    expect(rawResponseOf({ raw: response })).toBe(response);
  });

  it.each([undefined, null, 'text', {}, { raw: {} }, { writeHead: 'text' }])('%p is none', (value) => {
    expect(rawResponseOf(value)).toBeUndefined();
  });
});

describe('isHttp2', () => {
  it('tells the two kinds of Node apart', () => {
    expect(isHttp2(wiredResponse().response)).toBe(false);
    expect(isHttp2({ stream: undefined } as never)).toBe(true);
  });
});

describe('currentResponseOf', () => {
  it('finds the response to a request while it is being answered', async () => {
    const found: unknown[] = [];
    const server = createServer((request, response) => {
      found.push(currentResponseOf(request) === response);
      response.on('close', () => found.push(currentResponseOf(request))).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => get({ port, host: '127.0.0.1', agent: false }, resolve));
    await new Promise((resolve) => server.close(resolve));
    expect(found).toEqual([true, undefined]);
  });

  it('takes that to another request for none, and knows nothing of HTTP/2 or of no connection', () => {
    const { response } = wiredResponse();
    const socket = { _httpMessage: response };
    expect(currentResponseOf({ httpVersionMajor: 1, socket } as never)).toBeUndefined();
    expect(currentResponseOf({ httpVersionMajor: 2, socket } as never)).toBeUndefined();
    expect(currentResponseOf({ httpVersionMajor: 1 } as never)).toBeUndefined();
    expect(currentResponseOf({} as never)).toBeUndefined();
  });
});
