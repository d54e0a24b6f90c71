import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import {
  checkCookieConfiguration,
  DEFAULT_COOKIE_CONFIGURATION,
  DEFAULT_SESSION_MAX_AGE,
  demandsSecure,
  MAX_COOKIE_AGE_IN_SECONDS,
  resolveCookieConfiguration,
  type CookieConfiguration,
} from '../../../src/transport/cookie-configuration.js';

const check = (name: string, cookie: unknown = {}) => checkCookieConfiguration(name, cookie as CookieConfiguration);

describe('the defaults', () => {
  it('are safe: host-only, path /, HttpOnly, SameSite=Lax, Secure unless plain http in development', () => {
    expect(DEFAULT_COOKIE_CONFIGURATION).toEqual({
      path: '/',
      secure: 'auto',
      httpOnly: true,
      sameSite: 'lax',
      partitioned: false,
      encoding: 'uri',
      expires: false,
    });
    expect(Object.isFrozen(DEFAULT_COOKIE_CONFIGURATION)).toBe(true);
  });

  it('know the longest age that browsers keep, and the age of Ktor', () => {
    expect(MAX_COOKIE_AGE_IN_SECONDS).toBe(34_560_000);
    expect(DEFAULT_SESSION_MAX_AGE).toBe(604_800);
  });

  it('stand in for what is not said, also where it is said to be undefined', () => {
    const said = { path: undefined, httpOnly: false, maxAgeInSeconds: null, domain: undefined } as never;
    expect(resolveCookieConfiguration(said)).toEqual({
      ...DEFAULT_COOKIE_CONFIGURATION,
      httpOnly: false,
      maxAgeInSeconds: null,
    });
  });
});

describe('names', () => {
  it.each(['s', 'user_session', 'U', '__Host-user', "!#$%&'*+-.^_`|~", '0'])('may be %s', (name) => {
    expect(() => check(name)).not.toThrow();
  });

  it.each(['', 'a b', 'a;b', 'a=b', 'a,b', 'a"b', 'a\tb', 'a\0', 'a\r\nX: y', 'ü', 'a/b', 'a[b]', '{a}', '(a)', 'a@b'])(
    'may not be %j',
    (name) => {
      expect(() => check(name)).toThrow(SessionConfigurationError);
      expect(() => check(name)).toThrow(/a cookie name may contain letters, digits and/);
    },
  );
});

