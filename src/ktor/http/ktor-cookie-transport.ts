import type { SessionCall } from '../../call/session-call.js';
import { SessionConfigurationError, SessionTooLargeError } from '../../errors/session.errors.js';
import type { CookieEncoding } from '../../transport/cookie-encoding.js';
import { SameSite } from '../../transport/cookie-configuration.js';
import type { SessionTransport } from '../../transport/session-transport.js';
import type { SessionTransportTransformer } from '../../transformer/session-transport-transformer.js';
import { checkKtorCookie, KTOR_ENCODING_NAMES, type KtorCookieConfiguration } from './ktor-cookie-configuration.js';
import { decodeKtorCookie, encodeKtorCookie } from './ktor-cookie-encoding.js';
import { ktorCookieValues } from './ktor-cookie-header.js';
import { checkKtorVersion, isBefore, type KtorVersion } from '../ktor-version.js';

const MAX_COOKIE_BYTES = 4096;
const LARGEST_MAX_AGE = 0x7fff_ffff;
const LAST_MOMENT = 8.64e15;
const EPOCH = 'Thu, 01 Jan 1970 00:00:00 GMT';
const SAME_SITE: ReadonlyMap<string, string> = new Map(Object.entries(SameSite).map(([name, value]) => [value, name]));
const DEFAULT_MAX_AGE = 604_800;

export interface KtorCookieTransportOptions {
  /** Default `3.5`. */
  readonly version?: KtorVersion;
  /** For `Expires`, in epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Ktor's `SessionTransportCookie`: `name=value; Max-Age=…; Expires=…; Domain=…; Path=…; Secure; HttpOnly; <extensions>;
 * $x-enc=<encoding>`.
 *
 * Unlike Ktor, ignores an undecodable value and tries other cookies of the same name.
 */
export class KtorCookieTransport implements SessionTransport {
  readonly kind = 'cookie';
  readonly requestHeader = 'Cookie';
  readonly name: string;
  readonly transformers: readonly SessionTransportTransformer[];
  readonly configuration: KtorCookieConfiguration;
  readonly #encoding: CookieEncoding;
  readonly #version: KtorVersion;
  readonly #now: () => number;
  readonly #attributes: string;
  readonly #clearedCookie: string;

  /** @throws {SessionConfigurationError} for an invalid name or attribute. */
  constructor(
    name: string,
    configuration: KtorCookieConfiguration = {},
    transformers: readonly SessionTransportTransformer[] = [],
    options: KtorCookieTransportOptions = {},
  ) {
    checkKtorCookie(name, configuration);
    this.#version = options.version ?? '3.5';
    checkKtorVersion(this.#version);
    this.name = name;
    this.transformers = transformers;
    this.configuration = configuration;
    this.#encoding = configuration.encoding ?? 'uri';
    this.#now = options.now ?? (() => Date.now());
    this.#attributes = this.#domainAndPath() + this.#flags() + encodingMark(this.#encoding);
    this.#clearedCookie = this.#clearedLine();
  }

  receive(call: SessionCall): ReadonlyArray<string | undefined> {
    const header = call.requestHeader('cookie');
    if (header === undefined) return [];
    return ktorCookieValues(header, this.name).map((text) =>
      text.length > MAX_COOKIE_BYTES ? undefined : decodeKtorCookie(text, this.#encoding, this.#version),
    );
  }

  /** @throws {SessionConfigurationError} for a value that the encoding cannot represent, {SessionTooLargeError} */
  send(call: SessionCall, value: string): void {
    const line = `${this.name}=${this.#encode(value)}${this.#lifetime()}${this.#attributes}`;
    const size = Buffer.byteLength(line);
    if (size > MAX_COOKIE_BYTES) throw new SessionTooLargeError(this.name, size, MAX_COOKIE_BYTES, []);
    call.setCookie(this.name, line);
  }

  clear(call: SessionCall): void {
    call.setCookie(this.name, this.#clearedCookie);
  }

  isSecure(): boolean {
    return this.configuration.secure ?? false;
  }

  toString(): string {
    return `SessionTransportCookie: ${this.name}`;
  }

  #encode(value: string): string {
    const encoded = encodeKtorCookie(value, this.#encoding, this.#version);
    if (encoded !== undefined) return encoded;
    throw new SessionConfigurationError(
      `The cookie value contains characters that cannot be encoded in ${KTOR_ENCODING_NAMES[this.#encoding]} format. ` +
        "Consider URL_ENCODING mode: encoding: 'uri'.",
    );
  }

  #lifetime(): string {
    const { maxAgeInSeconds = DEFAULT_MAX_AGE } = this.configuration;
    if (maxAgeInSeconds === null) return '';
    const seconds = Math.min(Math.floor(maxAgeInSeconds + 0.5), Number.MAX_SAFE_INTEGER);
    if (seconds === 0) return isBefore(this.#version, '3.4') ? '' : '; Max-Age=0';
    // Ktor overflows here.
    const expires = new Date(Math.min(this.#now() + seconds * 1000, LAST_MOMENT)).toUTCString();
    return `; Max-Age=${Math.min(seconds, LARGEST_MAX_AGE)}; Expires=${expires}`;
  }

  #domainAndPath(): string {
    const { domain, path = '/' } = this.configuration;
    return (domain === undefined ? '' : `; Domain=${domain}`) + (path === null ? '' : `; Path=${path}`);
  }

  #flags(): string {
    const { secure = false, httpOnly = true, sameSite, extensions } = this.configuration;
    const all: Array<readonly [string, string | null]> = Object.entries(extensions ?? {});
    if (sameSite !== undefined && !all.some(([key]) => key === 'SameSite'))
      all.unshift(['SameSite', SAME_SITE.get(sameSite) ?? sameSite]);
    const rendered = all.map(([key, value]) => (value === null ? `; ${key}` : `; ${key}=${this.#extension(value)}`));
    return (secure ? '; Secure' : '') + (httpOnly ? '; HttpOnly' : '') + rendered.join('');
  }

  // Up to 2.1.3, extensions are encoded (KTOR-4722).
  #extension(value: string): string {
    return isBefore(this.#version, '2.2') ? this.#encode(value) : value;
  }

  #clearedLine(): string {
    const maxAge = isBefore(this.#version, '3.4') ? '' : '; Max-Age=0';
    const start = `${this.name}=${maxAge}; Expires=${EPOCH}${this.#domainAndPath()}`;
    // Up to 2.1.1, flags and extensions are missing (KTOR-437).
    return isBefore(this.#version, '2.2')
      ? start + encodingMark('uri')
      : start + this.#flags() + encodingMark(this.#encoding);
  }
}

function encodingMark(encoding: CookieEncoding): string {
  return `; $x-enc=${KTOR_ENCODING_NAMES[encoding]}`;
}
