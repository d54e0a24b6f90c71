import { SessionConfigurationError } from '../errors/session.errors.js';
import { publicKeyIn } from './public-keys.js';

/** Bytes, or hexadecimal or base64 text, whose characters are the key material. */
export type KeyMaterial = string | Uint8Array;

const MIN_BYTES = 32;
const MIN_DISTINCT_BYTES = 16;

export const KEY_ADVICE =
  `Generate one with: node -e "console.log(require('node:crypto').randomBytes(32).toString('base64url'))" ` +
  'and pass it in an environment variable.';

// Shorter words occur in one of 10,000 random keys.
const PLACEHOLDER_WORDS = [
  'changeit',
  'changeme',
  'changethis',
  'dontusethis',
  'example',
  'iloveyou',
  'insecure',
  'keyboardcat',
  'letmein',
  'notasecret',
  'passphrase',
  'password',
  'placeholder',
  'qwerty',
  'replaceme',
  'secret',
  'yourkey',
];

const NO_KEY = 'is neither hexadecimal nor base64. For a passphrase, use new KeyRing(passphrase, { stretch: true }).';

/** @throws {SessionConfigurationError} with the place, without the key. */
export function checkedKeyMaterial(material: KeyMaterial | undefined, place: string): Buffer {
  const problem = absenceOf(material) ?? weaknessOfKey(material!);
  if (problem !== undefined) throw new SessionConfigurationError(`${place} ${problem} ${KEY_ADVICE}`);
  return typeof material === 'string' ? Buffer.from(material, 'utf8') : Buffer.from(material!);
}

export function noKeysError(): SessionConfigurationError {
  return new SessionConfigurationError(`keys is empty: a key ring needs at least one key. ${KEY_ADVICE}`);
}

/** Returns the predicate of a message. */
export function absenceOf(material: unknown): string | undefined {
  if (material === undefined || material === null) return 'is undefined. Is the environment variable set?';
  if (typeof material !== 'string' && !(material instanceof Uint8Array)) return 'must be a string or bytes.';
  return material.length === 0 ? 'is empty. Is the environment variable set?' : undefined;
}

export function weaknessOfKey(material: KeyMaterial): string | undefined {
  return publicKeyIn(material) ?? (typeof material === 'string' ? weaknessOfText(material) : weaknessOfBytes(material));
}

export function weaknessOfWords(text: string): string | undefined {
  if (text.trim() !== text) return 'starts or ends with white space, which is easily lost. Use trim().';
  const letters = text.toLowerCase().replace(/[^a-z0-9]/g, '');
  return PLACEHOLDER_WORDS.some((word) => letters.includes(word))
    ? 'contains a word that is typical of placeholders.'
    : undefined;
}

function weaknessOfText(text: string): string | undefined {
  const words = weaknessOfWords(text);
  if (words !== undefined) return words;
  const bytes = Buffer.from(withoutPadding(text), 'utf8');
  const period = shortestPeriod(bytes);
  const isRepeated = period < bytes.length;
  const size = bytesHeldBy(bytes.toString('utf8', 0, period));
  const isKey = isHexadecimal(text) || isBase64(text);
  if (size < MIN_BYTES && (isKey || isRepeated)) return tooSmall(size, isRepeated);
  if (isHexadecimal(text)) return weaknessOfBytes(Buffer.from(text, 'hex'));
  const pattern = patternOf(bytes);
  if (pattern !== undefined) return pattern;
  if (!isKey || isProse(text)) return NO_KEY;
  return weaknessOfBytes(Buffer.from(text, 'base64'));
}

function weaknessOfBytes(bytes: Uint8Array): string | undefined {
  const text = asPrintableText(bytes);
  if (text !== undefined) return weaknessOfText(text);
  const buffer = Buffer.from(bytes);
  const period = shortestPeriod(buffer);
  return period < MIN_BYTES ? tooSmall(period, period < buffer.length) : patternOf(buffer);
}

function tooSmall(size: number, repeated: boolean): string {
  const holds = `${Math.floor(size)} bytes; ${MIN_BYTES} are needed.`;
  return repeated ? `repeats a pattern of at most ${holds}` : `is too short: at most ${holds}`;
}

export function patternOf(bytes: Buffer, distinct = MIN_DISTINCT_BYTES): string | undefined {
  if (new Set(bytes).size < distinct) return 'uses too few different bytes to be random.';
  if (isSequence(bytes)) return 'is a sequence, not random.';
  return undefined;
}

/** For 32 random bytes: 1 in 10^13. */
function asPrintableText(bytes: Uint8Array): string | undefined {
  const printable = bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d));
  return printable && bytes.length > 0 ? Buffer.from(bytes).toString('latin1') : undefined;
}

function bytesHeldBy(text: string): number {
  if (/^[0-9a-f]+$/i.test(text)) return text.length / 2;
  return /^[\w+/-]+$/.test(text) ? (text.length * 3) / 4 : Buffer.byteLength(text, 'utf8');
}

function isHexadecimal(text: string): boolean {
  return /^(?:[0-9a-f]{2})+$/i.test(text);
}

function isBase64(text: string): boolean {
  const isAlphabet = /^(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}$/.test(text);
  return isAlphabet && withoutPadding(text).length % 4 !== 1;
}

/** False positives: less than one in a million random keys. */
function isProse(text: string): boolean {
  if (text === text.toLowerCase() || text === text.toUpperCase()) return true;
  const pairs = text.match(/(?<=[a-z])[a-z]/g)?.length ?? 0;
  return pairs * 5 > text.length * 3;
}

function withoutPadding(text: string): string {
  if (!text.endsWith('=')) return text;
  return text.slice(0, text.endsWith('==') ? -2 : -1);
}

export function shortestPeriod(bytes: Buffer): number {
  for (let period = 1; period <= bytes.length / 2; period++) {
    if (bytes.subarray(period).equals(bytes.subarray(0, bytes.length - period))) return period;
  }
  return bytes.length;
}

function isSequence(bytes: Uint8Array): boolean {
  const steps = new Map<number, number>();
  for (let index = 1; index < bytes.length; index++) {
    const step = (bytes[index]! - bytes[index - 1]!) & 0xff;
    steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  return Math.max(0, ...steps.values()) * 2 > bytes.length - 1;
}
