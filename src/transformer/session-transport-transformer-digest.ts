import { createHash } from 'node:crypto';
import { digestHash, type DigestAlgorithm } from './java-algorithms.js';
import { bytesOfHex, equalInConstantTime, javaUtf8, splitAtLast } from './ktor-text.js';
import { type SessionTransportTransformer } from './session-transport-transformer.js';

const WEAKNESS =
  'SessionTransportTransformerDigest is a salted hash, not a MAC: anyone who knows the salt (public by default) ' +
  'can forge sessions. Use SessionTransportTransformerSeal, or set { acknowledge: true }.';

export interface SessionTransportTransformerDigestOptions {
  /** Disables the production warning. */
  readonly acknowledge?: true;
}

/**
 * Only for sharing sessions with a Ktor 1.x server.
 *
 * `value/hex(H(salt ‖ value))`, UTF-8, lower-case hex.
 *
 * **Weak**: not a MAC. The default salt is public. With a secret one, a client can extend its value under MD5, SHA-1,
 * SHA-224, SHA-256 or SHA-512. Neither session name nor time is authenticated.
 *
 * Like Ktor, accepts upper-case hex and ignores the last of an odd number of digits.
 */
export class SessionTransportTransformerDigest implements SessionTransportTransformer {
  readonly weakness: string | undefined;
  readonly #salt: Buffer;
  readonly #hash: string;

  /** @param algorithm default `SHA-384` (Ktor 1.0: `SHA-256`). */
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
