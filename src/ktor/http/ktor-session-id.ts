import { randomBytes } from 'node:crypto';
import { isBefore, type KtorVersion } from '../ktor-version.js';

/**
 * A session id as Ktor makes it: hex digits in lower case. 64 since 3.5 (256 random bits, the default), 32 from 1.5 to
 * 3.4, 16 before. 16 are too few to be safe from guessing. Every length is read, whatever the version.
 */
export function generateKtorSessionId(length: 16 | 32 | 64 = 64): string {
  return randomBytes(length / 2).toString('hex');
}

/** How many digits the ids of a version have. */
export function sessionIdLengthOf(version: KtorVersion): 32 | 64 {
  return isBefore(version, '3.5') ? 32 : 64;
}
