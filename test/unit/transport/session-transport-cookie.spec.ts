import { inspect } from 'node:util';
import { SessionConfigurationError, SessionTooLargeError } from '../../../src/errors/session.errors.js';
import type { CookieConfiguration } from '../../../src/transport/cookie-configuration.js';
import { SessionTransportCookie } from '../../../src/transport/session-transport-cookie.js';
import { FakeCall } from './fake-call.js';

const FULL: CookieConfiguration = {
  maxAgeInSeconds: 10,
  domain: 'foo.bar',
  path: '/p',
  secure: true,
  sameSite: 'strict',
  partitioned: true,
  priority: 'high',
  extensions: { Comment: 'x y', Flag: null, '$x-enc': 'URI_ENCODING' },
};

function sent(configuration: CookieConfiguration, value = 'v', call = new FakeCall(), name = 'U'): string | undefined {
  new SessionTransportCookie(name, configuration).send(call, value);
  return call.cookies.get(name);
}

function cleared(configuration: CookieConfiguration, call = new FakeCall(), name = 'U'): string | undefined {
  new SessionTransportCookie(name, configuration).clear(call);
  return call.cookies.get(name);
}

function inEnvironment<T>(environment: string | undefined, run: () => T): T {
  const before = process.env['NODE_ENV'];
  try {
    if (environment === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = environment;
    return run();
  } finally {
    process.env['NODE_ENV'] = before;
  }
}

describe('send', () => {
  it('writes the safe defaults', () => {
    expect(sent({}, '{"id":"john"}')).toBe(
      'U=%7B%22id%22%3A%22john%22%7D; Max-Age=604800; Path=/; Secure; HttpOnly; SameSite=Lax',
    );
  });

  it('encodes whatever transformers give that do not promise to write unreserved characters only', () => {
    const line = (configuration: CookieConfiguration, ...promises: Array<boolean | undefined>) => {
      const transformers = promises.map((writesUnreserved) => ({
        transformRead: (value: string) => value,
        transformWrite: (value: string) => value,
        ...(writesUnreserved === undefined ? {} : { writesUnreserved }),
      }));
      const call = new FakeCall();
      new SessionTransportCookie('U', configuration, transformers).send(call, 'a b');
      return call.cookies.get('U')!.split(';')[0];
    };
    expect(line({}, undefined)).toBe('U=a+b');
    expect(line({}, false)).toBe('U=a+b');
    expect(line({}, true, undefined)).toBe('U=a+b');
    expect(line({ encoding: 'base64' }, true)).toBe('U=YSBi');
    expect(line({}, undefined, true)).toBe('U=a b');
  });

  it("writes every attribute, in Ktor's order", () => {
    expect(sent(FULL)).toBe(
      'U=v; Max-Age=10; Domain=foo.bar; Path=/p; Secure; HttpOnly; SameSite=Strict; Partitioned; Priority=High; ' +
        'Comment=x y; Flag; $x-enc=URI_ENCODING',
    );
  });

  it.each<[CookieConfiguration, string]>([
    [{ maxAgeInSeconds: null }, 'U=v; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ maxAgeInSeconds: 0 }, 'U=v; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ maxAgeInSeconds: 34_560_001 }, 'U=v; Max-Age=34560000; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ maxAgeInSeconds: 34_560_000 }, 'U=v; Max-Age=34560000; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ maxAgeInSeconds: 34_559_999 }, 'U=v; Max-Age=34559999; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ domain: '.a.b', maxAgeInSeconds: 1 }, 'U=v; Max-Age=1; Domain=.a.b; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [{ httpOnly: false, maxAgeInSeconds: 1 }, 'U=v; Max-Age=1; Path=/; Secure; SameSite=Lax'],
    [{ secure: false, maxAgeInSeconds: 1 }, 'U=v; Max-Age=1; Path=/; HttpOnly; SameSite=Lax'],
    [{ sameSite: 'none', maxAgeInSeconds: 1 }, 'U=v; Max-Age=1; Path=/; Secure; HttpOnly; SameSite=None'],
    [{ priority: 'low', maxAgeInSeconds: 1 }, 'U=v; Max-Age=1; Path=/; Secure; HttpOnly; SameSite=Lax; Priority=Low'],
  ])('writes %j', (configuration, line) => {
    expect(sent(configuration)).toBe(line);
  });

  it('always sends SameSite, because browsers send a new cookie without it to cross-site POSTs', () => {
    expect(sent({ sameSite: undefined } as never)).toContain('SameSite=Lax');
  });

  it('cuts an age beyond 400 days, for Expires as well', () => {
    const before = Date.now();
    const line = sent({ maxAgeInSeconds: Number.MAX_SAFE_INTEGER, expires: true })!;
    const [, maxAge, date] = /; Max-Age=(\d+); Expires=([^;]+); Path/.exec(line)!;
    const expires = Date.parse(date!);
    expect(maxAge).toBe('34560000');
    expect(expires).toBeGreaterThan(before + 34_560_000_000 - 1000);
    expect(expires).toBeLessThanOrEqual(Date.now() + 34_560_000_000);
    expect(date).toMatch(/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
  });

  it('writes no Expires for a browser session', () => {
    expect(sent({ maxAgeInSeconds: null, expires: true })).not.toContain('Expires');
  });

  it.each([
    ['uri', '%7B%22a%22%3A1%7D'],
    ['base64', 'eyJhIjoxfQ=='],
    ['raw', '{"a":1}'],
  ] as const)('writes in encoding %s', (encoding, text) => {
    expect(sent({ encoding }, '{"a":1}')).toMatch(new RegExp(`^U=${text.replace(/[{}]/g, '\\$&')};`));
  });

  it.each(['raw', 'dquotes'] as const)(
    'refuses what encoding %s cannot represent, and shows nothing of it',
    (encoding) => {
      const call = new FakeCall();
      const transport = new SessionTransportCookie('U', { encoding });
      const refused = thrown(() => transport.send(call, 'top secret; Domain=evil'));
      expect(refused).toBeInstanceOf(SessionConfigurationError);
      expect(refused.message).toBe(
        `The value of cookie "U" contains characters that encoding '${encoding}' cannot represent. ` +
          "Use encoding: 'uri' or 'base64'.",
      );
      expect(call.cookies.size).toBe(0);
    },
  );
});

describe('the size of a cookie', () => {
  // 'U=' and the attributes; the value fills the rest.
  const rest = Buffer.byteLength(sent({}, '')!);

  it('may be 4096 bytes, attributes included', () => {
    expect(Buffer.byteLength(sent({}, 'x'.repeat(4096 - rest))!)).toBe(4096);
  });

  it('may not be 4097', () => {
    const call = new FakeCall();
    const error = thrown(() => new SessionTransportCookie('U').send(call, 'x'.repeat(4097 - rest)));
    expect(error).toBeInstanceOf(SessionTooLargeError);
    expect(error).toMatchObject({ code: 'SESSION_TOO_LARGE', size: 4097, limit: 4096 });
    expect(error.message).not.toContain('xxx');
    expect(call.cookies.size).toBe(0);
  });

  it('counts what the encoding makes of the value', () => {
    expect(() => sent({}, '{'.repeat(1000))).not.toThrow();
    expect(() => sent({}, '{'.repeat(1400))).toThrow(SessionTooLargeError);
  });

  it('counts attributes', () => {
    const value = 'x'.repeat(4096 - rest);
    expect(() => sent({ domain: 'a.b' }, value)).toThrow(SessionTooLargeError);
    expect(() => sent({ extensions: { Comment: 'y'.repeat(4000) } }, 'x'.repeat(200))).toThrow(SessionTooLargeError);
  });
});

describe('clear', () => {
  it('repeats every attribute', () => {
    expect(cleared(FULL)).toBe(
      'U=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=foo.bar; Path=/p; Secure; HttpOnly; ' +
        'SameSite=Strict; Partitioned; Priority=High; Comment=x y; Flag; $x-enc=URI_ENCODING',
    );
  });

  it('repeats the defaults', () => {
    expect(cleared({})).toBe(
      'U=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax',
    );
  });

  it('replaces the line that was sent before on this response', () => {
    const call = new FakeCall();
    const transport = new SessionTransportCookie('U');
    transport.send(call, 'v');
    transport.clear(call);
    expect([...call.cookies.values()]).toEqual([cleared({})]);
  });
});

describe('Secure', () => {
  const plain = () => new FakeCall({ secure: false });

  it.each<[string, CookieConfiguration, string]>([
    ['U', { secure: true }, 'always'],
    ['U', { secure: false }, 'never'],
    ['U', {}, 'as the connection'],
    ['U', { secure: 'auto' }, 'as the connection'],
    ['U', { sameSite: 'none' }, 'always'],
    ['U', { partitioned: true }, 'always'],
    ['__Host-U', {}, 'always'],
    ['__secure-U', {}, 'always'],
  ])('of cookie %s with %j is set %s, outside production', (name, configuration, when) => {
    const transport = inEnvironment('development', () => new SessionTransportCookie(name, configuration));
    const secureOn = (call: FakeCall): boolean => {
      transport.send(call, 'v');
      const isSent = call.cookies.get(name)!.includes('; Secure');
      transport.clear(call);
      expect(call.cookies.get(name)!.includes('; Secure')).toBe(isSent);
      expect(transport.isSecure(call)).toBe(isSent);
      return isSent;
    };
    const expected = { always: [true, true], never: [false, false], 'as the connection': [true, false] }[when];
    expect([secureOn(new FakeCall()), secureOn(plain())]).toEqual(expected);
  });

  it('is set in production even over what looks like plain http', () => {
    const line = inEnvironment('production', () => sent({ prefix: false }, 'v', plain()));
    expect(line).toContain('; Secure');
  });

  it('is left out in production only if that is said', () => {
    expect(inEnvironment('production', () => sent({ secure: false }, 'v', plain()))).not.toContain('; Secure');
  });

  it('counts every environment but production as development, also none', () => {
    expect(inEnvironment(undefined, () => sent({}, 'v', plain()))).not.toContain('; Secure');
    expect(inEnvironment('Production', () => sent({}, 'v', plain()))).not.toContain('; Secure');
  });
});

describe('receive', () => {
  const received = (cookie: string, configuration: CookieConfiguration = {}) =>
    new SessionTransportCookie('U', configuration).receive(FakeCall.withCookie(cookie));

  it('gives nothing for a request without cookies, or without ours', () => {
    expect(new SessionTransportCookie('U').receive(new FakeCall())).toEqual([]);
    expect(received('a=b; u=c')).toEqual([]);
  });

  it('gives what was sent, in each encoding', () => {
    for (const encoding of ['uri', 'base64', 'raw'] as const) {
      const call = new FakeCall();
      const transport = new SessionTransportCookie('U', { encoding });
      transport.send(call, '{"id":"john","n":[1]}');
      expect(transport.receive(call.next('U'))).toEqual(['{"id":"john","n":[1]}']);
    }
  });

  it('gives every value of the name, and undefined for one with a wrong encoding', () => {
    expect(received('U=a; U=%zz; x=y; U=b+c')).toEqual(['a', undefined, 'b c']);
    expect(received('U=YQ; U=YQ==', { encoding: 'base64' })).toEqual([undefined, 'a']);
    expect(received('U=')).toEqual(['']);
  });

  it('gives all of them: the first and the last are tried', () => {
    expect(received('U=a; '.repeat(100))).toEqual(Array(100).fill('a'));
  });

  it('decodes nothing that is longer than a cookie can be', () => {
    expect(received(`U=${'x'.repeat(4096)}`)).toEqual(['x'.repeat(4096)]);
    expect(received(`U=${'x'.repeat(4097)}`)).toEqual([undefined]);
  });
});

describe('a cookie transport', () => {
  it('refuses a bad name and bad attributes when it is made', () => {
    expect(() => new SessionTransportCookie('a b')).toThrow(SessionConfigurationError);
    expect(() => new SessionTransportCookie('__Host-a', { path: '/x' })).toThrow(SessionConfigurationError);
  });

  it('says what it depends on, and its whole configuration', () => {
    const transport = new SessionTransportCookie('U', { sameSite: 'strict' });
    expect(transport).toMatchObject({ kind: 'cookie', requestHeader: 'Cookie', name: 'U', transformers: [] });
    expect(transport.configuration).toMatchObject({ sameSite: 'strict', path: '/', httpOnly: true, secure: 'auto' });
    expect(String(transport)).toBe('SessionTransportCookie: U');
  });

  it('keeps no value that it carries', () => {
    const transport = new SessionTransportCookie('U');
    const call = FakeCall.withCookie('U=credential');
    transport.receive(call);
    transport.send(call, 'credential');
    expect(inspect(transport, { depth: 9, showHidden: true }) + JSON.stringify(transport)).not.toContain('credential');
  });
});

function thrown(run: () => void): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown.');
}

