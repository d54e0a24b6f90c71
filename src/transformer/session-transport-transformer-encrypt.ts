import { createHmac, randomBytes, type KeyObject } from 'node:crypto';
import { refuseUnknownOptions } from '../errors/known-options.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { CbcCipher, type EncryptAlgorithm } from './cbc-cipher.js';
import { macHash, type MacAlgorithm } from './java-algorithms.js';
import { checkedKtorKey } from './ktor-key.js';
import { bytesOfHex, equalInConstantTime, javaUtf8, splitAtLast } from './ktor-text.js';
import { type SessionTransportTransformer } from './session-transport-transformer.js';

const WEAKNESS =
  'SessionTransportTransformerEncrypt does not authenticate its IV: a client can change the first block of a session ' +
  'if it can guess the text, such as a user id. Use SessionTransportTransformerSeal, or set { acknowledge: true }.';

/** Options of {@link SessionTransportTransformerEncrypt}. */
export interface SessionTransportTransformerEncryptOptions {
  /**
   * Returns `size` unpredictable, unique bytes: 16 for AES, 8 for DESede. Also called in the constructor. Default:
   * random bytes.
   */
  readonly ivGenerator?: (size: number) => Uint8Array;
  /** Default `AES`. */
  readonly encryptAlgorithm?: EncryptAlgorithm;
  /** Default `HmacSHA256`. */
  readonly signAlgorithm?: MacAlgorithm;
  /**
   * Input of the MAC: `ciphertext` as in Ktor 3 (default), or `plaintext` as in 1.x and 2.x. Also applies to reading,
   * unless {@link backwardCompatibleRead} is set.
   */
  readonly macOver?: 'ciphertext' | 'plaintext';
  /** Reads both kinds of MAC (Ktor 3's option). Default `false`. */
  readonly backwardCompatibleRead?: boolean;
  /** Accepts keys of less than 32 random bytes. Default: they are rejected. */
  readonly weak?: true;
  /** Disables the warning about the weaknesses at start in production. */
  readonly acknowledge?: true;
}

const OPTIONS: ReadonlyArray<keyof SessionTransportTransformerEncryptOptions> = [
  'ivGenerator',
  'encryptAlgorithm',
  'signAlgorithm',
  'macOver',
  'backwardCompatibleRead',
  'weak',
  'acknowledge',
];

/**
 * Ktor's `SessionTransportTransformerEncrypt`, same bytes. **Weak**: only for sharing sessions with a Ktor server.
 *
 * Wire format: `hex(iv)/hex(ciphertext):hex(mac)`, lower case; ciphertext = AES or 3DES in CBC mode with PKCS #5
 * padding of the UTF-8 text; mac = HMAC(signKey, ciphertext).
 *
 * - **The IV is not authenticated.** Flipping one of its bits flips the same bit of the first 16 bytes: a client that
 * knows `{"userId":"id2",` can become another user. A `SessionTransportTransformerMessageAuthentication` after this one
 * prevents that, if Ktor has it, too.
 * - With `macOver: 'plaintext'` or `backwardCompatibleRead`, values are decrypted before they are verified: a padding
 * oracle (KTOR-6318).
 * - Session name and time are not authenticated: a value is accepted for other sessions with the same keys, and
 * forever. There is no key rotation.
 *
 * Reads like Ktor: splits at the last `/` and the last `:` after it; IV and ciphertext in either case, the MAC in lower
 * case only. Compares in constant time, unlike Ktor up to 3.5.2 (KTOR-9477).
 */
export class SessionTransportTransformerEncrypt implements SessionTransportTransformer {
  readonly weakness: string | undefined;
  readonly #cipher: CbcCipher;
  readonly #signKey: KeyObject;
  readonly #signHash: string;
  readonly #ivGenerator: (size: number) => Uint8Array;
  readonly #macOver: 'ciphertext' | 'plaintext';
  readonly #readsCiphertextMac: boolean;
  readonly #readsPlaintextMac: boolean;

  /**
   * @param encryptionKey 32 random bytes for AES. With `weak` also 16 or 24, and 24 for DESede. Ktor's `hex(…)` is
   * `Buffer.from('…', 'hex')`.
   * @param signKey 32 random bytes or more.
   * @throws {SessionConfigurationError} for an invalid, weak or published key, IV size or algorithm.
   */
  constructor(encryptionKey: Uint8Array, signKey: Uint8Array, options: SessionTransportTransformerEncryptOptions = {}) {
    refuseUnknownOptions('SessionTransportTransformerEncrypt', options, OPTIONS);
    const { macOver = 'ciphertext', backwardCompatibleRead = false, weak } = options;
    if (macOver !== 'ciphertext' && macOver !== 'plaintext') {
      throw new SessionConfigurationError(
        "Unknown macOver. Use 'ciphertext' (Ktor since 3.0) or 'plaintext' (before).",
      );
    }
    this.#cipher = new CbcCipher(options.encryptAlgorithm ?? 'AES', encryptionKey);
    this.#signHash = macHash(options.signAlgorithm ?? 'HmacSHA256');
    checkedKtorKey(encryptionKey, 'encryptionKey', weak);
    this.#signKey = checkedKtorKey(signKey, 'signKey', weak);
    this.#ivGenerator = options.ivGenerator ?? randomBytes;
    this.#macOver = macOver;
    this.#readsCiphertextMac = macOver === 'ciphertext' || backwardCompatibleRead;
    this.#readsPlaintextMac = macOver === 'plaintext' || backwardCompatibleRead;
    this.weakness = options.acknowledge ? undefined : WEAKNESS;
    this.transformWrite('');
  }

  transformRead(transportValue: string): string | undefined {
    const [ivHex, rest] = splitAtLast(transportValue, '/');
    const [ciphertextHex, mac] = splitAtLast(rest, ':');
    const iv = bytesOfHex(ivHex);
    const ciphertext = bytesOfHex(ciphertextHex);
    if (iv === undefined || ciphertext === undefined) return undefined;
    const genuine = this.#readsCiphertextMac && this.#isMacOf(ciphertext, mac);
    if (!genuine && !this.#readsPlaintextMac) return undefined;
    const plaintext = this.#cipher.decrypt(iv, ciphertext);
    if (plaintext === undefined || !(genuine || this.#isMacOf(plaintext, mac))) return undefined;
    return plaintext.toString('utf8');
  }

  transformWrite(transportValue: string): string {
    const plaintext = javaUtf8(transportValue);
    const iv = this.#ivGenerator(this.#cipher.blockBytes);
    const ciphertext = this.#cipher.encrypt(iv, plaintext);
    const mac = this.#mac(this.#macOver === 'plaintext' ? plaintext : ciphertext);
    return `${Buffer.from(iv).toString('hex')}/${ciphertext.toString('hex')}:${mac}`;
  }

  #isMacOf(bytes: Uint8Array, mac: string): boolean {
    return equalInConstantTime(Buffer.from(mac, 'utf8'), Buffer.from(this.#mac(bytes)));
  }

  #mac(bytes: Uint8Array): string {
    return createHmac(this.#signHash, this.#signKey).update(bytes).digest('hex');
  }
}
