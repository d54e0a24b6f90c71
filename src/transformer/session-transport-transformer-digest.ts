import { createHash } from 'node:crypto';
import { digestHash, type DigestAlgorithm } from './java-algorithms.js';
import { bytesOfHex, equalInConstantTime, javaUtf8, splitAtLast } from './ktor-text.js';
import { type SessionTransportTransformer } from './session-transport-transformer.js';

const WEAKNESS =
  'SessionTransportTransformerDigest is a salted hash, not a MAC: anyone who knows the salt (public by default) ' +
  'can forge sessions. Use SessionTransportTransformerSeal, or set { acknowledge: true }.';

/** Options of {@link SessionTransportTransformerDigest}. */
export interface SessionTransportTransformerDigestOptions {
  /** Disables the warning about the weakness at start in production. */
  readonly acknowledge?: true;
}

/**
 * Ktor 1.x's `SessionTransportTransformerDigest`, same bytes. **Weak**: only for sharing sessions with a Ktor 1.x
 * server; Ktor deprecated it in 1.1 (#792) and removed it in 2.0.
 *
 * Wire format: `value/hex(H(salt ‖ value))`, UTF-8, lower-case hex.
 *
 * - Not a MAC. The default salt is public, so anyone can sign. With a secret salt, a client can extend its value under
 * MD5, SHA-1, SHA-224, SHA-256 or SHA-512 (length extension).
 * - The value is readable, and bound to neither session name nor time.
 *
 * Reads like Ktor: splits at the last `/`, accepts both cases of hex, ignores the last of an odd number of digits.
 */
export class SessionTransportTransformerDigest implements SessionTransportTransformer {
  readonly weakness: string | undefined;
  readonly #salt: Buffer;
  readonly #hash: string;

  /**
   * @param salt default `ktor`.
   * @param algorithm default `SHA-384` (Ktor 1.0: `SHA-256`).
   * @throws {SessionConfigurationError} for an unknown algorithm.
   */
  constructor(
    salt = 'ktor',
    algorithm: DigestAlgorithm = 'SHA-384',
    options: SessionTransportTransformerDigestOptions = {},
  ) {
    this.#salt = javaUtf8(salt);
    this.#hash = digestHash(algorithm);
    this.weakness = options.acknowledge ? undefined : WEAKNESS;
  }

  transformRead(transportValue: string): string | undefined {
    const [value, signature] = splitAtLast(transportValue, '/');
    const provided = bytesOfHex(signature.slice(0, signature.length - (signature.length % 2)));
    if (provided === undefined || !equalInConstantTime(provided, this.#digest(value))) return undefined;
    return value;
  }

  transformWrite(transportValue: string): string {
    return `${transportValue}/${this.#digest(transportValue).toString('hex')}`;
  }

  #digest(value: string): Buffer {
    return createHash(this.#hash).update(this.#salt).update(javaUtf8(value)).digest();
  }
}
