import * as fc from 'fast-check';
import { SessionTooLargeError } from 'nestjs-sessions';
import {
  KtorCookieTransport,
  KtorHeaderTransport,
  type KtorCookieConfiguration,
  type KtorVersion,
} from 'nestjs-sessions/ktor';
import { RecordedCall } from './recorded-call.js';

const NOW = Date.UTC(2015, 7, 18);

function transport(configuration: KtorCookieConfiguration = {}, version: KtorVersion = '3.5', name = 'U') {
  return new KtorCookieTransport(name, configuration, [], { version, now: () => NOW });
}

function sent(value: string, configuration: KtorCookieConfiguration = {}, version: KtorVersion = '3.5', name = 'U') {
  const call = new RecordedCall();
  transport(configuration, version, name).send(call, value);
  return call.cookies.get(name);
}

function cleared(configuration: KtorCookieConfiguration, version: KtorVersion = '3.5', name = 'U') {
  const call = new RecordedCall();
  transport(configuration, version, name).clear(call);
  return call.cookies.get(name);
}

function received(cookie: string, configuration: KtorCookieConfiguration = {}, version: KtorVersion = '3.5') {
  return transport(configuration, version).receive(new RecordedCall({ cookie }));
}

const FULL: KtorCookieConfiguration = {
  domain: 'foo.bar',
  path: '/p_x',
  secure: true,
  extensions: { SameSite: 'Strict', Partitioned: null, Priority: 'High' },
  maxAgeInSeconds: 10,
};

