import { createHmac, randomBytes, type KeyObject } from 'node:crypto';
import { refuseUnknownOptions } from '../errors/known-options.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { CbcCipher, type EncryptAlgorithm } from './cbc-cipher.js';
import { macHash, type MacAlgorithm } from './java-algorithms.js';
import { checkedKtorKey } from './ktor-key.js';
import { bytesOfHex, equalInConstantTime, javaUtf8, splitAtLast } from './ktor-text.js';
import { type SessionTransportTransformer } from './session-transport-transformer.js';

const WEAKNESS =
  'SessionTransportTransformerEncrypt does not authenticate its IV: a client changes the first block of a session ' +
  'whose text it can guess, a user id for instance. Use SessionTransportTransformerSeal, or say { acknowledge: true }.';

/** Options of {@link SessionTransportTransformerEncrypt}. */
export interface SessionTransportTransformerEncryptOptions {
  /**
   * Gives an IV of exactly `size` bytes, unpredictable and never the same: 16 for AES, 8 for DESede. Called once for
   * each value, and once at construction. Default: random bytes.
   *
   * Ktor before 3.5.1 asked for as many bytes as the key has, but could use none but those of a block (#990): what
   * travels is the same.
   */
  readonly ivGenerator?: (size: number) => Uint8Array;
  /** Default `AES`. */
  readonly encryptAlgorithm?: EncryptAlgorithm;
  /** Default `HmacSHA256`. */
  readonly signAlgorithm?: MacAlgorithm;
  /**
   * What the MAC is made of: `ciphertext` as Ktor writes it since 3.0 (default), or `plaintext` as before, for a
   * server of version 1.x or 2.x. Read is what is written, unless {@link backwardCompatibleRead} says both.
   */
  readonly macOver?: 'ciphertext' | 'plaintext';
  /** Reads both kinds of MAC (Ktor 3's option of that name). Default `false`. */
  readonly backwardCompatibleRead?: boolean;
  /** Takes keys of less than 32 random bytes, where an old server has such. Default: they are refused. */
  readonly weak?: true;
  /** The weaknesses are known and accepted: no warning at start in production. */
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
 * Ktor's `SessionTransportTransformerEncrypt`, byte for byte. **Weak**; for sharing sessions with a Ktor server.
 *
 * Wire format: `hex(iv)/hex(ciphertext):hex(mac)`, hex in lower case; ciphertext = AES or 3DES in CBC mode with
 * PKCS #5 padding, of the text as UTF-8; mac = HMAC(signKey, ciphertext).
 *
 * - **The IV is not authenticated.** Flipping a bit of it flips the same bit of the first 16 bytes of the session, and
 *   the value stays valid. `{"userId":"id2",` has 16 bytes: who knows them can become another user. Adding a
 *   `SessionTransportTransformerMessageAuthentication` behind this one closes that, where the Ktor server has it too.
 * - With `macOver: 'plaintext'` or `backwardCompatibleRead`, values are decrypted before they are checked: whoever can
 *   tell a wrong padding from a wrong MAC, by time for instance, can decrypt them (padding oracle, KTOR-6318).
 * - Neither the session's name nor a time is covered: a value of one session is taken for one of another with the same
 *   keys, and an old one stays valid for ever. There is no rotation of keys.
 *
 * Read as Ktor does: the last `/` and the last `:` behind it divide; IV and ciphertext may be of either case, the MAC
 * may not. Compared in constant time, which Ktor up to 3.5.2 does not do (KTOR-9477).
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
   * @param encryptionKey 32 random bytes for AES. With `weak` also 16 or 24, and 24 for DESede. From Ktor's `hex(…)`:
   * `Buffer.from('…', 'hex')`.
   * @param signKey 32 random bytes or more.
   * @throws {SessionConfigurationError} for a weak or published key, a key or IV of a wrong size, or an unknown algorithm.
   * Names what is allowed.
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
    // Ktor's own check: a generator that gives the wrong size shows now and not at the first session.
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
