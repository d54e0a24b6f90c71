import * as fc from 'fast-check';
import {
  decodeCookieValue as decode,
  encodeCookieValue as encode,
  type CookieEncoding,
} from '../../../src/transport/cookie-encoding.js';
import { cookieValues } from '../../../src/transport/cookie-header.js';
import { anyText } from '../../support/any-text.js';

const ENCODINGS: readonly CookieEncoding[] = ['uri', 'base64', 'raw', 'dquotes'];
const cookieText = fc.oneof(
  anyText(),
  fc.string({ unit: 'grapheme' }),
  fc.string(),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.json(),
);

describe('uri', () => {
  it.each([
    // Vectors recorded from Ktor.
    ['a b;c', 'a+b%3Bc'],
    ['{"id":"john"}', '%7B%22id%22%3A%22john%22%7D'],
    ['-._~', '-._~'],
    ["!'()*", '%21%27%28%29%2A'],
    ['a+b', 'a%2Bb'],
    ['ü€😀', '%C3%BC%E2%82%AC%F0%9F%98%80'],
    ['', ''],
    ['\0\r\n', '%00%0D%0A'],
  ])('writes %j as %s, and reads it', (value, text) => {
    expect(encode(value, 'uri')).toBe(text);
    expect(decode(text, 'uri')).toBe(value);
  });

  it('escapes all ASCII punctuation but - . _ ~', () => {
    const punctuation = '!"#$%&\'()*+,/:;<=>?@[\\]^`{|}';
    const escaped = punctuation
      .split('')
      .map((one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
      .join('');
    expect(encode(punctuation, 'uri')).toBe(escaped);
  });

  it('escapes each of them alone among letters, control characters and whatever is not ASCII, and nothing else', () => {
    for (let code = 0; code < 0x180; code++) {
      const character = String.fromCharCode(code);
      const isUnreserved = /^[A-Za-z0-9\-._~]$/.test(character);
      expect([character, encode(`a${character}z`, 'uri') === `a${character}z`]).toEqual([character, isUnreserved]);
    }
  });

  it.each([
    // What older Ktor servers and other clients write.
    ['%2D%2d', '--'],
    ['a%20b+c', 'a b c'],
    ['{"a":1}', '{"a":1}'],
    ['%e2%82%ac', '€'],
    ['"quoted"', '"quoted"'],
  ])('reads %s too', (text, value) => {
    expect(decode(text, 'uri')).toBe(value);
  });

  it.each(['%zz', '%', '%1', 'a%2', '%%41', '%u0041', '%-1', '% 1'])('refuses the bad escape %s', (text) => {
    expect(decode(text, 'uri')).toBeUndefined();
  });

  it.each([
    ['%ff', '\ufffd'],
    ['a%C3', 'a\ufffd'],
    ['%C3ü', '\ufffdü'],
    ['%80+b', '\ufffd b'],
  ])('reads octets that are not UTF-8 as U+FFFD, as Ktor does: %s', (text, value) => {
    expect(decode(text, 'uri')).toBe(value);
  });

  it('writes a lone surrogate as ?, as Ktor does', () => {
    expect(encode('a\ud800b\udc00', 'uri')).toBe('a%3Fb%3F');
  });
});

describe('base64', () => {
  it.each([
    ['', ''],
    ['a', 'YQ=='],
    ['{"id":"john"}', 'eyJpZCI6ImpvaG4ifQ=='],
    ['ü?>', 'w7w/Pg=='],
  ])('writes %j as %s, and reads it', (value, text) => {
    expect(encode(value, 'base64')).toBe(text);
    expect(decode(text, 'base64')).toBe(value);
  });

  it.each(['YQ', 'YQ=', '-_8=', 'YW Jj', 'Y', '=', '====', 'YQ==YQ==', 'YQ==\n', '"YQ=="'])(
    'refuses %j: standard alphabet, padding required',
    (text) => {
      expect(decode(text, 'base64')).toBeUndefined();
    },
  );

  it('takes what is base64 to its last character, and nothing else', () => {
    const exact = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
    // Characters whose low byte is a letter of base64 or its `=` among them.
    const character = fc.constantFrom(...Array.from('ABz09+/+/====-_ \n,%ä\u{1F600}\ud800\u0141\u013d'));
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 13 }), (text) => {
        const expected = exact.test(text) ? Buffer.from(text, 'base64').toString('utf8') : undefined;
        expect(decode(text, 'base64')).toBe(expected);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('raw', () => {
  it.each(['', 'abc', 'a b', '{"id":"q"}', 'a,b', '"', 'a"b"', '=', '\\'])('leaves %j as it is', (value) => {
    expect(encode(value, 'raw')).toBe(value);
    expect(decode(value, 'raw')).toBe(value);
  });

  it.each(['a;b', 'a\nb', 'a\r\nSet-Cookie: x=y', 'a\tb', '\0', '\u007f', 'ü', '€', ' a', 'a ', '"a"', '""'])(
    'refuses %j, which would not come back as it was',
    (value) => {
      expect(encode(value, 'raw')).toBeUndefined();
    },
  );

  it('takes one pair of quotes off', () => {
    expect(decode('"a b"', 'raw')).toBe('a b');
    expect(decode('""a""', 'raw')).toBe('"a"');
    expect(decode('"', 'raw')).toBe('"');
    expect(decode('"a', 'raw')).toBe('"a');
  });
});

describe('dquotes', () => {
  it.each([
    ['abc', 'abc'],
    ['', ''],
    ['a b', '"a b"'],
    ['a,b', '"a,b"'],
    [' a ', '" a "'],
  ])('writes %j as %s, and reads it', (value, text) => {
    expect(encode(value, 'dquotes')).toBe(text);
    expect(decode(text, 'dquotes')).toBe(value);
  });

  it.each(['"', 'a"b', '{"id":1}', 'a\nb', 'a\tb', '\u007f', 'ü'])('refuses %j', (value) => {
    expect(encode(value, 'dquotes')).toBeUndefined();
  });

  it('refuses ";" even in quotes, because browsers cut the value there', () => {
    expect(encode('a;b', 'dquotes')).toBeUndefined();
  });
});

describe('every encoding', () => {
  it.each(ENCODINGS)('%s brings back each value that it takes', (encoding) => {
    fc.assert(
      fc.property(cookieText, (value) => {
        const text = encode(value, encoding);
        if (text === undefined) return;
        const carried = encoding === 'uri' ? value.replace(/\p{Surrogate}/gu, '?') : Buffer.from(value).toString();
        expect(decode(text, encoding)).toBe(carried);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['uri', 'base64'] as const)('%s takes every value', (encoding) => {
    fc.assert(fc.property(cookieText, (value) => encode(value, encoding) !== undefined));
  });

  it.each(ENCODINGS)('%s gives only what a Set-Cookie line and a Cookie header carry unchanged', (encoding) => {
    fc.assert(
      fc.property(cookieText, (value) => {
        const text = encode(value, encoding);
        if (text === undefined) return;
        expect(text).toMatch(/^[\u0020-\u003a\u003c-\u007e]*$/);
        expect(cookieValues(`a=1; s=${text}; b=2`, 's', 8)).toEqual([text]);
      }),
      { numRuns: 500 },
    );
  });

  it.each(ENCODINGS)('%s never throws, whatever a client sends', (encoding) => {
    fc.assert(
      fc.property(
        fc.oneof(
          cookieText,
          fc.string().map((text) => `%${text}`),
        ),
        (text) => {
          const value = decode(text, encoding);
          expect(value === undefined || typeof value === 'string').toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
