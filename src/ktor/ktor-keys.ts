import { assertNotUndefined, assertKnownOptions } from '../errors/known-options.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { EncryptAlgorithm } from '../transformer/cbc-cipher.js';
import type { MacAlgorithm } from '../transformer/java-algorithms.js';
import { SessionTransportTransformerEncrypt } from '../transformer/session-transport-transformer-encrypt.js';
import { SessionTransportTransformerMessageAuthentication } from '../transformer/session-transport-transformer-message-authentication.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
import { isBefore, type KtorVersion } from './ktor-version.js';

/** Hexadecimal, as in Ktor's `hex("…")`, or bytes. */
export interface KtorKeys {
  /** At least 32 bytes. */
  readonly sign: string | Uint8Array;
  /** 32 bytes for AES. With {@link weak} also 16 or 24, and 24 for DESede. */
  readonly encrypt?: string | Uint8Array;
  /** Default `HmacSHA256`. */
  readonly signAlgorithm?: MacAlgorithm;
  /** Default `AES`. */
  readonly encryptAlgorithm?: EncryptAlgorithm;
  /** Also reads what servers before 3.0 encrypted. Default `false`. */
  readonly backwardCompatibleRead?: boolean;
  /** Accepts keys of less than 32 random bytes. */
  readonly weak?: true;
  /** Disables the production warning about Ktor's encryption. */
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

export function transformersOf(keys: KtorKeys, version: KtorVersion): readonly SessionTransportTransformer[] {
  assertKnownOptions('ktor() keys', keys, KEY_OPTIONS);
  assertNotUndefined('ktor() keys', keys, ['encrypt', 'sign']);
  if (keys.weak !== undefined && keys.weak !== true) {
    throw new SessionConfigurationError('ktor() keys: weak must be true or omitted.');
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
