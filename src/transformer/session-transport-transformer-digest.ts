import { createHash } from 'node:crypto';
import { digestHash, type DigestAlgorithm } from './java-algorithms.js';
import { bytesOfHex, equalInConstantTime, javaUtf8, splitAtLast } from './ktor-text.js';
import { type SessionTransportTransformer } from './session-transport-transformer.js';

const WEAKNESS =
  'SessionTransportTransformerDigest is a salted hash and not a MAC: whoever knows the salt, which is public unless ' +
  'you chose one, forges sessions at will. Use SessionTransportTransformerSeal, or say { acknowledge: true }.';

/** Options of {@link SessionTransportTransformerDigest}. */
export interface SessionTransportTransformerDigestOptions {
  /** The weakness is known and accepted: no warning at start in production. */
  readonly acknowledge?: true;
}

/**
 * Ktor 1.x's `SessionTransportTransformerDigest`, byte for byte. **Weak**; here to read and write what a Ktor 1.x
 * server does, which deprecated it in 1.1 (#792) and removed it in 2.0.
 *
 * Wire format: `value/hex(H(salt ‖ value))`, texts as UTF-8, hex in lower case.
 *
 * - Not a MAC. The default salt is public, so anybody can sign; and with a salt of one's own, a client can lengthen a
 *   value it has where the algorithm is MD5, SHA-1, SHA-224, SHA-256 or SHA-512 (length extension).
 * - The value stays readable. It is bound neither to the session's name nor to a time.
 *
 * Read as Ktor does: the last `/` divides; the hex may be of either case; the last digit of an odd number is ignored.
 */
export class SessionTransportTransformerDigest implements SessionTransportTransformer {
  readonly weakness: string | undefined;
  readonly #salt: Buffer;
  readonly #hash: string;

  /**
   * @param salt default `ktor`.
   * @param algorithm default `SHA-384`, as since Ktor 1.1; `SHA-256` is what 1.0 used.
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
