import * as crypto from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { SECRETBOX_KEY_BYTES } from './secretbox.js';

export interface SodiumLike {
  readonly crypto_pwhash_OPSLIMIT_MODERATE: number;
  readonly crypto_pwhash_MEMLIMIT_MODERATE: number;
  readonly crypto_pwhash_ALG_DEFAULT: number;
  crypto_pwhash(
    out: Uint8Array,
    password: Uint8Array,
    salt: Uint8Array,
    operations: number,
    memory: number,
    algorithm: number,
  ): void;
}

/** 32 bytes or their base64. */
export type SecureSessionKey = string | Uint8Array;

const SALT_BYTES = 16;
const MIN_SECRET_BYTES = 32;
const DEFAULT_SALT = Buffer.from('mq9hDxBVDbspDR6nLfFT1g==', 'base64');
/** libsodium's "moderate": 3 passes over 256 MiB. */
const ARGON2 = { parallelism: 1, passes: 3, memory: 262_144, tagLength: SECRETBOX_KEY_BYTES } as const;

type Argon2Sync = (algorithm: 'argon2id', options: object) => Buffer;

/** @throws {SessionConfigurationError} if a key does not have 32 bytes. */
export function secureSessionKeys(key: SecureSessionKey | readonly SecureSessionKey[]): readonly Uint8Array[] {
  const list = Array.isArray(key) ? (key as readonly SecureSessionKey[]) : [key as SecureSessionKey];
  const keys = list.map((one) => (typeof one === 'string' ? Buffer.from(one, 'base64') : one));
  if (keys.length > 0 && keys.every((one) => one instanceof Uint8Array && one.length === SECRETBOX_KEY_BYTES)) {
    return keys;
  }
  throw new SessionConfigurationError(
    `fastifySecureSession: key must be ${SECRETBOX_KEY_BYTES} bytes, their base64, or a list of those, newest first.`,
  );
}

/**
 * Argon2id, by Node from 24.7 on, else by sodium-native.
 * @throws {SessionConfigurationError} for a wrong size, or if both are missing.
 */
export function keyOfSecret(
  secret: string | Uint8Array,
  salt: string | Uint8Array | undefined,
  given?: SodiumLike,
): Uint8Array {
  const password = Buffer.from(secret as string);
  if (password.length < MIN_SECRET_BYTES) {
    throw new SessionConfigurationError(`fastifySecureSession: secret must have at least ${MIN_SECRET_BYTES} bytes.`);
  }
  const nonce = salt === undefined ? DEFAULT_SALT : typeof salt === 'string' ? Buffer.from(salt, 'ascii') : salt;
  if (nonce.length !== SALT_BYTES) {
    throw new SessionConfigurationError(
      `fastifySecureSession: salt must have ${SALT_BYTES} bytes or ASCII characters.`,
    );
  }
  const { argon2Sync } = crypto as { argon2Sync?: Argon2Sync };
  if (!given && argon2Sync) return argon2Sync('argon2id', { ...ARGON2, message: password, nonce });
  const sodium = given ?? sodiumOfApplication();
  if (!sodium) {
    throw new SessionConfigurationError(
      'fastifySecureSession: before Node 24.7, secret needs sodium-native, which ' +
        "@fastify/secure-session depends on. Add sodium: require('sodium-native'), or use key.",
    );
  }
  const key = Buffer.alloc(SECRETBOX_KEY_BYTES);
  sodium.crypto_pwhash(
    key,
    password,
    nonce,
    sodium.crypto_pwhash_OPSLIMIT_MODERATE,
    sodium.crypto_pwhash_MEMLIMIT_MODERATE,
    sodium.crypto_pwhash_ALG_DEFAULT,
  );
  return key;
}

function sodiumOfApplication(): SodiumLike | undefined {
  try {
    return createRequire(join(process.cwd(), 'package.json'))('sodium-native') as SodiumLike;
  } catch {
    return undefined;
  }
}
