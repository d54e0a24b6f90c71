import { foreignOption } from '../errors/foreign-options.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { CookieEncoding } from './cookie-encoding.js';
import { COOKIE_PREFIXES, hasPrefix, type CookiePrefix } from './cookie-prefix.js';

/** What the attributes of a cookie may depend on. */
export interface CookieCall {
  /** A request header by its lower-case name. */
  requestHeader(name: string): string | undefined;
  /** Whether the client's connection is encrypted, as far as this server can see. */
  readonly secure: boolean;
}

/** Attributes of a cookie that may differ by request. */
export type RequestCookieAttributes = Pick<CookieConfiguration, 'domain' | 'partitioned'>;

/** The attributes of a session's cookie (Ktor: `CookieConfiguration`). All are optional; the defaults are safe. */
export interface CookieConfiguration {
  /**
   * `Max-Age` in whole seconds; `null` for a cookie that ends with the browser session. Only a hint to the browser:
   * the server enforces the session's own lifetime. Default: the session's idle timeout. Browsers keep a
   * cookie for 400 days at most (RFC 6265bis, 5.5), so more is sent as 400 days, with a warning at start.
   */
  readonly maxAgeInSeconds?: number | null;
  /** Writes `Expires` beside `Max-Age`, for clients older than RFC 6265. Default `false`. */
  readonly expires?: boolean;
  /**
   * A prefix of the cookie's name, which browsers enforce. `'auto'` (the default): in production a `Secure` cookie is
   * named `__Host-<name>` with path `/` and no domain, and `__Secure-<name>` otherwise. `false`: none. The name without
   * the prefix is not read.
   */
  readonly prefix?: CookiePrefix;
  /** `Domain`. Default: none, so that only the host that set the cookie gets it back. */
  readonly domain?: string;
  /** `Path`. Default `/`. */
  readonly path?: string;
  /**
   * `Secure`. `'auto'` (the default): set, unless the request came over plain http outside production
   * (`NODE_ENV` other than `production`).
   */
  readonly secure?: boolean | 'auto';
  /** `HttpOnly`: hidden from scripts. Default `true`. */
  readonly httpOnly?: boolean;
  /** `SameSite`. Default `lax`. `none` needs `Secure`. */
  readonly sameSite?: 'strict' | 'lax' | 'none';
  /** `Partitioned` (CHIPS): a cookie jar of its own for each top-level site. Needs `Secure`. Default `false`. */
  readonly partitioned?: boolean;
  /** `Priority` (Chromium): what to drop first when the jar is full. Default: none. */
  readonly priority?: 'low' | 'medium' | 'high';
  /**
   * Paths and domains where earlier deployments set the same cookie; an omitted member has its current value. These
   * cookies are cleared when a request carries several, and at every logout. With `domain`, the host-only cookie is
   * always included. Default: empty.
   */
  readonly alsoClear?: ReadonlyArray<{ readonly path?: string; readonly domain?: string | null }>;
  /**
   * Attributes that differ by request: the domain of a tenant, partitioned cookies for embedded clients. Called for each
   * cookie that is sent or cleared; what it gives takes the place of `domain` and `partitioned`, and is checked as these
   * are. One that throws, or gives something wrong, fails the request. In production the name begins with `__Secure-`.
   * Never take the domain from the request unchecked. Default: none.
   */
  attributes?(this: void, call: CookieCall): RequestCookieAttributes;
  /** How the value is written. Default `uri`. */
  readonly encoding?: CookieEncoding;
  /**
   * Further attributes in order, e.g. `{ Comment: 'x' }`; `null` writes the bare name. Those that have an option of
   * their own are refused. Default: none.
   */
  readonly extensions?: Readonly<Record<string, string | null>>;
}

/** The attributes that always have a value. */
export type DefaultedCookieAttribute =
  'path' | 'secure' | 'httpOnly' | 'sameSite' | 'partitioned' | 'encoding' | 'expires';

/** A configuration with the defaults filled in. */
export type ResolvedCookieConfiguration = CookieConfiguration &
  Required<Pick<CookieConfiguration, DefaultedCookieAttribute>>;

