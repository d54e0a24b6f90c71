import { refuseUndefined, refuseUnknownOptions } from '../errors/known-options.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { EncryptAlgorithm } from '../transformer/cbc-cipher.js';
import type { MacAlgorithm } from '../transformer/java-algorithms.js';
import { SessionTransportTransformerEncrypt } from '../transformer/session-transport-transformer-encrypt.js';
import { SessionTransportTransformerMessageAuthentication } from '../transformer/session-transport-transformer-message-authentication.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
import { isBefore, type KtorVersion } from './ktor-version.js';

/** The keys that a Ktor server is configured with: hexadecimal, as in Ktor's `hex("…")`, or bytes. */
export interface KtorKeys {
  /** The key of the message authentication code, 32 bytes or more: signs alone, or together with {@link encrypt}. */
  readonly sign: string | Uint8Array;
  /** 32 bytes for AES; with {@link weak} also 16 or 24, and 24 for DESede: encrypts. */
  readonly encrypt?: string | Uint8Array;
  /** Default `HmacSHA256`. */
  readonly signAlgorithm?: MacAlgorithm;
  /** Default `AES`. */
  readonly encryptAlgorithm?: EncryptAlgorithm;
  /** Ktor 3's option of that name: reads what servers before 3.0 encrypted, too. Default `false`. */
  readonly backwardCompatibleRead?: boolean;
  /** Takes keys of less than 32 random bytes, where an old server has such. Default: they are refused. */
  readonly weak?: true;
  /** The weaknesses of Ktor's encryption are known and accepted: no warning at start in production. */
  readonly acknowledge?: true;
}

const KEY_OPTIONS: ReadonlyArray<keyof KtorKeys> = [
  'sign',
  'encrypt',
  'signAlgorithm',
  'encryptAlgorithm',
  'backwardCompatibleRead',
  'weak',
  'acknowledge',
];

/**
 * The transformers of a Ktor server with these keys: MessageAuthentication, or Encrypt in the layout of the version.
 * @throws {SessionConfigurationError} for a key that is not hexadecimal, empty, weak, published or of a wrong size.
 */
export function transformersOf(keys: KtorKeys, version: KtorVersion): readonly SessionTransportTransformer[] {
  refuseUnknownOptions('ktor() keys', keys, KEY_OPTIONS);
  refuseUndefined('ktor() keys', keys, ['encrypt', 'sign']);
  if (keys.weak !== undefined && keys.weak !== true) {
    throw new SessionConfigurationError('ktor() keys: weak is true, or left out.');
  }
  const sign = bytesOf('keys.sign', keys.sign);
  const weak = keys.weak ? { weak: keys.weak } : {};
  if (keys.encrypt === undefined) {
    const { signAlgorithm = 'HmacSHA256' } = keys;
    return [new SessionTransportTransformerMessageAuthentication(sign, signAlgorithm, weak)];
  }
  return [
    new SessionTransportTransformerEncrypt(bytesOf('keys.encrypt', keys.encrypt), sign, {
      macOver: isBefore(version, '3.4') ? 'plaintext' : 'ciphertext',
      encryptAlgorithm: keys.encryptAlgorithm ?? 'AES',
      signAlgorithm: keys.signAlgorithm ?? 'HmacSHA256',
      backwardCompatibleRead: keys.backwardCompatibleRead ?? false,
      ...weak,
      ...(keys.acknowledge ? { acknowledge: true } : {}),
    }),
  ];
}

function bytesOf(place: string, key: string | Uint8Array): Uint8Array {
  if (key instanceof Uint8Array) return key;
  if (typeof key !== 'string' || key.length % 2 !== 0 || /[^0-9a-f]/i.test(key)) {
    throw new SessionConfigurationError(
      `${place} is not hexadecimal. Write the digits of Ktor's hex("…"), two for each byte, or pass bytes. (Ktor leaves ` +
        'out the last digit of an odd number.)',
    );
  }
  return Buffer.from(key, 'hex');
}