describe('prefix', () => {
  const nameIn = (environment: string | undefined, configuration: CookieConfiguration, name = 'U') =>
    inEnvironment(environment, () => new SessionTransportCookie(name, configuration).name);

  it.each<[string, CookieConfiguration, string]>([
    ['no domain and path /', {}, '__Host-U'],
    ['secure: true', { secure: true }, '__Host-U'],
    ['a domain', { domain: 'example.com' }, '__Secure-U'],
    ['another path', { path: '/app' }, '__Secure-U'],
    ['secure: false', { secure: false }, 'U'],
    ['prefix: false', { prefix: false }, 'U'],
    ['a prefix of its own', { prefix: '__Host-Http-' }, '__Host-Http-U'],
  ])('is in production, with %s, that of %j: %s', (_, configuration, expected) => {
    expect(nameIn('production', configuration)).toBe(expected);
  });

  it('is added outside production only where it is asked for', () => {
    expect(nameIn('development', {})).toBe('U');
    expect(nameIn('development', { prefix: '__Secure-' })).toBe('__Secure-U');
  });

  it('is not added twice', () => {
    expect(nameIn('production', {}, '__secure-U')).toBe('__secure-U');
  });

  it('is part of the name that is read', () => {
    const transport = inEnvironment('production', () => new SessionTransportCookie('U'));
    const call = new FakeCall({ headers: { cookie: 'U=planted; __Host-U=own' } });
    expect(transport.receive(call)).toEqual(['own']);
  });

  it.each<[CookieConfiguration, string]>([
    [{ prefix: '__Host-', domain: 'example.com' }, 'a __Host- cookie must not have a domain'],
    [{ prefix: '__Http-', httpOnly: false }, 'needs httpOnly: true'],
    [{ prefix: '__Secure-', secure: false }, 'needs secure: true'],
    [{ prefix: '__Other-' as '__Host-' }, 'prefix must be'],
  ])('is refused where it contradicts the attributes: %j', (configuration, message) => {
    expect(() => new SessionTransportCookie('U', configuration)).toThrow(message);
  });
});

