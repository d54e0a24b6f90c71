import { isHttp2, rawRequestOf, rawResponseOf } from '../../../src/platform/raw-exchange.js';
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
