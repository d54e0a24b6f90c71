import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { probe, secretKeyOf } from './java-algorithms.js';

const CIPHERS = {
  AES: {
    blockBytes: 16,
    names: new Map([
      [16, 'aes-128-cbc'],
      [24, 'aes-192-cbc'],
      [32, 'aes-256-cbc'],
    ]),
  },
  DESede: { blockBytes: 8, names: new Map([[24, 'des-ede3-cbc']]) },
} as const;

/** `DESede` is 3DES. */
export type EncryptAlgorithm = keyof typeof CIPHERS;

/** Java's `<algorithm>/CBC/PKCS5PADDING`. Not authenticated. */
export class CbcCipher {
  /** Also of the IV. */
  readonly blockBytes: number;
  readonly #name: string;
  readonly #key: KeyObject;

  constructor(algorithm: EncryptAlgorithm, key: Uint8Array) {
    if (!Object.hasOwn(CIPHERS, algorithm)) {
      throw new SessionConfigurationError(
        `Unknown encryption algorithm. Use one of: ${Object.keys(CIPHERS).join(', ')}.`,
      );
    }
    const { blockBytes, names } = CIPHERS[algorithm];
    this.#key = secretKeyOf(key, 'encryptionKey');
    this.blockBytes = blockBytes;
    this.#name = nameFor(algorithm, names, key.length);
    probe(algorithm, () => createCipheriv(this.#name, this.#key, Buffer.alloc(blockBytes)));
  }

  encrypt(iv: Uint8Array, plaintext: Uint8Array): Buffer {
    if (!(iv instanceof Uint8Array) || iv.length !== this.blockBytes) {
      throw new SessionConfigurationError(
        `The IV must have ${this.blockBytes} bytes: ivGenerator(size) must return exactly \`size\` bytes.`,
      );
    }
    const cipher = createCipheriv(this.#name, this.#key, iv);
    return Buffer.concat([cipher.update(plaintext), cipher.final()]);
  }

  decrypt(iv: Uint8Array, ciphertext: Uint8Array): Buffer | undefined {
    if (iv.length !== this.blockBytes) return undefined;
    // As in Java; Node throws.
    if (ciphertext.length === 0) return Buffer.alloc(0);
    const decipher = createDecipheriv(this.#name, this.#key, iv);
    try {
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}

function nameFor(algorithm: string, names: ReadonlyMap<number, string>, keyBytes: number): string {
  const name = names.get(keyBytes);
  if (name === undefined) {
    const sizes = [...names.keys()].join(', ');
    throw new SessionConfigurationError(
      `Invalid ${algorithm} key length: ${keyBytes} bytes. encryptionKey must have one of these sizes in bytes: ${sizes}.`,
    );
  }
  return name;
}
