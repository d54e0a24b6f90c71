import * as fc from 'fast-check';
import { cookieValues } from '../../../src/transport/cookie-header.js';

/** RFC 6265 section 4.2.1 as plainly as it can be written. */
function reference(header: string, name: string, limit: number): string[] {
  const blank = /^[ \t]+|[ \t]+$/g;
  return header
    .split(';')
    .map((pair) => [pair.indexOf('='), pair] as const)
    .filter(([equals, pair]) => equals >= 0 && pair.slice(0, equals).replace(blank, '') === name)
    .map(([equals, pair]) => pair.slice(equals + 1).trim())
    .slice(0, limit);
}

describe('cookieValues', () => {
  it.each([
    ['s=1', ['1']],
    ['a=0; s=1; b=2', ['1']],
    ['s=1; s=2;s=3', ['1', '2', '3']],
    ['s = 1 ; b=2', ['1']],
    ['\ts\t=\t1\t', ['1']],
    ['s=a=b==', ['a=b==']],
    ['s=', ['']],
    ['s="1"', ['"1"']],
    ['s', []],
    ['', []],
    [';;; ;', []],
    ['=1', []],
    ['s;s=1', ['1']],
    ['ss=1; xs=2; s2=3', []],
    ['a="s=1"; b="; s=2"', ['2"']],
    ['a=s=1', []],
  ])('reads %j', (header, values) => {
    expect(cookieValues(header, 's', 8)).toEqual(values);
  });

  it('compares names byte for byte, without decoding', () => {
    const header = '__%48ost-x=1; __host-x=2; __HOST-x=3; "__Host-x"=4; =__Host-x=5; __Host-x=6';
    expect(cookieValues(header, '__Host-x', 8)).toEqual(['6']);
  });

  it('reads several header lines as Node joins them for HTTP/2', () => {
    expect(cookieValues(['a=1', 's=x', 'b=2'].join('; '), 's', 8)).toEqual(['x']);
  });

  it('gives all values of one name in order, but no more than the limit', () => {
    const header = Array.from({ length: 1000 }, (_, index) => `s=${index}`).join('; ');
    expect(cookieValues(header, 's', 3)).toEqual(['0', '1', '2']);
    expect(cookieValues(header, 's', 0)).toEqual([]);
  });

  it('reads whatever is sent as a plain parser does', () => {
    const piece = fc.constantFrom(
      's',
      'ss',
      'S',
      '=',
      ';',
      ' ',
      '\t',
      '"',
      '; ',
      'v',
      '%73',
      ',',
      '\u00a0',
      'x=',
      's=',
    );
    const header = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
      fc.string(),
    );
    fc.assert(
      fc.property(header, fc.constantFrom('s', 'ss', 'x'), fc.integer({ min: 0, max: 4 }), (text, name, limit) => {
        expect(cookieValues(text, name, limit)).toEqual(reference(text, name, limit));
      }),
      { numRuns: 2000 },
    );
  });

  // A time that grows with the square of the length would keep the test from ending.
  it.each([
    ['semicolons', ';'],
    ['spaces', ' '],
    ['names', 's'],
    ['cookies of other names', 'a=b; '],
    ['names without value', 's;'],
    ['spaces between name and end', 's   ;'],
  ])('reads a megabyte of %s in one pass', (_, piece) => {
    const header = piece.repeat(Math.ceil(2 ** 20 / piece.length));
    expect(cookieValues(`${header}; s=1`, 's', 8)).toEqual(['1']);
  });
});
