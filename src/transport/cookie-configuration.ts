import { foreignOption } from '../errors/foreign-options.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { CookieEncoding } from './cookie-encoding.js';
import { COOKIE_PREFIXES, hasPrefix, type CookiePrefix } from './cookie-prefix.js';

/** The request, as seen by {@link CookieConfiguration.attributes}. */
export interface CookieCall {
  requestHeader(name: string): string | undefined;
  readonly secure: boolean;
}

export type RequestCookieAttributes = Pick<CookieConfiguration, 'domain' | 'partitioned'>;

/** Cookie attributes (Ktor: `CookieConfiguration`). */
export interface CookieConfiguration {
  /** An integer; `null`: until the browser closes. At most 400 days (RFC 6265bis, 5.5). Default: the idle timeout. */
  readonly maxAgeInSeconds?: number | null;
  /** For clients older than RFC 6265. Default `false`. */
  readonly expires?: boolean;
  /** RFC 6265bis. `'auto'` (default): in production `__Host-` if possible, else `__Secure-`. `false`: none. */
  readonly prefix?: CookiePrefix;
  /** Default: only this host. */
  readonly domain?: string;
  /** Default `/`. */
  readonly path?: string;
  /** `'auto'` (default): always in production, else unless the request is plain HTTP. */
  readonly secure?: boolean | 'auto';
  /** Hidden from scripts. Default `true`. */
  readonly httpOnly?: boolean;
  /** Default `lax`. `none` needs `Secure`. */
  readonly sameSite?: 'strict' | 'lax' | 'none';
  /** Separate per top-level site (CHIPS). Needs `Secure`. Default `false`. */
  readonly partitioned?: boolean;
  /** Order of eviction (Chromium). Default: none. */
  readonly priority?: 'low' | 'medium' | 'high';
  /** Earlier places, cleared at logout and when several arrive. Default: none. */
  readonly alsoClear?: ReadonlyArray<{ readonly path?: string; readonly domain?: string | null }>;
  /**
   * Attributes per request, such as a tenant's domain, which you must validate. Implies `__Secure-` in production; an
   * error fails the request. Default: none.
   */
  attributes?(this: void, call: CookieCall): RequestCookieAttributes;
  /** Default `uri`. */
  readonly encoding?: CookieEncoding;
  /** Further attributes, such as `{ Comment: 'x' }`; `null`: no value. Default: none. */
  readonly extensions?: Readonly<Record<string, string | null>>;
}

export type DefaultedCookieAttribute =
  'path' | 'secure' | 'httpOnly' | 'sameSite' | 'partitioned' | 'encoding' | 'expires';

export type ResolvedCookieConfiguration = CookieConfiguration &
  Required<Pick<CookieConfiguration, DefaultedCookieAttribute>>;

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

export function resolveCookieConfiguration(configuration: CookieConfiguration): ResolvedCookieConfiguration {
  const given = Object.fromEntries(Object.entries(configuration).filter(([, value]) => value !== undefined));
  return { ...DEFAULT_COOKIE_CONFIGURATION, ...given };
}

/** Ktor's names (Ktor: `SameSite`). */
export const SameSite = Object.freeze({ Strict: 'strict', Lax: 'lax', None: 'none' } as const);

/** 7 days, as Ktor. */
export const DEFAULT_SESSION_MAX_AGE = 604_800;

export const MAX_COOKIE_AGE_IN_SECONDS = 400 * 24 * 3600;

// RFC 9110 token; servers and proxies differ on others.
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const DOMAIN = /^\.?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;
const PATH = /^\/[\u0020-\u003a\u003c-\u007e]{0,1023}$/;
const ATTRIBUTE_VALUE = /^[\u0020-\u003a\u003c-\u007e]*$/;
/** By lower-case attribute name. An extension would override the option, because browsers use the last occurrence. */
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
 * RFC 6265bis.
 * @throws {SessionConfigurationError}
 */
export function checkCookieConfiguration(name: string, cookie: CookieConfiguration): void {
  const refuse = (problem: string): never => {
    throw new SessionConfigurationError(`Cookie "${name}": ${problem}`);
  };
  if (!COOKIE_NAME.test(name)) refuse("a cookie name may contain letters, digits and !#$%&'*+-.^_`|~.");
  for (const option of Object.keys(cookie)) {
    if (KNOWN.has(option)) continue;
    const advice = foreignOption(option) ?? `Known options: ${[...KNOWN].join(', ')}.`;
    refuse(`unknown option "${option}". ${advice}`);
  }
  checkValues(cookie, refuse);
  checkPrefix(name, cookie, refuse);
  const needsSecure =
    cookie.sameSite === 'none' ? "sameSite: 'none'" : cookie.partitioned ? 'partitioned: true' : undefined;
  if (needsSecure && cookie.secure === false)
    refuse(`${needsSecure} needs secure: true. Browsers drop the cookie otherwise.`);
}

