import type { CookieEncoding } from 'nestjs-sessions/core';
import { KtorCookieTransport, type KtorCookieConfiguration, type KtorVersion } from 'nestjs-sessions/ktor';
import { RecordedCall } from '../unit/ktor/recorded-call.js';
import { KtorTestFile } from './conformance.js';

const BARE: KtorCookieConfiguration = { maxAgeInSeconds: null, path: null, httpOnly: false };
const EPOCH = 'Thu, 01 Jan 1970 00:00:00 GMT';

function line(name: string, value: string, configuration: KtorCookieConfiguration = {}, now = 0): string {
  const call = new RecordedCall();
  new KtorCookieTransport(name, { ...BARE, ...configuration }, [], { now: () => now }).send(call, value);
  return call.cookies.get(name)!;
}

const beforeEncoding = (text: string): string => text.slice(0, text.indexOf('; $x-enc='));

function read(header: string, name: string, encoding: CookieEncoding = 'uri'): string | undefined {
  return new KtorCookieTransport(name, { encoding }).receive(new RecordedCall({ cookie: header }))[0];
}

function cleared(name: string, configuration: KtorCookieConfiguration, version: KtorVersion): string {
  const call = new RecordedCall();
  new KtorCookieTransport(name, { ...BARE, ...configuration }, [], { version }).clear(call);
  return call.cookies.get(name)!;
}

export function cookieCases(): void {
  encodingCases();
  responseCases();
  renderCases();
  parserCases();
}

function encodingCases(): void {
  const files: ReadonlyArray<readonly [string, CookieEncoding, ReadonlyArray<readonly [string, string]>]> = [
    [
      'URIEncodingCookiesTest',
      'uri',
      [
        ['abc', 'abc'],
        ['abc 123', 'abc+123'],
        ['abc=123', 'abc%3D123'],
        ['0123456789', '0123456789'],
        ['abcXYZ', 'abcXYZ'],
        ['-', '-'],
        ['_', '_'],
        ['.', '.'],
        ['~', '~'],
      ],
    ],
    [
      'Base64EncodingCookiesTest',
      'base64',
      [
        ['abc', 'YWJj'],
        ['abc 123', 'YWJjIDEyMw=='],
        ['abc=123', 'YWJjPTEyMw=='],
      ],
    ],
    [
      'DQuotesCookiesEncodingTest',
      'dquotes',
      [
        ['abc', 'abc'],
        ['abc 123', '"abc 123"'],
        ['abc=123', 'abc=123'],
      ],
    ],
    [
      'RawCookieTest',
      'raw',
      [['my.value.key=my.value.value+my.value.id=5', 'my.value.key=my.value.value+my.value.id=5']],
    ],
  ];
  for (const [name, encoding, cases] of files) {
    const file = new KtorTestFile(name);
    for (const [value, text] of cases) {
      file.it(`${name}: ${value} is ${text}`, () => {
        expect(beforeEncoding(line('name', value, { encoding }))).toBe(`name=${text}`);
        expect(read(`name=${text}`, 'name', encoding)).toBe(value);
      });
    }
  }
}

