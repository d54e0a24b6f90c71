import { createHmac, type KeyObject } from 'node:crypto';
import { assertKnownOptions } from '../errors/known-options.js';
import { macHash, type MacAlgorithm } from './java-algorithms.js';
import { checkedKtorKey } from './ktor-key.js';
import { equalInConstantTime, javaUtf8, splitAtLast } from './ktor-text.js';
import { OpenedValues } from './opened-values.js';
import { type SessionTransportTransformer } from './session-transport-transformer.js';

/** The client can read the cached values. */
const REMEMBERED_FOR_MILLISECONDS = 60_000;

export interface SessionTransportTransformerMessageAuthenticationOptions {
  /** Accepts a key of less than 32 random bytes. */
  readonly weak?: true;
}

/**
 * The client can read the value but not change it.
 *
 * `value/hex(HMAC(key, value))`, UTF-8, lower-case hex only.
 *
 * Neither session name nor time is authenticated: use one key per session. There is no key rotation.
 */
export class SessionTransportTransformerMessageAuthentication implements SessionTransportTransformer {
  readonly #key: KeyObject;
  readonly #hash: string;
  readonly #opened = new OpenedValues(REMEMBERED_FOR_MILLISECONDS);

  /**
   * @param key 32 random bytes or more.
   * @param algorithm default `HmacSHA256` (before Ktor 1.1.2: `HmacSHA1`).
   * @throws {SessionConfigurationError} for an invalid, weak or published key.
   */
  constructor(
    key: Uint8Array,
    algorithm: MacAlgorithm = 'HmacSHA256',
    options: SessionTransportTransformerMessageAuthenticationOptions = {},
  ) {
    assertKnownOptions('SessionTransportTransformerMessageAuthentication', options, ['weak']);
    this.#hash = macHash(algorithm);
    this.#key = checkedKtorKey(key, 'key', options.weak);
  }

  transformRead(transportValue: string): string | undefined {
    const known = this.#opened.get(transportValue);
    if (known !== undefined) return known;
    const [value, signature] = splitAtLast(transportValue, '/');
    if (!equalInConstantTime(Buffer.from(signature, 'utf8'), Buffer.from(this.#mac(value)))) return undefined;
    this.#opened.set(transportValue, value);
    return value;
  }

  transformWrite(transportValue: string): string {
    return `${transportValue}/${this.#mac(transportValue)}`;
  }

  #mac(value: string): string {
    return createHmac(this.#hash, this.#key).update(javaUtf8(value)).digest('hex');
  }
}
