import type { KeyObject } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { weaknessOfKey } from '../keys/key-material.js';
import { publicKeyIn } from '../keys/public-keys.js';
import { secretKeyOf } from './java-algorithms.js';

/** @param weak allows short keys, and published ones outside production. */
export function checkedKtorKey(key: Uint8Array, place: string, weak: unknown): KeyObject {
  const keyObject = secretKeyOf(key, place);
  const published = publicKeyIn(key);
  if (published !== undefined && process.env['NODE_ENV'] === 'production') {
    throw new SessionConfigurationError(
      `${place} ${published} Give this application and the Ktor server a key of 32 random bytes.`,
    );
  }
  const problem = weak === true ? undefined : (published ?? weaknessOfKey(key));
  if (problem === undefined) return keyObject;
  throw new SessionConfigurationError(
    `${place} ${problem} Give this application and the Ktor server a key of 32 random bytes, or set weak: true if ` +
      'the server cannot change its key.',
  );
}