function responseCases(): void {
  const file = new KtorTestFile('CookiesTest');
  const reads: ReadonlyArray<readonly [string, CookieEncoding, string, string | undefined]> = [
    ['SESSION=123; HOST=abc', 'uri', '123', 'abc'],
    ['$Version=1; SESSION=456; $Path=/; HOST=def', 'uri', '456', 'def'],
    ['SESSION=456;$Path=/; HOST=def', 'uri', '456', 'def'],
    ['SESSION=1+2', 'uri', '1 2', undefined],
    ['SESSION="1 2"', 'dquotes', '1 2', undefined],
  ];
  for (const [header, encoding, session, host] of reads) {
    file.it(`reads ${header}`, () => {
      expect([read(header, 'SESSION', encoding), read(header, 'HOST', encoding)]).toEqual([session, host]);
    });
  }
  const writes: ReadonlyArray<readonly [string, () => string]> = [
    ['SESSION=123', () => line('SESSION', '123')],
    [
      'SESSION=123; Secure; Flag; Test=1',
      () => line('SESSION', '123', { secure: true, extensions: { Flag: null, Test: '1' } }),
    ],
    [`SESSION=; Expires=${EPOCH}`, () => cleared('SESSION', {}, '2.3')],
    ['AB=1-2', () => line('AB', '1-2')],
    ['A=1', () => line('A', '1', { encoding: 'dquotes' })],
    ['A="1 2"', () => line('A', '1 2', { encoding: 'dquotes' })],
    ['S=secret; Secure', () => line('S', 'secret', { secure: true })],
  ];
  for (const [expected, write] of writes) {
    file.it(`writes ${expected}`, () => {
      expect(beforeEncoding(write())).toBe(expected);
    });
  }
  file.it('writes SESSION=123; Max-Age=7', () => {
    expect(line('SESSION', '123', { maxAgeInSeconds: 7 })).toMatch(/^SESSION=123; Max-Age=7; /);
  });
  file.it('appends a cookie and gets it back', () => {
    expect(read(line('a', '1'), 'a')).toBe('1');
  });
  file.it('writes two cookies', () => {
    const call = new RecordedCall();
    for (const [name, value] of [
      ['a', '1'],
      ['b', '2'],
    ] as const) {
      new KtorCookieTransport(name, BARE).send(call, value);
    }
    expect([...call.cookies.values()].map(beforeEncoding)).toEqual(['a=1', 'b=2']);
  });

  const jvm = new KtorTestFile('CookiesTest (JVM)');
  const AUGUST = Date.UTC(2015, 7, 18);
  for (const source of ['a date', 'an instant']) {
    jvm.it(`writes Expires of ${source}`, () => {
      const text = line('SESSION', '123', { maxAgeInSeconds: 60 }, AUGUST - 60_000);
      expect(text).toContain('; Expires=Tue, 18 Aug 2015 00:00:00 GMT; ');
    });
  }
  jvm.it('writes Expires of a date in another zone', () => {
    const now = Date.parse('2015-08-18T00:00:00+03:00') - 60_000;
    expect(line('SESSION', '123', { maxAgeInSeconds: 60 }, now)).toContain('; Expires=Mon, 17 Aug 2015 21:00:00 GMT; ');
  });
  jvm.it('writes a secure session cookie behind a proxy', () => {
    expect(line('S', 'x', { secure: true })).toContain('; Secure');
  });
}

function renderCases(): void {
  const file = new KtorTestFile('RenderSetCookieTest');
  const base64 = { encoding: 'base64' } as const;
  file.it('renders an extension', () => {
    expect(line('name', 'value', { ...base64, extensions: { foo: 'bar' } })).toBe(
      'name=dmFsdWU=; foo=bar; $x-enc=BASE64_ENCODING',
    );
  });
  file.it('renders an extension with a comma as it is', () => {
    expect(line('name', 'value', { ...base64, extensions: { foo: 'b,ar' } })).toBe(
      'name=dmFsdWU=; foo=b,ar; $x-enc=BASE64_ENCODING',
    );
  });
  file.it('renders Max-Age of 0, 10 and null', () => {
    expect(line('name', 'value', { maxAgeInSeconds: 0 })).toBe('name=value; Max-Age=0; $x-enc=URI_ENCODING');
    expect(line('name', 'value', { maxAgeInSeconds: 10 })).toBe(
      'name=value; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:10 GMT; $x-enc=URI_ENCODING',
    );
    expect(line('name', 'value')).toBe('name=value; $x-enc=URI_ENCODING');
  });
}

function parserCases(): void {
  const file = new KtorTestFile('ParseClientCookiesHeaderTest');
  const all = (header: string, name: string): ReadonlyArray<string | undefined> =>
    new KtorCookieTransport(name, { encoding: 'raw' }).receive(new RecordedCall({ cookie: header }));
  const cases: ReadonlyArray<readonly [string, string, string, readonly string[]]> = [
    ['one cookie', 'x=1', 'x', ['1']],
    ['three cookies', 'a=1; b=2; c=3', 'b', ['2']],
    ['duplicates, kept by the list', 'x=3; x=1', 'x', ['1', '3']],
    ['duplicates, the last kept by the map', 'x=3; x=1; y=2; x=2', 'x', ['2', '1', '3']],
    ['quotes around a value with spaces', 'name="value with spaces"', 'name', ['value with spaces']],
    ['$x-enc, skipped', 'x=1; $x-enc=URI_ENCODING', 'x', ['1']],
    ['nothing', '', 'x', []],
    ['the order of duplicates', 'x=3; x=1; x=2', 'x', ['2', '1', '3']],
  ];
  for (const [name, header, cookie, values] of cases) {
    file.it(name, () => {
      expect(all(header, cookie)).toEqual(values);
    });
  }
  file.notApplicable('$x-enc kept with a flag', 'a session cannot be called like that, and nothing else is read');

  const setCookie = new KtorTestFile('ParserServerSetCookieTest');
  for (let index = 1; index <= 11; index++) {
    setCookie.notApplicable(
      `ParserServerSetCookieTest ${index}`,
      "takes a server's Set-Cookie apart; that is a client's affair",
    );
  }
}