describe('KtorCookieTransport', () => {
  it('writes attributes in the order of Ktor, the encoding last', () => {
    expect(sent('{"id":"john"}')).toBe(
      'U=%7B%22id%22%3A%22john%22%7D; Max-Age=604800; Expires=Tue, 25 Aug 2015 00:00:00 GMT; Path=/; HttpOnly; ' +
        '$x-enc=URI_ENCODING',
    );
    expect(sent('{"id":"x"}', FULL, '3.5', 'FULL')).toBe(
      'FULL=%7B%22id%22%3A%22x%22%7D; Max-Age=10; Expires=Tue, 18 Aug 2015 00:00:10 GMT; Domain=foo.bar; Path=/p_x; ' +
        'Secure; HttpOnly; SameSite=Strict; Partitioned; Priority=High; $x-enc=URI_ENCODING',
    );
  });

  it.each<[KtorVersion, string]>([
    [
      '3.5',
      'FULL=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=foo.bar; Path=/p_x; Secure; HttpOnly; ' +
        'SameSite=Strict; Partitioned; Priority=High; $x-enc=URI_ENCODING',
    ],
    [
      '2.3',
      'FULL=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=foo.bar; Path=/p_x; Secure; HttpOnly; ' +
        'SameSite=Strict; Partitioned; Priority=High; $x-enc=URI_ENCODING',
    ],
    ['1.5', 'FULL=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=foo.bar; Path=/p_x; $x-enc=URI_ENCODING'],
  ])('clears the cookie as Ktor %s does', (version, line) => {
    expect(cleared(FULL, version, 'FULL')).toBe(line);
  });

  it.each<[KtorCookieConfiguration, string]>([
    [{ maxAgeInSeconds: null }, ''],
    [{ maxAgeInSeconds: 0 }, '; Max-Age=0'],
    [{ maxAgeInSeconds: 1.5 }, '; Max-Age=2; Expires=Tue, 18 Aug 2015 00:00:02 GMT'],
    [{ maxAgeInSeconds: 2.5 }, '; Max-Age=3; Expires=Tue, 18 Aug 2015 00:00:03 GMT'],
    [{ maxAgeInSeconds: 36_500 * 86_400 }, '; Max-Age=2147483647; Expires=Thu, 25 Jul 2115 00:00:00 GMT'],
    [{ maxAgeInSeconds: Infinity }, '; Max-Age=2147483647; Expires=Sat, 13 Sep 275760 00:00:00 GMT'],
  ])('writes the lifetime of %j', (configuration, text) => {
    expect(sent('v', configuration)).toBe(`U=v${text}; Path=/; HttpOnly; $x-enc=URI_ENCODING`);
  });

  it('omits a Max-Age of 0 before 3.0, and writes SameSite before other extensions', () => {
    expect(sent('v', { maxAgeInSeconds: 0, path: null, httpOnly: false }, '2.3')).toBe('U=v; $x-enc=URI_ENCODING');
    expect(sent('v', { maxAgeInSeconds: null, sameSite: 'None', extensions: { Partitioned: null } })).toBe(
      'U=v; Path=/; HttpOnly; SameSite=None; Partitioned; $x-enc=URI_ENCODING',
    );
  });

  const value = (text: string, encoding: KtorCookieConfiguration['encoding'], version?: KtorVersion) =>
    sent(text, { encoding: encoding!, maxAgeInSeconds: null, path: null, httpOnly: false }, version);

  it.each<[KtorCookieConfiguration['encoding'], KtorVersion, string, string]>([
    ['uri', '3.5', 'a b;c', 'a+b%3Bc'],
    [
      'uri',
      '3.5',
      '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
      '%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E_%60%7B%7C%7D~',
    ],
    ['uri', '1.5', 'a b-._~', 'a+b%2D%2E%5F%7E'],
    ['uri', '3.5', '\ud800', '%3F'],
    ['base64', '3.5', 'abc 123', 'YWJjIDEyMw=='],
    ['raw', '3.5', 'my.value.key=my.value.value+my.value.id=5', 'my.value.key=my.value.value+my.value.id=5'],
    ['raw', '3.5', '{"a":"b c"}', '{"a":"b c"}'],
    ['raw', '3.5', 'é', 'Ã©'],
    ['dquotes', '3.5', 'abc', 'abc'],
    ['dquotes', '3.5', 'abc 123', '"abc 123"'],
    ['dquotes', '3.5', 'a;b', '"a;b"'],
    ['dquotes', '3.6', 'a\tb', '"a\tb"'],
    ['uri', '2.2', 'a b-._~', 'a+b-._~'],
    ['dquotes', '3.5', 'abc=123', 'abc=123'],
  ])('with encoding %s in version %s writes %j', (encoding, version, text, cookie) => {
    expect(value(text, encoding, version)).toMatch(new RegExp(`^U=${escaped(cookie)}; \\$x-enc=`));
    expect(received(`U=${cookie}`, { encoding: encoding! }, version)).toEqual([text === '\ud800' ? '?' : text]);
  });

  it.each<[KtorCookieConfiguration['encoding'], KtorVersion, string]>([
    ['dquotes', '3.5', 'a"b'],
    ['dquotes', '3.5', 'a\nb'],
    ['raw', '3.5', 'a;b'],
    ['raw', '3.5', ' a'],
    ['raw', '3.5', '"a"'],
    ['raw', '2.3', 'a b'],
    ['raw', '1.5', 'a"b'],
  ])('with encoding %s in version %s rejects %j', (encoding, version, text) => {
    expect(() => value(text, encoding, version)).toThrow('The cookie value contains characters that cannot be encoded');
  });

  it('rejects a value above the size limit of browsers', () => {
    expect(() => sent('x'.repeat(4096))).toThrow(SessionTooLargeError);
  });

  it.each<[string, readonly string[]]>([
    ['U=123; HOST=abc', ['123']],
    ['$Version=1; U=456; $Path=/; HOST=def', ['456']],
    ['U=456;$Path=/; HOST=def', ['456']],
    ['U=1+2', ['1 2']],
    ['U="1 2"', ['1 2']],
    ['a=b; U = x ; c=d', ['x ']],
    ['U', ['']],
    ['U=1; U=2; U=3', ['3', '2', '1']],
    ['u=1', []],
    ['XU=1; U2=2', []],
    ['x="a; U=1"; U=2', ['2']],
    ['U=%7B%22userId%22%3A%22id1%22%7D; Max-Age=3600; Path=/; HttpOnly; $x-enc=URI_ENCODING', ['{"userId":"id1"}']],
    ['U=a=b', ['a=b']],
    ['U=""', ['']],
    ['U="', ['"']],
    ['U="a"b; x', ['a']],
    ['U="a; U=b', ['b', '"a']],
    ['\tU\t=\t1', ['1']],
    ['U x=1', ['']],
    ['U{=1; {U=2; =3; U=4', ['4', '']],
    [';;U=1;', ['1']],
    ['="x;U=1"', ['1"']],
    ['U=%ED%A0%80x', ['\ufffdx']],
    ['U=%C3Ã©', ['\ufffdé']],
    ['U={"a":"Ã©"}', ['{"a":"é"}']],
    ['', []],
  ])('reads the cookies of the header %j', (header, values) => {
    expect(received(header)).toEqual(values);
  });

  it.each<[string, KtorCookieConfiguration, KtorVersion]>([
    ['%zz', {}, '3.5'],
    ['%', {}, '3.5'],
    ['YQ', { encoding: 'base64' }, '3.5'],
    ['-_8=', { encoding: 'base64' }, '3.5'],
    ['YW Jj', { encoding: 'base64' }, '3.4'],
  ])('reads the undecodable value %j as undefined', (text, configuration, version) => {
    expect(received(`U=${text}`, configuration, version)).toEqual([undefined]);
  });

  it('reads a single quote as a value, and trims white space around quotes', () => {
    expect(received('U= " ', { encoding: 'raw' })).toEqual(['"']);
    expect(received('U= "a b" ', { encoding: 'raw' })).toEqual(['a b']);
    expect(received('U=a ; b', { encoding: 'raw' })).toEqual(['a ']);
  });

  it('reads values that later versions reject, in earlier versions', () => {
    expect(received('U=YQ', { encoding: 'base64' }, '2.3')).toEqual(['a']);
    expect(received('U=YQ%3D%3D', { encoding: 'base64' }, '1.5')).toEqual(['YQ==']);
  });

  it('reads any header without an error', () => {
    fc.assert(
      fc.property(fc.string(), (header) => Array.isArray(received(`${header}; U=1`))),
      { numRuns: 1000 },
    );
  });

  it.each(['a b', 'a;b', 'a"b', '', 'a=b', '$a', 'é'])('rejects the name %j', (name) => {
    expect(() => new KtorCookieTransport(name)).toThrow(`Cookie name is not valid: ${name}`);
  });

  it.each<[KtorCookieConfiguration, string]>([
    [{ maxAgeInSeconds: -1 }, "maxAgeInSeconds shouldn't be negative: -1"],
    [{ maxAgeInSeconds: Number.NaN }, "maxAgeInSeconds shouldn't be negative"],
    [{ path: '/\r\nSet-Cookie: x' }, 'control character'],
    [{ domain: 'a;b' }, 'host name'],
    [{ extensions: { 'a b': 'c' } }, 'Cookie name is not valid: a b'],
    [{ encoding: 'rot13' as never }, "'uri', 'base64', 'raw' or 'dquotes'"],
    [{ maxAge: 5 } as never, 'unknown option "maxAge"'],
  ])('rejects %j', (configuration, message) => {
    expect(() => transport(configuration)).toThrow(message);
  });

  it('rejects an unknown version', () => {
    expect(() => transport({}, '4.0' as never)).toThrow("'1.5', '2.2', '2.3', '3.4', '3.5', '3.6'");
  });
});

