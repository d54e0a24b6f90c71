import { createHmac, randomBytes, type KeyObject } from 'node:crypto';
import { assertKnownOptions } from '../errors/known-options.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { CbcCipher, type EncryptAlgorithm } from './cbc-cipher.js';
import { macHash, type MacAlgorithm } from './java-algorithms.js';
import { checkedKtorKey } from './ktor-key.js';
import { bytesOfHex, equalInConstantTime, javaUtf8, splitAtLast } from './ktor-text.js';
import { type SessionTransportTransformer } from './session-transport-transformer.js';

const WEAKNESS =
  'SessionTransportTransformerEncrypt does not authenticate its IV: a client can change the first block of a session ' +
  'if it can guess the text, such as a user id. Use SessionTransportTransformerSeal, or set { acknowledge: true }.';

export interface SessionTransportTransformerEncryptOptions {
  /** Returns `size` unpredictable, unique bytes. Default: random bytes. */
  readonly ivGenerator?: (size: number) => Uint8Array;
  /** Default `AES`. */
  readonly encryptAlgorithm?: EncryptAlgorithm;
  /** Default `HmacSHA256`. */
  readonly signAlgorithm?: MacAlgorithm;
  /** Input of the MAC: `ciphertext` as in Ktor 3 (default), or `plaintext` as before. */
  readonly macOver?: 'ciphertext' | 'plaintext';
  /** Reads both kinds of MAC. Default `false`. */
  readonly backwardCompatibleRead?: boolean;
  /** Accepts keys of less than 32 random bytes. */
  readonly weak?: true;
  /** Disables the production warning. */
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
 * Only for sharing sessions with a Ktor server.
 *
 * `hex(iv)/hex(ciphertext):hex(mac)`, lower case: AES or 3DES in CBC mode with PKCS #5 padding of the UTF-8 text; mac =
 * HMAC(signKey, ciphertext).
 *
 * **Weak**: the IV is not authenticated, so a client that knows `{"userId":"id2",` can become another user, unless a
 * MAC transformer follows. `macOver: 'plaintext'` and `backwardCompatibleRead` are padding oracles (KTOR-6318). Neither
 * session name nor time is authenticated. There is no key rotation.
 *
 * Like Ktor, reads the MAC in lower case only.
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
   * @param encryptionKey 32 random bytes for AES. With `weak` also 16 or 24, and 24 for DESede.
   * @param signKey 32 random bytes or more.
   * @throws {SessionConfigurationError} for an invalid, weak or published key.
   */
  constructor(encryptionKey: Uint8Array, signKey: Uint8Array, options: SessionTransportTransformerEncryptOptions = {}) {
    assertKnownOptions('SessionTransportTransformerEncrypt', options, OPTIONS);
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
