import { createHmac, type KeyObject } from 'node:crypto';
import { refuseUnknownOptions } from '../errors/known-options.js';
import { macHash, type MacAlgorithm } from './java-algorithms.js';
import { checkedKtorKey } from './ktor-key.js';
import { equalInConstantTime, javaUtf8, splitAtLast } from './ktor-text.js';
import { OpenedValues } from './opened-values.js';
import { type SessionTransportTransformer } from './session-transport-transformer.js';

/** What was signed is no secret: the client can read it. */
const REMEMBERED_FOR_MILLISECONDS = 60_000;

/** Options of {@link SessionTransportTransformerMessageAuthentication}. */
export interface SessionTransportTransformerMessageAuthenticationOptions {
  /** Takes a key of less than 32 random bytes, where an old server has one. Default: such a key is refused. */
  readonly weak?: true;
}

/**
 * Ktor's `SessionTransportTransformerMessageAuthentication`, byte for byte, all versions: the client can read the
 * value but not change it.
 *
 * Wire format: `value/hex(HMAC(key, value))`, the text as UTF-8, hex in lower case. The last `/` divides. Hex in upper
 * case is refused, as Ktor refuses it.
 *
 * The code covers the value alone, neither the session's name nor a time: with one key for two sessions, a value of
 * the first is taken for one of the second, and an old value stays valid for ever. Give each session a key of its own.
 * There is no rotation of keys. `SessionTransportTransformerSeal` has none of these limits.
 */
export class SessionTransportTransformerMessageAuthentication implements SessionTransportTransformer {
  readonly #key: KeyObject;
  readonly #hash: string;
  readonly #opened = new OpenedValues(REMEMBERED_FOR_MILLISECONDS);

  /**
   * @param key 32 random bytes or more. From Ktor's `hex(…)`: `Buffer.from('…', 'hex')`.
   * @param algorithm default `HmacSHA256`; Ktor before 1.1.2 used `HmacSHA1`.
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