/** The defaults. */
export const DEFAULT_COOKIE_CONFIGURATION: Readonly<Required<Pick<CookieConfiguration, DefaultedCookieAttribute>>> =
  Object.freeze({
    path: '/',
    secure: 'auto',
    httpOnly: true,
    sameSite: 'lax',
    partitioned: false,
    encoding: 'uri',
    expires: false,
  });

/** Applies {@link DEFAULT_COOKIE_CONFIGURATION}; `undefined` counts as omitted. */
export function resolveCookieConfiguration(configuration: CookieConfiguration): ResolvedCookieConfiguration {
  const given = Object.fromEntries(Object.entries(configuration).filter(([, value]) => value !== undefined));
  return { ...DEFAULT_COOKIE_CONFIGURATION, ...given };
}

/** Ktor's default `Max-Age`: 7 days, in seconds. */
export const DEFAULT_SESSION_MAX_AGE = 604_800;

/** Maximum cookie lifetime in browsers (RFC 6265bis, section 5.5), in seconds. */
export const LONGEST_COOKIE_MAX_AGE = 400 * 24 * 3600;

// RFC 9110 token; RFC 6265bis allows more, but no server or proxy agrees on the rest.
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const DOMAIN = /^\.?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;
const PATH = /^\/[\u0020-\u003a\u003c-\u007e]{0,1023}$/;
const ATTRIBUTE_VALUE = /^[\u0020-\u003a\u003c-\u007e]*$/;
/** Options by lower-case attribute name. Extensions may not repeat them: browsers use the last occurrence. */
const OWN_OPTIONS: ReadonlyMap<string, keyof CookieConfiguration> = new Map([
  ['max-age', 'maxAgeInSeconds'],
  ['expires', 'expires'],
  ['domain', 'domain'],
  ['path', 'path'],
  ['secure', 'secure'],
  ['httponly', 'httpOnly'],
  ['samesite', 'sameSite'],
  ['partitioned', 'partitioned'],
  ['priority', 'priority'],
]);
const KNOWN: ReadonlySet<string> = new Set<keyof CookieConfiguration>([
  'maxAgeInSeconds',
  'expires',
  'domain',
  'path',
  'secure',
  'httpOnly',
  'sameSite',
  'partitioned',
  'priority',
  'encoding',
  'extensions',
  'alsoClear',
  'attributes',
  'prefix',
]);

/**
 * Checks a cookie's name and attributes against RFC 6265bis and against each other.
 * @throws {SessionConfigurationError} that says what to write instead.
 */
export function checkCookieConfiguration(name: string, cookie: CookieConfiguration): void {
  const refuse = (problem: string): never => {
    throw new SessionConfigurationError(`Cookie "${name}": ${problem}`);
  };
  if (!COOKIE_NAME.test(name)) refuse("a cookie name is letters, digits and any of !#$%&'*+-.^_`|~.");
  for (const option of Object.keys(cookie)) {
    if (KNOWN.has(option)) continue;
    const advice = foreignOption(option) ?? `Known options: ${[...KNOWN].join(', ')}.`;
    refuse(`unknown option "${option}". ${advice}`);
  }
  checkValues(cookie, refuse);
  checkPrefix(name, cookie, refuse);
  const needsSecure =
    cookie.sameSite === 'none' ? "sameSite: 'none'" : cookie.partitioned ? 'partitioned: true' : undefined;
  if (needsSecure && cookie.secure === false) refuse(`${needsSecure} needs secure: true, browsers drop it otherwise.`);
}

/** Whether browsers drop the cookie without `Secure`, so that it is always set. */
export function demandsSecure(name: string, cookie: CookieConfiguration): boolean {
  return (
    hasPrefix(name, '__Secure-', '__Host-', '__Http-') || cookie.sameSite === 'none' || cookie.partitioned === true
  );
}

