import { SessionConfigurationError } from '../../errors/session.errors.js';
import { refuseUndefined } from '../../errors/known-options.js';
import type { CookieEncoding } from '../../transport/cookie-encoding.js';

/** The attributes of a Ktor session cookie, with Ktor's names and Ktor's defaults (Ktor: `CookieConfiguration`). */
export interface KtorCookieConfiguration {
  /**
   * Seconds; a fraction is rounded half up, `Infinity` is the longest there is. `null`: a cookie that ends with the
   * browser session. Default 604800, 7 days. Ktor 1.x says it with 0.
   */
  readonly maxAgeInSeconds?: number | null;
  /** How the value is written and read. Default `uri`, Ktor's `URI_ENCODING`. */
  readonly encoding?: CookieEncoding;
  /** Default: none. */
  readonly domain?: string;
  /** Default `/`; `null` for none. */
  readonly path?: string | null;
  /** Default `false`, as Ktor's. Set it wherever the application is served by https. */
  readonly secure?: boolean;
  /** Default `true`. */
  readonly httpOnly?: boolean;
  /**
   * `SameSite.Strict`, `Lax` or `None`, which are written as Ktor writes them; any other text as it is. Default: none,
   * as Ktor's.
   */
  readonly sameSite?: string;
  /** Further attributes in order; `null` writes the bare name. */
  readonly extensions?: Readonly<Record<string, string | null>>;
}

/** The names of the encodings as `$x-enc` tells them. */
export const KTOR_ENCODING_NAMES: Readonly<Record<CookieEncoding, string>> = {
  uri: 'URI_ENCODING',
  base64: 'BASE64_ENCODING',
  raw: 'RAW',
  dquotes: 'DQUOTES',
};

const KNOWN = ['maxAgeInSeconds', 'encoding', 'domain', 'path', 'secure', 'httpOnly', 'sameSite', 'extensions'];
const NOT_IN_NAMES = /[\s\u0000-\u0020\u007f-\uffff;,"]/;
const NOT_READ_BACK = /^\$|[={}]/;
const CONTROL = /[\u0000-\u001f\u007f-\uffff]/;
const BAD_DOMAIN = /[;,\s]/;

/**
 * Checks name and attributes.
 * @throws {SessionConfigurationError} in Ktor's words where it has some.
 */
export function checkKtorCookie(name: string, cookie: KtorCookieConfiguration): void {
  const refuse = (problem: string): never => {
    throw new SessionConfigurationError(problem);
  };
  if (name === '' || NOT_IN_NAMES.test(name))
    refuse(`Cookie name is not valid: ${name}. Use letters, digits, - and _.`);
  if (NOT_READ_BACK.test(name)) refuse(`Cookie name is not valid: ${name}. Ktor would never read it back.`);
  for (const option of Object.keys(cookie)) {
    if (!KNOWN.includes(option)) refuse(`Cookie "${name}": unknown option "${option}". Known: ${KNOWN.join(', ')}.`);
  }
  // Ktor's defaults are the weaker ones: an unset variable must not look like a choice.
  refuseUndefined(`Cookie "${name}"`, cookie, ['secure', 'sameSite']);
  const { maxAgeInSeconds: maxAge, encoding } = cookie;
  if (typeof maxAge === 'number' && !(maxAge >= 0)) {
    refuse(`maxAgeInSeconds shouldn't be negative: ${maxAge}. Use null for a cookie that ends with the browser.`);
  }
  if (encoding !== undefined && !Object.hasOwn(KTOR_ENCODING_NAMES, encoding)) {
    refuse(`Cookie "${name}": encoding is one of 'uri', 'base64', 'raw', 'dquotes'.`);
  }
  for (const option of ['secure', 'httpOnly'] as const) {
    if (cookie[option] !== undefined && typeof cookie[option] !== 'boolean') {
      refuse(`Cookie "${name}": ${option} is true or false.`);
    }
  }
  if (BAD_DOMAIN.test(cookie.domain ?? '')) refuse(`Cookie "${name}": domain must be a host name such as example.com.`);
  const texts = [cookie.domain, cookie.path, cookie.sameSite, ...Object.values(cookie.extensions ?? {})];
  if (texts.some((text) => text !== undefined && text !== null && typeof text !== 'string')) {
    refuse(`Cookie "${name}": domain, path, sameSite and extensions are texts.`);
  }
  if (texts.some((text) => CONTROL.test(text ?? '')))
    refuse(`Cookie "${name}": an attribute holds a control character.`);
  if (texts.some((text) => text?.includes(';'))) refuse(`Cookie "${name}": an attribute holds ";".`);
  for (const key of Object.keys(cookie.extensions ?? {})) {
    if (key === '' || NOT_IN_NAMES.test(key)) refuse(`Cookie name is not valid: ${key}, in extensions.`);
  }
}