describe('attributes by request', () => {
  const tenant = new Map([
    ['a.example', { domain: 'a.example' }],
    ['b.example', { domain: 'b.example', partitioned: true }],
    ['bad.example', { domain: 'bad example' }],
    ['odd.example', { path: '/x' } as object],
  ]);
  const configuration: CookieConfiguration = {
    secure: true,
    attributes: (call) => tenant.get(call.requestHeader('host') ?? '') ?? {},
  };
  const from = (host: string): FakeCall => new FakeCall({ headers: { host } });

  it('are those of the request, for sending and for clearing', () => {
    expect(sent(configuration, 'v', from('a.example'))).toContain('; Domain=a.example;');
    const partitioned = sent(configuration, 'v', from('b.example'));
    expect(partitioned).toContain('; Domain=b.example;');
    expect(partitioned).toContain('; Partitioned');
    expect(cleared(configuration, from('b.example'))).toMatch(/Max-Age=0.*; Domain=b\.example;.*; Partitioned/);
    expect(sent(configuration, 'v', from('c.example'))).not.toContain('Domain');
  });

  it('take the place of the fixed ones', () => {
    expect(sent({ ...configuration, domain: 'fixed.example' }, 'v', from('c.example'))).not.toContain('Domain');
  });

  it.each(['bad.example', 'odd.example'])('are refused where they are wrong, and nothing is sent: %s', (host) => {
    const call = from(host);
    expect(() => sent(configuration, 'v', call)).toThrow(SessionConfigurationError);
    expect(() => cleared(configuration, call)).toThrow(SessionConfigurationError);
    expect(call.cookies.size).toBe(0);
  });

  it('keep one name in production, whatever the domain', () => {
    const call = from('a.example');
    inEnvironment('production', () => new SessionTransportCookie('U', configuration).send(call, 'v'));
    expect([...call.cookies.keys()]).toEqual(['__Secure-U']);
  });

  it('must be a function', () => {
    expect(() => sent({ attributes: { domain: 'a.example' } as never })).toThrow('attributes must be a function');
  });
});
