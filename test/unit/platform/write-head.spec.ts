import { applyWriteHead } from '../../../src/platform/write-head.js';
import { wiredResponse } from './wire.js';

describe('applyWriteHead', () => {
  it.each<[string, unknown[], unknown[], Record<string, unknown>]>([
    ['a status alone', [201], [201], {}],
    ['a reason', [201, 'Made'], [201, 'Made'], {}],
    ['an object', [201, { 'X-A': '1', 'X-B': ['2', '3'] }], [201], { 'x-a': '1', 'x-b': ['2', '3'] }],
    ['a reason and an object', [201, 'Made', { 'X-A': 1 }], [201, 'Made'], { 'x-a': 1 }],
    ['no reason and an object', [201, undefined, { 'X-A': '1' }], [201], { 'x-a': '1' }],
    ['null and an object', [201, null, { 'X-A': '1' }], [201], { 'x-a': '1' }],
    ['a flat array', [201, ['X-A', '1', 'x-a', '2']], [201], { 'x-a': ['1', '2'] }],
    ['a flat array with a list', [201, ['X-A', ['1', '2']]], [201], { 'x-a': ['1', '2'] }],
    [
      'pairs',
      [
        201,
        [
          ['X-A', '1'],
          ['X-B', '2'],
        ],
      ],
      [201],
      { 'x-a': '1', 'x-b': '2' },
    ],
    ['an empty array', [201, []], [201], {}],
  ])('takes the headers of %s and leaves what is to be called', (_what, args, left, headers) => {
    const { response } = wiredResponse();
    expect(applyWriteHead(response, args, 201)).toEqual(left);
    expect(response.getHeaders()).toEqual(headers);
    expect(response.statusCode).toBe(201);
  });

  it('replaces headers that were set before, as Node does', () => {
    const { response } = wiredResponse();
    response.setHeader('X-A', 'before');
    applyWriteHead(response, [200, ['X-A', '1', 'X-A', '2']], 200);
    expect(response.getHeader('x-a')).toEqual(['1', '2']);
  });

  it.each<[string, unknown[], string]>([
    ['half a pair', [200, ['X-A']], 'ERR_INVALID_ARG_VALUE'],
    ['a header without a value', [200, { 'X-A': undefined }], 'ERR_HTTP_INVALID_HEADER_VALUE'],
    ['a flat array without a value', [200, ['X-A', undefined]], 'ERR_HTTP_INVALID_HEADER_VALUE'],
    ['a line break in a value', [200, { 'X-A': 'a\nb' }], 'ERR_INVALID_CHAR'],
    ['a line break in the reason', [200, 'a\nb'], 'ERR_INVALID_CHAR'],
    ['a name that is none', [200, { 'X A': '1' }], 'ERR_INVALID_HTTP_TOKEN'],
  ])('throws what Node throws for %s', (_what, args, code) => {
    const { response } = wiredResponse();
    expect(() => applyWriteHead(response, args, 200)).toThrow(expect.objectContaining({ code }));
  });
});
