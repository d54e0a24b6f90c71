import { SessionConfigurationError } from '../../errors/session.errors.js';
import { assertNotUndefined } from '../../errors/known-options.js';
import type { CookieEncoding } from '../../transport/cookie-encoding.js';

/** Ktor's `CookieConfiguration`. */
export interface KtorCookieConfiguration {
  /** `null`: until the browser closes (0 in Ktor 1.x). Default 604800, 7 days. */
  readonly maxAgeInSeconds?: number | null;
  /** Default `uri`. */
  readonly encoding?: CookieEncoding;
  readonly domain?: string;
  /** `null`: not set. Default `/`. */
  readonly path?: string | null;
  /** Set it for https. Default `false`, as in Ktor. */
  readonly secure?: boolean;
  /** Default `true`. */
  readonly httpOnly?: boolean;
  /** Default: not set, as in Ktor. */
  readonly sameSite?: string;
  /** In order; `null` writes only the name. */
  readonly extensions?: Readonly<Record<string, string | null>>;
}

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

export function checkKtorCookie(name: string, cookie: KtorCookieConfiguration): void {
  const refuse = (problem: string): never => {
    throw new SessionConfigurationError(problem);
  };
  if (name === '' || NOT_IN_NAMES.test(name))
    refuse(`Cookie name is not valid: ${name}. Use letters, digits, - and _.`);
  if (NOT_READ_BACK.test(name)) refuse(`Cookie name is not valid: ${name}. Ktor could not read it back.`);
  for (const option of Object.keys(cookie)) {
    if (!KNOWN.includes(option)) refuse(`Cookie "${name}": unknown option "${option}". Known: ${KNOWN.join(', ')}.`);
  }
  // An unset variable must not select an insecure default.
  assertNotUndefined(`Cookie "${name}"`, cookie, ['secure', 'sameSite']);
  const { maxAgeInSeconds: maxAge, encoding } = cookie;
  if (typeof maxAge === 'number' && !(maxAge >= 0)) {
    refuse(`maxAgeInSeconds shouldn't be negative: ${maxAge}. Use null for a cookie that ends with the browser.`);
  }
  if (encoding !== undefined && !Object.hasOwn(KTOR_ENCODING_NAMES, encoding)) {
    refuse(`Cookie "${name}": encoding must be 'uri', 'base64', 'raw' or 'dquotes'.`);
  }
  for (const option of ['secure', 'httpOnly'] as const) {
    if (cookie[option] !== undefined && typeof cookie[option] !== 'boolean') {
      refuse(`Cookie "${name}": ${option} must be true or false.`);
    }
  }
  if (BAD_DOMAIN.test(cookie.domain ?? '')) refuse(`Cookie "${name}": domain must be a host name such as example.com.`);
  const texts = [cookie.domain, cookie.path, cookie.sameSite, ...Object.values(cookie.extensions ?? {})];
  if (texts.some((text) => text !== undefined && text !== null && typeof text !== 'string')) {
    refuse(`Cookie "${name}": domain, path, sameSite and extensions must be strings.`);
  }
  if (texts.some((text) => CONTROL.test(text ?? '')))
    refuse(`Cookie "${name}": an attribute contains a control character.`);
  if (texts.some((text) => text?.includes(';'))) refuse(`Cookie "${name}": an attribute contains ";".`);
  for (const key of Object.keys(cookie.extensions ?? {})) {
    if (key === '' || NOT_IN_NAMES.test(key)) refuse(`Cookie name is not valid: ${key}, in extensions.`);
  }
}
