import { scryptSync } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { absenceOf, KEY_ADVICE, patternOf, shortestPeriod, weaknessOfWords } from './key-material.js';
import { publicKeyIn } from './public-keys.js';

const KEY_BYTES = 32;
const MIN_CHARACTERS = 20;
const MIN_DISTINCT_CHARACTERS = 8;

// OWASP's first recommendation for scrypt.
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
// Every process must derive the same key.
const SALT = 'nestjs-sessions: a passphrase for a key ring, version 1';

/** @throws {SessionConfigurationError} for a weak passphrase. */
export function stretchedPassphrase(passphrase: string, place: string): Buffer {
  const problem = absenceOf(passphrase) ?? publicKeyIn(passphrase) ?? weaknessOfPassphrase(passphrase);
  if (problem !== undefined) throw new SessionConfigurationError(`${place} ${problem} ${KEY_ADVICE}`);
  return scryptSync(passphrase.normalize('NFC'), SALT, KEY_BYTES, SCRYPT);
}

function weaknessOfPassphrase(passphrase: string): string | undefined {
  const words = weaknessOfWords(passphrase);
  if (words !== undefined) return words;
  const bytes = Buffer.from(passphrase, 'utf8');
  const characters = Array.from(bytes.toString('utf8', 0, shortestPeriod(bytes))).length;
  if (characters < MIN_CHARACTERS) {
    return `is too short for a passphrase: it has ${characters} characters, without repetitions; ${MIN_CHARACTERS} are needed.`;
  }
  return patternOf(bytes, MIN_DISTINCT_CHARACTERS);
}
