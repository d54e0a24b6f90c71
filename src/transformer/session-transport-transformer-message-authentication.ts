import { createHmac, type KeyObject } from 'node:crypto';
import { refuseUnknownOptions } from '../errors/known-options.js';
import { macHash, type MacAlgorithm } from './java-algorithms.js';
import { checkedKtorKey } from './ktor-key.js';
import { equalInConstantTime, javaUtf8, splitAtLast } from './ktor-text.js';
import { OpenedValues } from './opened-values.js';
import { type SessionTransportTransformer } from './session-transport-transformer.js';

/** Caching it is safe, because the client can read it. */
const REMEMBERED_FOR_MILLISECONDS = 60_000;

/** Options of {@link SessionTransportTransformerMessageAuthentication}. */
export interface SessionTransportTransformerMessageAuthenticationOptions {
  /** Accepts a key of less than 32 random bytes. Default: it is rejected. */
  readonly weak?: true;
}

/**
 * Ktor's `SessionTransportTransformerMessageAuthentication`, same bytes: the client can read the value but not change
 * it.
 *
 * Wire format: `value/hex(HMAC(key, value))`, UTF-8, lower-case hex only, split at the last `/`.
 *
 * Session name and time are not authenticated: a value is accepted for other sessions with the same key, and forever.
 * Use one key per session. There is no key rotation. `SessionTransportTransformerSeal` has none of these limits.
 */
export class SessionTransportTransformerMessageAuthentication implements SessionTransportTransformer {
  readonly #key: KeyObject;
  readonly #hash: string;
  readonly #opened = new OpenedValues(REMEMBERED_FOR_MILLISECONDS);

  /**
   * @param key 32 random bytes or more. Ktor's `hex(…)` is `Buffer.from('…', 'hex')`.
   * @param algorithm default `HmacSHA256` (before Ktor 1.1.2: `HmacSHA1`).
   * @throws {SessionConfigurationError} for an empty, weak or published key, or an unknown algorithm.
   */
  constructor(
    key: Uint8Array,
    algorithm: MacAlgorithm = 'HmacSHA256',
    options: SessionTransportTransformerMessageAuthenticationOptions = {},
  ) {
    refuseUnknownOptions('SessionTransportTransformerMessageAuthentication', options, ['weak']);
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