describe('values', () => {
  it.each<[string, CookieConfiguration]>([
    ['every attribute', full()],
    ['a browser session', { maxAgeInSeconds: null }],
    ['an age of 0', { maxAgeInSeconds: 0 }],
    ['an age beyond 400 days, which is cut later', { maxAgeInSeconds: Number.MAX_SAFE_INTEGER }],
    ['a domain with a leading dot', { domain: '.example.com' }],
    ['a domain of one label', { domain: 'localhost' }],
    ['a domain in any case', { domain: 'Example.COM' }],
    ['the longest path', { path: `/${'x'.repeat(1023)}` }],
    ['every encoding', { encoding: 'dquotes' }],
    ["Ktor's mark of its encoding", { extensions: { '$x-enc': 'URI_ENCODING' } }],
    ['a bare extension and an empty one', { extensions: { Flag: null, Empty: '' } }],
    ['an explicit Secure', { secure: true, sameSite: 'none', partitioned: true }],
  ])('may be %s', (_, cookie) => {
    expect(() => check('s', cookie)).not.toThrow();
  });

  it.each<[string, unknown, RegExp]>([
    ['a misspelt option', { maxAge: 5 }, /unknown option "maxAge"\. maxAge is called maxAgeInSeconds/],
    ['a negative age', { maxAgeInSeconds: -1 }, /maxAgeInSeconds shouldn't be negative/],
    ['a fractional age', { maxAgeInSeconds: 1.5 }, /an integer, or null/],
    ['an age that is no number', { maxAgeInSeconds: NaN }, /Use an integer/],
    ['an endless age', { maxAgeInSeconds: Infinity }, /Use an integer/],
    ['an age as text', { maxAgeInSeconds: '3600' }, /Use an integer/],
    ['an empty domain', { domain: '' }, /domain must be a host name/],
    ['a domain with an attribute in it', { domain: 'a.com; Secure' }, /domain must be a host name/],
    ['a domain with a port', { domain: 'a.com:80' }, /domain must be a host name/],
    ['a domain with a scheme', { domain: 'https://a.com' }, /domain must be a host name/],
    ['a domain that ends with a hyphen', { domain: 'a-.com' }, /domain must be a host name/],
    ['a domain with an empty label', { domain: 'a..com' }, /domain must be a host name/],
    ['a domain with a line break', { domain: 'a.com\r\nX: y' }, /domain must be a host name/],
    ['a domain that ends with a line break', { domain: 'a.com\n' }, /domain must be a host name/],
    ['an empty path', { path: '' }, /path must start with "\/"/],
    ['a relative path', { path: 'x' }, /path must start with "\/"/],
    ['a path with an attribute in it', { path: '/;Domain=evil' }, /path must start with "\/"/],
    ['a path with a control character', { path: '/\u0001' }, /path must start with "\/"/],
    ['a path that ends with a line break', { path: '/\n' }, /path must start with "\/"/],
    ['a path that is not ASCII', { path: '/ü' }, /path must start with "\/"/],
    ['a path too long', { path: `/${'x'.repeat(1024)}` }, /path must start with "\/"/],
    ['a path that is no text', { path: 5 }, /path must start with "\/"/],
    ['a secure that is no choice', { secure: 'yes' }, /secure must be true, false or 'auto'/],
    ['an httpOnly as text', { httpOnly: 'false' }, /httpOnly must be true or false/],
    ['an expires as text', { expires: 'never' }, /expires must be true or false/],
    ['a partitioned as number', { partitioned: 1 }, /partitioned must be true or false/],
    ['another sameSite', { sameSite: 'Lax' }, /sameSite must be one of 'strict', 'lax', 'none'/],
    ['no sameSite', { sameSite: null }, /sameSite must be one of/],
    ['another priority', { priority: 'urgent' }, /priority must be one of 'low', 'medium', 'high'/],
    ['another encoding', { encoding: 'hex' }, /encoding must be one of 'uri', 'base64', 'raw', 'dquotes'/],
    ['an extension name with a space', { extensions: { 'a b': 'x' } }, /names in extensions/],
    ['an extension name with an equals sign', { extensions: { 'a=b': 'x' } }, /names in extensions/],
    ['an empty extension name', { extensions: { '': 'x' } }, /names in extensions/],
    ['an extension with an attribute in it', { extensions: { A: 'x; Domain=evil' } }, /extension A contains ";"/],
    ['an extension with a line break', { extensions: { A: 'x\r\ny' } }, /extension A contains/],
    ['an extension that is undefined', { extensions: { A: undefined } }, /extension A must be a string, or null/],
    ['an extension that is a number', { extensions: { A: 5 } }, /extension A must be a string, or null/],
  ])('may not be %s', (_, cookie, message) => {
    expect(() => check('s', cookie)).toThrow(SessionConfigurationError);
    expect(() => check('s', cookie)).toThrow(message);
  });

  it.each([
    ['Max-Age', 'maxAgeInSeconds'],
    ['expires', 'expires'],
    ['Domain', 'domain'],
    ['PATH', 'path'],
    ['secure', 'secure'],
    ['HttpOnly', 'httpOnly'],
    ['SameSite', 'sameSite'],
    ['partitioned', 'partitioned'],
    ['Priority', 'priority'],
  ])('may not say %s a second time as an extension: the browser would take the last', (extension, option) => {
    expect(() => check('s', { extensions: { [extension]: 'x' } })).toThrow(`Use ${option} instead of extensions`);
    expect(() => check('__Host-s', { extensions: { [extension]: null } })).toThrow(SessionConfigurationError);
  });
});

describe('contradictions', () => {
  it.each<[string, CookieConfiguration, string]>([
    ['s', { sameSite: 'none', secure: false }, "sameSite: 'none' needs secure: true"],
    ['s', { partitioned: true, secure: false }, 'partitioned: true needs secure: true'],
    ['__Secure-s', { secure: false }, 'the prefix of the cookie name needs secure: true'],
    ['__Host-s', { secure: false }, 'the prefix of the cookie name needs secure: true'],
    ['__Http-s', { secure: false }, 'the prefix of the cookie name needs secure: true'],
    ['__Host-s', { domain: 'example.com' }, 'a __Host- cookie must not have a domain'],
    ['__Host-s', { path: '/app' }, "a __Host- cookie needs path: '/'"],
    ['__Http-s', { httpOnly: false }, 'needs httpOnly: true'],
    ['__Host-Http-s', { httpOnly: false }, 'needs httpOnly: true'],
    ['__Host-Http-s', { path: '/app' }, "a __Host- cookie needs path: '/'"],
  ])('refuses %s with %j', (name, cookie, message) => {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      expect(() => check(spelling, cookie)).toThrow(message);
    }
  });

  it.each<[string, CookieConfiguration]>([
    ['__Host-s', { path: '/', httpOnly: false }],
    ['__Secure-s', { domain: 'example.com', path: '/app', httpOnly: false }],
    ['__Http-s', { domain: 'example.com' }],
    ['__Host-s', { secure: 'auto', domain: undefined, path: undefined } as never],
    ['host-s', { secure: false, domain: 'example.com' }],
    ['x__Host-s', { secure: false }],
    ['s', { sameSite: 'none', partitioned: true }],
  ])('allows %s with %j', (name, cookie) => {
    expect(() => check(name, cookie)).not.toThrow();
  });
});

describe('demandsSecure', () => {
  it.each<[string, CookieConfiguration, boolean]>([
    ['s', {}, false],
    ['s', { sameSite: 'strict' }, false],
    ['s', { sameSite: 'none' }, true],
    ['s', { partitioned: true }, true],
    ['s', { partitioned: false }, false],
    ['__Secure-s', {}, true],
    ['__host-s', {}, true],
    ['__HTTP-s', {}, true],
    ['_Host-s', {}, false],
  ])('of %s with %j is %s', (name, cookie, expected) => {
    expect(demandsSecure(name, cookie)).toBe(expected);
  });
});

function full(): CookieConfiguration {
  return {
    maxAgeInSeconds: 10,
    expires: true,
    domain: 'foo.bar',
    path: '/p',
    secure: true,
    httpOnly: true,
    sameSite: 'strict',
    partitioned: true,
    priority: 'high',
    encoding: 'base64',
    extensions: { Comment: 'x' },
  };
}