describe('KtorHeaderTransport', () => {
  it('sends the value without encoding, text beyond ASCII as UTF-8', () => {
    const call = new RecordedCall({ 'x-hd': 'Ã©' });
    const header = new KtorHeaderTransport('X-Hd');
    header.send(call, '{"id":"é"}');
    expect(call.headers.get('X-Hd')).toBe('{"id":"Ã©"}');
    expect(header.receive(call)).toEqual(['é']);
    expect(header.receive(new RecordedCall())).toEqual([]);
    expect(String(header)).toBe('SessionTransportHeader: X-Hd');
  });

  it('reads the first of several lines, and a value with a comma as a whole', () => {
    const header = new KtorHeaderTransport('X-Hd');
    expect(header.receive(new RecordedCall({ 'x-hd': 'a, b, c' }))).toEqual(['a, b, c', 'a', 'a, b']);
    expect(header.receive(new RecordedCall({ 'x-hd': 'a, '.repeat(100) }))).toHaveLength(8);
  });

  it('rejects control characters and values above 8000 bytes', () => {
    const header = new KtorHeaderTransport('X-Hd');
    expect(() => header.send(new RecordedCall(), 'a\nb')).toThrow('control character');
    expect(() => header.send(new RecordedCall(), 'x'.repeat(8001))).toThrow(SessionTooLargeError);
    expect(header.receive(new RecordedCall({ 'x-hd': 'x'.repeat(8001) }))).toEqual([undefined]);
  });

  it('has the toString() of Ktor', () => {
    expect(() => new KtorHeaderTransport('a b')).toThrow("Header name 'a b' contains illegal character ' ' (code 32)");
    expect(() => new KtorHeaderTransport('Transfer-Encoding')).toThrow('is reserved');
    expect(() => new KtorHeaderTransport('')).toThrow('Header name');
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
