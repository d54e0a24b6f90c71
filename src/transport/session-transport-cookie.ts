import type { SessionCall } from '../call/session-call.js';
import { assertKnownOptions } from '../errors/known-options.js';
import { SessionConfigurationError, SessionTooLargeError } from '../errors/session.errors.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
import {
  checkCookieConfiguration,
  DEFAULT_SESSION_MAX_AGE,
  demandsSecure,
  MAX_COOKIE_AGE_IN_SECONDS,
  resolveCookieConfiguration,
  type CookieConfiguration,
  type RequestCookieAttributes,
  type ResolvedCookieConfiguration,
} from './cookie-configuration.js';
import { prefixedName } from './cookie-prefix.js';
import { decodeCookieValue, encodeCookieValue, type CookieEncoding } from './cookie-encoding.js';
import { cookieValues } from './cookie-header.js';
import type { SessionTransport } from './session-transport.js';

/** RFC 6265, 6.1. */
const MAX_COOKIE_BYTES = 4096;

const CLEARED = '; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT';

/** A session in a cookie (Ktor: `SessionTransportCookie`). */
export class SessionTransportCookie implements SessionTransport {
  readonly kind = 'cookie';
  readonly requestHeader = 'Cookie';
  /** With its prefix. */
  readonly name: string;
  readonly transformers: readonly SessionTransportTransformer[];
  readonly configuration: ResolvedCookieConfiguration;

  readonly #encoding: CookieEncoding;
  readonly #isUnreserved: boolean;
  readonly #secure: boolean | 'auto';
  readonly #beforeSecure: string;
  readonly #afterSecure: string;
  readonly #clearedBeforeSecure: string;
  readonly #elsewhere: readonly string[];
  readonly clearsElsewhere: boolean;
  readonly #byRequest: CookieScopes | undefined;

  /** @param bareName an RFC 9110 token, without prefix. @throws {SessionConfigurationError} */
  constructor(
    bareName: string,
    configuration: CookieConfiguration = {},
    transformers: readonly SessionTransportTransformer[] = [],
  ) {
    const name = prefixedName(bareName, configuration);
    checkCookieConfiguration(name, configuration);
    const cookie = resolveCookieConfiguration(configuration);
    this.name = name;
    this.transformers = transformers;
    this.configuration = cookie;
    this.#encoding = cookie.encoding;
    this.#isUnreserved = cookie.encoding === 'uri' && transformers.at(-1)?.writesUnreserved === true;
    this.#secure = resolveSecure(name, cookie);
    const place = placeOf(cookie);
    this.#beforeSecure = place;
    this.#clearedBeforeSecure = CLEARED + place;
    this.#elsewhere = otherPlaces(cookie).filter((other) => other !== place);
    const { attributes, ...fixed } = configuration;
    this.#byRequest = attributes && new CookieScopes(attributes, name, fixed, transformers);
    this.clearsElsewhere = this.#elsewhere.length > 0 || attributes !== undefined;
    this.#afterSecure = attributesAfterSecure(cookie);
  }

