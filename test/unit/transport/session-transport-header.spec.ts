import * as fc from 'fast-check';
import { inspect } from 'node:util';
import { SessionConfigurationError, SessionTooLargeError } from '../../../src/errors/session.errors.js';
import { KtorHeaderTransport } from '../../../src/ktor/http/ktor-header-transport.js';
import { SessionTransportHeader } from '../../../src/transport/session-transport-header.js';
import { FakeCall } from './fake-call.js';
import { anyText } from '../../support/any-text.js';

function sent(value: string): string {
  const call = new FakeCall();
  new SessionTransportHeader('X-Hd').send(call, value);
  return call.headers.get('x-hd')!.at(-1)!;
}

const received = (value: string) => new SessionTransportHeader('X-Hd').receive(withHeader(value));
const withHeader = (value: string) => new FakeCall({ headers: { 'x-hd': value } });

describe('names', () => {
  it.each(['X-Session', 'x', 'cart_session', "!#$%&'*+-.^_`|~0"])('may be %s', (name) => {
    expect(String(new SessionTransportHeader(name))).toBe(`SessionTransportHeader: ${name}`);
  });

  it.each(['', 'a b', 'a:b', 'a\nb', 'a\0', 'ü', 'a/b', 'a(b)', 'a,b', 'a"b'])('may not be %j', (name) => {
    expect(() => new SessionTransportHeader(name)).toThrow(SessionConfigurationError);
    expect(() => new SessionTransportHeader(name)).toThrow(/contains illegal character .*Use letters, digits/s);
  });

  it.each([
    'Authorization',
    'Access-Control-Allow-Origin',
    'Clear-Site-Data',
    'X-Frame-Options',
    'X-Forwarded-For',
    '__proto__',
    'constructor',
    'toString',
  ])('may not be %s', (name) => {
    expect(() => new SessionTransportHeader(name)).toThrow('Use another name, such as X-Session');
    expect(() => new KtorHeaderTransport(name)).toThrow('Use another name, such as X-Session');
  });

  it.each(['Transfer-Encoding', 'upgrade', 'COOKIE', 'Set-Cookie', 'content-length', 'Connection', 'Keep-Alive', 'TE'])(
    'may not be %s, which HTTP keeps for itself',
    (name) => {
      expect(() => new SessionTransportHeader(name)).toThrow(/is reserved\. Use another name, such as X-Session/);
    },
  );

  it.each(['Vary', 'Cache-Control', 'Retry-After', 'Location', 'Access-Control-Expose-Headers'])(
    'may not be %s, which sessions write themselves',
    (name) => {
      expect(() => new SessionTransportHeader(name)).toThrow(SessionConfigurationError);
    },
  );
});

describe('send', () => {
  it.each(['', 'abc', '{"id":"q"}', 'a b', 'aGVsbG8_-', "utf-8''x", '%41'])('leaves %j as it is', (value) => {
    expect(sent(value)).toBe(value);
    expect(received(value)).toEqual([value]);
  });

  it.each([
    ['ü€😀', "UTF-8''%C3%BC%E2%82%AC%F0%9F%98%80"],
    ['a\nb', "UTF-8''a%0Ab"],
    ['a\r\nSet-Cookie: x=y', "UTF-8''a%0D%0ASet-Cookie%3A%20x%3Dy"],
    ['\0\u007f\t', "UTF-8''%00%7F%09"],
    [' a', "UTF-8''%20a"],
    ['a ', "UTF-8''a%20"],
    [' ', "UTF-8''%20"],
    ["UTF-8''a", "UTF-8''UTF-8''a"],
  ])('escapes %j, which a header cannot represent as it is, and reads it', (value, text) => {
    expect(sent(value)).toBe(text);
    expect(received(text)).toEqual([value]);
  });

  it('brings back every text, in characters that any server and proxy lets through', () => {
    const text = fc.oneof(
      anyText(),
      fc.string(),
      fc.json(),
      fc.string().map((rest) => `UTF-8''${rest}`),
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    );
    fc.assert(
      fc.property(text, (value) => {
        const line = sent(value);
        expect(line).toMatch(/^([\u0021-\u007e]([\u0020-\u007e]*[\u0021-\u007e])?)?$/);
        expect(received(line)).toEqual([value.replace(/\p{Surrogate}/gu, '?')]);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses more than 8000 bytes as sent, and shows none of them', () => {
    expect(sent('x'.repeat(8000))).toHaveLength(8000);
    const send = (value: string) => () => new SessionTransportHeader('X-Hd').send(new FakeCall(), value);
    expect(send('x'.repeat(8001))).toThrow(SessionTooLargeError);
    expect(send('€'.repeat(900))).toThrow(SessionTooLargeError);
    expect(send('€'.repeat(800))).not.toThrow();
    expect(send('x'.repeat(8001))).not.toThrow(/xxx/);
    expect(send('x'.repeat(8001))).toThrow(expect.objectContaining({ size: 8001, limit: 8000 }));
  });

  it('exposes the header to scripts of other origins only with the option', () => {
    const [silent, exposed] = [new FakeCall(), new FakeCall()];
    new SessionTransportHeader('X-Hd').send(silent, 'v');
    new SessionTransportHeader('X-Hd', [], { exposed: true }).send(exposed, 'v');
    expect(silent.headers.has('access-control-expose-headers')).toBe(false);
    expect(exposed.headers.get('access-control-expose-headers')).toEqual(['X-Hd']);
  });
});

describe('receive', () => {
  it('gives nothing for a request without the header', () => {
    expect(new SessionTransportHeader('X-Hd').receive(new FakeCall({ headers: { 'x-other': 'v' } }))).toEqual([]);
  });

  it('finds the header whatever the case of its name', () => {
    expect(new SessionTransportHeader('X-HD').receive(withHeader('v'))).toEqual(['v']);
  });

  it('gives undefined for what is not of the form that is sent', () => {
    expect(received("UTF-8''%zz")).toEqual([undefined]);
    expect(received("UTF-8''%ff")).toEqual([undefined]);
    expect(received('x'.repeat(8001))).toEqual([undefined]);
    expect(received('x'.repeat(8000))).toHaveLength(1);
  });

  it('never throws, whatever a client sends', () => {
    fc.assert(
      fc.property(anyText(), fc.boolean(), (text, marked) => {
        const [value] = received(marked ? `UTF-8''${text}` : text);
        expect(value === undefined || typeof value === 'string').toBe(true);
      }),
    );
  });
});

describe('a header transport', () => {
  it('cannot clear anything', () => {
    const call = new FakeCall();
    expect(new SessionTransportHeader('X-Hd').clear()).toBeUndefined();
    expect(call.headers.size + call.cookies.size).toBe(0);
  });

  it('says what it depends on', () => {
    const transport = new SessionTransportHeader('X-Hd');
    expect(transport).toMatchObject({ kind: 'header', name: 'X-Hd', requestHeader: 'X-Hd', transformers: [] });
  });

  it('keeps no value that it carries', () => {
    const transport = new SessionTransportHeader('X-Hd');
    transport.receive(withHeader('credential'));
    transport.send(new FakeCall(), 'credential');
    expect(inspect(transport, { depth: 9, showHidden: true }) + JSON.stringify(transport)).not.toContain('credential');
  });
});
