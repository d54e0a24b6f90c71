import type { SessionCall } from '../call/session-call.js';
import { SessionTooLargeError } from '../errors/session.errors.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
import { checkHeaderName } from './header-name.js';
import type { SessionTransport } from './session-transport.js';

/** Servers accept 8 kB for all headers together. */
const MAX_HEADER_BYTES = 8000;
const HEADER_VALUE = /^(?:[\u0021-\u007e](?:[\u0020-\u007e]*[\u0021-\u007e])?)?$/;

/** A session in a header that clients send back (Ktor: `SessionTransportHeader`). It cannot be cleared. */
export class SessionTransportHeader implements SessionTransport {
  readonly kind = 'header';
  readonly name: string;
  readonly requestHeader: string;
  readonly transformers: readonly SessionTransportTransformer[];
  readonly #exposed: boolean;
  readonly #lowerCaseName: string;

  /**
   * @param options.exposed adds it to `Access-Control-Expose-Headers`. Default `false`.
   * @throws {SessionConfigurationError}
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
    return [value.length > MAX_HEADER_BYTES ? undefined : decodeHeaderValue(value)];
  }

  send(call: SessionCall, value: string): void {
    const encoded = encodeHeaderValue(value);
    if (encoded.length > MAX_HEADER_BYTES) {
      throw new SessionTooLargeError(this.name, encoded.length, MAX_HEADER_BYTES, []);
    }
    call.setHeader(this.name, encoded);
    if (this.#exposed) call.setHeader('Access-Control-Expose-Headers', this.name);
  }

  clear(): void {}

  toString(): string {
    return `SessionTransportHeader: ${this.name}`;
  }
}

// Others are sent as RFC 8187 text; Node and browsers use Latin-1.
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