function checkValues(cookie: CookieConfiguration, refuse: (problem: string) => never): void {
  const { maxAgeInSeconds: maxAge, domain, path, secure, sameSite, priority, encoding } = cookie;
  if (maxAge !== undefined && maxAge !== null && (!Number.isInteger(maxAge) || maxAge < 0)) {
    refuse("maxAgeInSeconds shouldn't be negative or fractional. Write whole seconds, or null for a browser session.");
  }
  if (domain !== undefined && !DOMAIN.test(domain)) refuse('domain must be a host name such as example.com.');
  if (path !== undefined && !(typeof path === 'string' && PATH.test(path))) {
    refuse('path must start with "/" and hold no ";" or control character.');
  }
  if (secure !== undefined && secure !== 'auto' && typeof secure !== 'boolean')
    refuse("secure is true, false or 'auto'.");
  for (const option of ['expires', 'httpOnly', 'partitioned'] as const) {
    if (cookie[option] !== undefined && typeof cookie[option] !== 'boolean') refuse(`${option} is true or false.`);
  }
  if (cookie.prefix !== undefined && !COOKIE_PREFIXES.includes(cookie.prefix)) {
    refuse("prefix is one of 'auto', '__Host-', '__Secure-', '__Http-', '__Host-Http-', false.");
  }
  oneOf('sameSite', sameSite, ['strict', 'lax', 'none'], refuse);
  oneOf('priority', priority, ['low', 'medium', 'high'], refuse);
  oneOf('encoding', encoding, ['uri', 'base64', 'raw', 'dquotes'], refuse);
  checkExtensions(cookie.extensions ?? {}, refuse);
  checkPlaces(cookie.alsoClear, refuse);
  if (cookie.attributes !== undefined && typeof cookie.attributes !== 'function') {
    refuse("attributes is a function, as in (call) => ({ domain: domainOf(call.requestHeader('host')) }).");
  }
}

function checkPlaces(places: CookieConfiguration['alsoClear'], refuse: (problem: string) => never): void {
  if (places === undefined) return;
  if (!Array.isArray(places)) return refuse("alsoClear is a list of places, as in [{ path: '/app' }].");
  for (const place of places as ReadonlyArray<Record<string, unknown> | null>) {
    const known = typeof place === 'object' && place !== null;
    if (!known || Object.keys(place).some((key) => key !== 'path' && key !== 'domain')) {
      refuse("each place of alsoClear is { path } or { domain } or both, as in [{ path: '/app' }].");
      return;
    }
    const { path, domain } = place;
    if (path !== undefined && !(typeof path === 'string' && PATH.test(path))) {
      refuse('path in alsoClear must start with "/" and hold no ";" or control character.');
    }
    if (domain !== undefined && domain !== null && !(typeof domain === 'string' && DOMAIN.test(domain))) {
      refuse('domain in alsoClear must be a host name such as example.com, or null for the host alone.');
    }
  }
}

function checkExtensions(
  extensions: Readonly<Record<string, string | null>>,
  refuse: (problem: string) => never,
): void {
  for (const [key, value] of Object.entries(extensions)) {
    if (!/^[$A-Za-z][A-Za-z0-9-]*$/.test(key)) refuse('names in extensions are letters, digits and "-".');
    const option = OWN_OPTIONS.get(key.toLowerCase());
    if (option) refuse(`${key} has an option of its own. Write ${option} instead of the extension.`);
    if (value === null) continue;
    if (typeof value !== 'string') refuse(`extension ${key} is a text, or null for the bare name.`);
    if (!ATTRIBUTE_VALUE.test(value)) refuse(`extension ${key} holds ";" or a control character.`);
  }
}

function checkPrefix(name: string, cookie: CookieConfiguration, refuse: (problem: string) => never): void {
  if (!hasPrefix(name, '__Secure-', '__Host-', '__Http-')) return;
  if (cookie.secure === false) refuse('the prefix of its name needs secure: true.');
  if (hasPrefix(name, '__Host-')) {
    if (cookie.domain !== undefined) refuse('a __Host- cookie has no domain. Remove the domain, or use __Secure-.');
    if (cookie.path !== undefined && cookie.path !== '/') refuse("a __Host- cookie has path: '/'.");
  }
  if (hasPrefix(name, '__Http-', '__Host-Http-') && cookie.httpOnly === false) {
    refuse('the prefix of its name needs httpOnly: true.');
  }
}

function oneOf(
  option: string,
  value: string | undefined,
  allowed: readonly string[],
  refuse: (problem: string) => never,
): void {
  if (value !== undefined && !allowed.includes(value)) {
    refuse(`${option} is one of ${allowed.map((one) => `'${one}'`).join(', ')}.`);
  }
}
