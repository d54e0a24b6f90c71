import * as crypto from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { SECRETBOX_KEY_BYTES } from './secretbox.js';

/** The part of the package sodium-native that derives a key of a secret. */
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

/** A key of @fastify/secure-session: bytes, or base64 of them. */
export type SecureSessionKey = string | Uint8Array;

const SALT_BYTES = 16;
const SHORTEST_SECRET = 32;
/** What @fastify/secure-session takes where it is given none. */
const DEFAULT_SALT = Buffer.from('mq9hDxBVDbspDR6nLfFT1g==', 'base64');
/** libsodium's "moderate": 3 passes over 256 MiB, one lane. */
const ARGON2 = { parallelism: 1, passes: 3, memory: 262_144, tagLength: SECRETBOX_KEY_BYTES } as const;

type Argon2Sync = (algorithm: 'argon2id', options: object) => Buffer;

/** The keys, newest first. @throws {SessionConfigurationError} for one that is not of 32 bytes. */
export function secureSessionKeys(key: SecureSessionKey | readonly SecureSessionKey[]): readonly Uint8Array[] {
  const list = Array.isArray(key) ? (key as readonly SecureSessionKey[]) : [key as SecureSessionKey];
  const keys = list.map((one) => (typeof one === 'string' ? Buffer.from(one, 'base64') : one));
  if (keys.length > 0 && keys.every((one) => one instanceof Uint8Array && one.length === SECRETBOX_KEY_BYTES)) {
    return keys;
  }
  throw new SessionConfigurationError(
    `fastifySecureSession: key is ${SECRETBOX_KEY_BYTES} bytes, base64 of them, or a list of those, newest first.`,
  );
}

/**
 * The key that @fastify/secure-session derives of its `secret`: Argon2id, by Node where it can (24.7 and later), else by
 * sodium-native, which the old application has.
 * @throws {SessionConfigurationError} where neither is there, or for a secret or salt of a wrong size.
 */
export function keyOfSecret(
  secret: string | Uint8Array,
  salt: string | Uint8Array | undefined,
  given?: SodiumLike,
): Uint8Array {
  const password = Buffer.from(secret as string);
  if (password.length < SHORTEST_SECRET) {
    throw new SessionConfigurationError(`fastifySecureSession: secret is at least ${SHORTEST_SECRET} bytes.`);
  }
  const nonce = salt === undefined ? DEFAULT_SALT : typeof salt === 'string' ? Buffer.from(salt, 'ascii') : salt;
  if (nonce.length !== SALT_BYTES) {
    throw new SessionConfigurationError(
      `fastifySecureSession: salt is ${SALT_BYTES} bytes, or a text of as many letters.`,
    );
  }
  const { argon2Sync } = crypto as { argon2Sync?: Argon2Sync };
  if (!given && argon2Sync) return argon2Sync('argon2id', { ...ARGON2, message: password, nonce });
  const sodium = given ?? sodiumOfApplication();
  if (!sodium) {
    throw new SessionConfigurationError(
      'fastifySecureSession: before Node 24.7 a key is derived of a secret by sodium-native only, which ' +
        "@fastify/secure-session brings along. Add sodium: require('sodium-native'), or pass the key itself.",
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
