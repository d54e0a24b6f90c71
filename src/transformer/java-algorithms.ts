import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';

const DIGESTS = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-224': 'sha224',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
  'SHA-512/224': 'sha512-224',
  'SHA-512/256': 'sha512-256',
  'SHA3-224': 'sha3-224',
  'SHA3-256': 'sha3-256',
  'SHA3-384': 'sha3-384',
  'SHA3-512': 'sha3-512',
} as const;

const MACS = {
  HmacMD5: 'md5',
  HmacSHA1: 'sha1',
  HmacSHA224: 'sha224',
  HmacSHA256: 'sha256',
  HmacSHA384: 'sha384',
  HmacSHA512: 'sha512',
  'HmacSHA512/224': 'sha512-224',
  'HmacSHA512/256': 'sha512-256',
  'HmacSHA3-224': 'sha3-224',
  'HmacSHA3-256': 'sha3-256',
  'HmacSHA3-384': 'sha3-384',
  'HmacSHA3-512': 'sha3-512',
} as const;

/** Java's name (`java.security.MessageDigest`). */
export type DigestAlgorithm = keyof typeof DIGESTS;

/** Java's name (`javax.crypto.Mac`). */
export type MacAlgorithm = keyof typeof MACS;

export function digestHash(algorithm: DigestAlgorithm): string {
  const hash = lookUp('digest', DIGESTS, algorithm);
  probe(algorithm, () => createHash(hash));
  return hash;
}

export function macHash(algorithm: MacAlgorithm): string {
  const hash = lookUp('MAC', MACS, algorithm);
  probe(algorithm, () => createHmac(hash, 'probe'));
  return hash;
}

/** With Ktor's message for an empty key. */
export function secretKeyOf(key: Uint8Array, place: string): KeyObject {
  if (!(key instanceof Uint8Array)) {
    throw new SessionConfigurationError(
      `${place} must be bytes. Use Buffer.from(hex, 'hex') or Buffer.from(text, 'utf8').`,
    );
  }
  if (key.length === 0) {
    throw new SessionConfigurationError(
      `Empty key: ${place} has no bytes. Is the environment variable set, and is it hexadecimal? ` +
        "Buffer.from(text, 'hex') stops silently at invalid characters.",
    );
  }
  return createSecretKey(key);
}

function lookUp(kind: string, names: Readonly<Record<string, string>>, algorithm: string): string {
  const wanted = typeof algorithm === 'string' ? algorithm.toUpperCase() : undefined;
  const found = Object.entries(names).find(([name]) => name.toUpperCase() === wanted);
  if (found === undefined) {
    throw new SessionConfigurationError(`Unknown ${kind} algorithm. Use one of: ${Object.keys(names).join(', ')}.`);
  }
  return found[1];
}

/** A Node.js build or FIPS may lack the algorithm. */
export function probe(algorithm: string, use: () => unknown): void {
  try {
    use();
  } catch (cause) {
    throw new SessionConfigurationError(`This Node.js does not offer ${algorithm}. Use another algorithm.`, { cause });
  }
}