export function demandsSecure(name: string, cookie: CookieConfiguration): boolean {
  return (
    hasPrefix(name, '__Secure-', '__Host-', '__Http-') || cookie.sameSite === 'none' || cookie.partitioned === true
  );
}

function checkValues(cookie: CookieConfiguration, refuse: (problem: string) => never): void {
  const { maxAgeInSeconds: maxAge, domain, path, secure, sameSite, priority, encoding } = cookie;
  if (maxAge !== undefined && maxAge !== null && (!Number.isInteger(maxAge) || maxAge < 0)) {
    refuse("maxAgeInSeconds shouldn't be negative or fractional. Use an integer, or null for a browser session.");
  }
  if (domain !== undefined && !DOMAIN.test(domain)) refuse('domain must be a host name such as example.com.');
  if (path !== undefined && !(typeof path === 'string' && PATH.test(path))) {
    refuse('path must start with "/" and must not contain ";" or control characters.');
  }
  if (secure !== undefined && secure !== 'auto' && typeof secure !== 'boolean')
    refuse("secure must be true, false or 'auto'.");
  for (const option of ['expires', 'httpOnly', 'partitioned'] as const) {
    if (cookie[option] !== undefined && typeof cookie[option] !== 'boolean') refuse(`${option} must be true or false.`);
  }
  if (cookie.prefix !== undefined && !COOKIE_PREFIXES.includes(cookie.prefix)) {
    refuse("prefix must be 'auto', '__Host-', '__Secure-', '__Http-', '__Host-Http-' or false.");
  }
  oneOf('sameSite', sameSite, ['strict', 'lax', 'none'], refuse);
  oneOf('priority', priority, ['low', 'medium', 'high'], refuse);
  oneOf('encoding', encoding, ['uri', 'base64', 'raw', 'dquotes'], refuse);
  checkExtensions(cookie.extensions ?? {}, refuse);
  checkPlaces(cookie.alsoClear, refuse);
  if (cookie.attributes !== undefined && typeof cookie.attributes !== 'function') {
    refuse("attributes must be a function, such as (call) => ({ domain: domainOf(call.requestHeader('host')) }).");
  }
}

function checkPlaces(places: CookieConfiguration['alsoClear'], refuse: (problem: string) => never): void {
  if (places === undefined) return;
  if (!Array.isArray(places)) return refuse("alsoClear must be a list of places, such as [{ path: '/app' }].");
  for (const place of places as ReadonlyArray<Record<string, unknown> | null>) {
    const known = typeof place === 'object' && place !== null;
    if (!known || Object.keys(place).some((key) => key !== 'path' && key !== 'domain')) {
      refuse("each place of alsoClear needs path, domain or both, such as [{ path: '/app' }].");
      return;
    }
    const { path, domain } = place;
    if (path !== undefined && !(typeof path === 'string' && PATH.test(path))) {
      refuse('path in alsoClear must start with "/" and must not contain ";" or control characters.');
    }
    if (domain !== undefined && domain !== null && !(typeof domain === 'string' && DOMAIN.test(domain))) {
      refuse('domain in alsoClear must be a host name such as example.com, or null for a host-only cookie.');
    }
  }
}

function checkExtensions(
  extensions: Readonly<Record<string, string | null>>,
  refuse: (problem: string) => never,
): void {
  for (const [key, value] of Object.entries(extensions)) {
    if (!/^[$A-Za-z][A-Za-z0-9-]*$/.test(key)) refuse('names in extensions may contain letters, digits and "-".');
    const option = OWN_OPTIONS.get(key.toLowerCase());
    if (option) refuse(`${key} has its own option. Use ${option} instead of extensions.`);
    if (value === null) continue;
    if (typeof value !== 'string') refuse(`extension ${key} must be a string, or null for the name only.`);
    if (!ATTRIBUTE_VALUE.test(value)) refuse(`extension ${key} contains ";" or a control character.`);
  }
}

function checkPrefix(name: string, cookie: CookieConfiguration, refuse: (problem: string) => never): void {
  if (!hasPrefix(name, '__Secure-', '__Host-', '__Http-')) return;
  if (cookie.secure === false) refuse('the prefix of the cookie name needs secure: true.');
  if (hasPrefix(name, '__Host-')) {
    if (cookie.domain !== undefined)
      refuse('a __Host- cookie must not have a domain. Remove domain, or use __Secure-.');
    if (cookie.path !== undefined && cookie.path !== '/') refuse("a __Host- cookie needs path: '/'.");
  }
  if (hasPrefix(name, '__Http-', '__Host-Http-') && cookie.httpOnly === false) {
    refuse('the prefix of the cookie name needs httpOnly: true.');
  }
}

function oneOf(
  option: string,
  value: string | undefined,
  allowed: readonly string[],
  refuse: (problem: string) => never,
): void {
  if (value !== undefined && !allowed.includes(value)) {
    refuse(`${option} must be one of ${allowed.map((one) => `'${one}'`).join(', ')}.`);
  }
}
