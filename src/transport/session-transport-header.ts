import type { SessionCall } from '../call/session-call.js';
import { SessionTooLargeError } from '../errors/session.errors.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
import { checkHeaderName } from './header-name.js';
import type { SessionTransport } from './session-transport.js';

/** Bytes. Servers and proxies accept 8 kB for all headers together. */
const LARGEST_HEADER = 8000;
const HEADER_VALUE = /^(?:[\u0021-\u007e](?:[\u0020-\u007e]*[\u0021-\u007e])?)?$/;

/**
 * Sends a session in request and response headers (Ktor: `SessionTransportHeader`), for clients that store the value
 * and send it back. A header cannot be cleared.
 */
export class SessionTransportHeader implements SessionTransport {
  readonly kind = 'header';
  readonly name: string;
  readonly requestHeader: string;
  readonly transformers: readonly SessionTransportTransformer[];
  readonly #exposed: boolean;
  readonly #lowerCaseName: string;

  /**
   * @param options.exposed adds the name to `Access-Control-Expose-Headers`, for scripts of other origins. Default
   * `false`.
   * @throws {SessionConfigurationError} for an invalid or reserved name.
   */
  constructor(
    name: string,
    transformers: readonly SessionTransportTransformer[] = [],
    options: { readonly exposed?: boolean } = {},
  ) {
    checkHeaderName(name);
    this.name = name;
    this.requestHeader = name;
    this.transformers = transformers;
    this.#exposed = options.exposed ?? false;
    this.#lowerCaseName = name.toLowerCase();
  }

  receive(call: SessionCall): ReadonlyArray<string | undefined> {
    const value = call.requestHeader(this.#lowerCaseName);
    if (value === undefined) return [];
    return [value.length > LARGEST_HEADER ? undefined : decodeHeaderValue(value)];
  }

  send(call: SessionCall, value: string): void {
    const encoded = encodeHeaderValue(value);
    if (encoded.length > LARGEST_HEADER) {
      throw new SessionTooLargeError(this.name, encoded.length, LARGEST_HEADER, []);
    }
    call.setHeader(this.name, encoded);
    if (this.#exposed) call.setHeader('Access-Control-Expose-Headers', this.name);
  }

  clear(): void {}

  toString(): string {
    return `SessionTransportHeader: ${this.name}`;
  }
}

// Sealed values and ids are ASCII. Other values are sent as RFC 8187 text, because Node and browsers use Latin-1 for
// headers.
const ENCODED = "UTF-8''";
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function encodeHeaderValue(value: string): string {
  return HEADER_VALUE.test(value) && !value.startsWith(ENCODED)
    ? value
    : ENCODED + encodeURIComponent(value.replace(LONE_SURROGATE, '?'));
}

function decodeHeaderValue(text: string): string | undefined {
  if (!text.startsWith(ENCODED)) return text;
  try {
    return decodeURIComponent(text.slice(ENCODED.length));
  } catch {
    return undefined;
  }
}