  receive(call: SessionCall): ReadonlyArray<string | undefined> {
    const header = call.requestHeader('cookie');
    if (header === undefined) return [];
    return cookieValues(header, this.name).map((text) =>
      text.length > MAX_COOKIE_BYTES ? undefined : decodeCookieValue(text, this.#encoding),
    );
  }

  get persistent(): boolean {
    return this.configuration.maxAgeInSeconds !== null;
  }

  send(call: SessionCall, value: string, maxAgeInSeconds = this.configuration.maxAgeInSeconds): void {
    if (this.#byRequest) return this.#byRequest.of(call).send(call, value, maxAgeInSeconds);
    const encoded = this.#isUnreserved ? value : encodeCookieValue(value, this.#encoding);
    if (encoded === undefined) {
      throw new SessionConfigurationError(
        `The value of cookie "${this.name}" contains characters that encoding '${this.#encoding}' cannot represent. ` +
          "Use encoding: 'uri' or 'base64'.",
      );
    }
    const line =
      `${this.name}=${encoded}${this.#lifetime(maxAgeInSeconds)}${this.#beforeSecure}` +
      this.#secureFor(call) +
      this.#afterSecure;
    if (line.length > MAX_COOKIE_BYTES) throw new SessionTooLargeError(this.name, line.length, MAX_COOKIE_BYTES, []);
    call.setCookie(this.name, line);
    if (this.clearsElsewhere && this.receive(call).length > 1) this.#clearElsewhere(call);
  }

  /** With all attributes; otherwise browsers ignore it (RFC 6265bis, 5.7). */
  clear(call: SessionCall): void {
    if (this.#byRequest) return this.#byRequest.of(call).clear(call);
    call.setCookie(this.name, `${this.name}=${this.#clearedBeforeSecure}${this.#secureFor(call)}${this.#afterSecure}`);
    this.#clearElsewhere(call);
  }

  isSecure(call: SessionCall): boolean {
    if (this.#byRequest) return this.#byRequest.of(call).isSecure(call);
    return this.#secure === 'auto' ? call.secure : this.#secure;
  }

  toString(): string {
    return `SessionTransportCookie: ${this.name}`;
  }

  #clearElsewhere(call: SessionCall): void {
    for (const place of this.#elsewhere) {
      const line = `${this.name}=${CLEARED}${place}${this.#secureFor(call)}${this.#afterSecure}`;
      call.setCookie(this.name + place, line);
    }
  }

  #secureFor(call: SessionCall): string {
    return this.isSecure(call) ? '; Secure' : '';
  }

  #lifetime(maxAge: number | null | undefined): string {
    if (maxAge === null) return '';
    const seconds = Math.min(maxAge ?? DEFAULT_SESSION_MAX_AGE, MAX_COOKIE_AGE_IN_SECONDS);
    const expires = this.configuration.expires
      ? `; Expires=${new Date(Date.now() + seconds * 1000).toUTCString()}`
      : '';
    return `; Max-Age=${seconds}${expires}`;
  }
}

const MAX_SCOPES = 1000;

class CookieScopes {
  readonly #attributesOf: NonNullable<CookieConfiguration['attributes']>;
  readonly #name: string;
  readonly #configuration: CookieConfiguration;
  readonly #transformers: readonly SessionTransportTransformer[];
  readonly #transports = new Map<string, SessionTransportCookie>();

  constructor(
    attributesOf: NonNullable<CookieConfiguration['attributes']>,
    name: string,
    configuration: CookieConfiguration,
    transformers: readonly SessionTransportTransformer[],
  ) {
    this.#attributesOf = attributesOf;
    this.#name = name;
    this.#configuration = configuration;
    this.#transformers = transformers;
  }

  of(call: SessionCall): SessionTransportCookie {
    const attributes: unknown = this.#attributesOf(call);
    if (typeof attributes !== 'object' || attributes === null) {
      throw new SessionConfigurationError(`Cookie "${this.#name}": attributes must return an object.`);
    }
    assertKnownOptions(`Cookie "${this.#name}", attributes`, attributes, ['domain', 'partitioned']);
    const { domain, partitioned } = attributes as RequestCookieAttributes;
    const key = JSON.stringify([domain, partitioned]);
    const present = this.#transports.get(key);
    if (present) return present;
    const { domain: _domain, partitioned: _partitioned, ...fixed } = this.#configuration;
    const scope = {
      ...(domain === undefined ? {} : { domain }),
      ...(partitioned === undefined ? {} : { partitioned }),
    };
    const transport = new SessionTransportCookie(this.#name, { ...fixed, ...scope, prefix: false }, this.#transformers);
    if (this.#transports.size >= MAX_SCOPES) this.#transports.clear();
    this.#transports.set(key, transport);
    return transport;
  }
}

function placeOf({ domain, path }: { readonly domain?: string | null; readonly path?: string }): string {
  return (domain ? `; Domain=${domain}` : '') + (path ? `; Path=${path}` : '');
}

function otherPlaces({ domain, path, alsoClear = [] }: ResolvedCookieConfiguration): readonly string[] {
  const hostAlone = domain === undefined ? [] : [{ path }];
  const present = { path, ...(domain === undefined ? {} : { domain }) };
  return [...new Set([...hostAlone, ...alsoClear.map((place) => ({ ...present, ...place }))].map(placeOf))];
}

function resolveSecure(name: string, cookie: ResolvedCookieConfiguration): boolean | 'auto' {
  if (cookie.secure !== 'auto') return cookie.secure === true;
  return demandsSecure(name, cookie) || process.env['NODE_ENV'] === 'production' ? true : 'auto';
}

function attributesAfterSecure(cookie: ResolvedCookieConfiguration): string {
  const parts: string[] = [];
  if (cookie.httpOnly) parts.push('HttpOnly');
  if (cookie.sameSite) parts.push(`SameSite=${capitalized(cookie.sameSite)}`);
  if (cookie.partitioned) parts.push('Partitioned');
  if (cookie.priority) parts.push(`Priority=${capitalized(cookie.priority)}`);
  for (const [key, value] of Object.entries(cookie.extensions ?? {}))
    parts.push(value === null ? key : `${key}=${value}`);
  return parts.map((part) => `; ${part}`).join('');
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
