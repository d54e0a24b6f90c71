import { SessionConfigurationError } from '../errors/session.errors.js';
import { publicKeyIn } from './public-keys.js';

/** A secret of the application: hexadecimal or base64 text, whose characters are taken as they are, or bytes. */
export type KeyMaterial = string | Uint8Array;

const MINIMUM_BYTES = 32;
const MINIMUM_DISTINCT_BYTES = 16;

/** For the end of a message. */
export const HOW_TO_MAKE_ONE =
  `Make one with: node -e "console.log(require('node:crypto').randomBytes(32).toString('base64url'))" ` +
  'and hand it over in an environment variable.';

// Six letters or more: a shorter word turns up by chance in one honest base64 key out of some ten thousand.
const TELLTALE_WORDS = [
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

const NO_KEY = 'is neither hexadecimal nor base64. For a passphrase write new KeyRing(passphrase, { stretch: true }).';

/**
 * Refuses what no attacker would need long to guess: less than 32 bytes of key, repetitions, sequences, placeholder
 * texts, keys that are published.
 *
 * A text is hexadecimal, base64 or base64url. Length counts what it holds: half a byte for each character of
 * hexadecimal, three quarters for each of base64. Bytes that are printable ASCII throughout are a text, whoever wrapped
 * them, and so is what a base64 text holds.
 *
 * @param place how the error names the key, as `keys[0]`.
 * @returns the keying material, a copy.
 * @throws {SessionConfigurationError} which never shows the key.
 */
export function checkedKeyMaterial(material: KeyMaterial | undefined, place: string): Buffer {
  const problem = absenceOf(material) ?? weaknessOfKey(material!);
  if (problem !== undefined) throw new SessionConfigurationError(`${place} ${problem} ${HOW_TO_MAKE_ONE}`);
  return typeof material === 'string' ? Buffer.from(material, 'utf8') : Buffer.from(material!);
}

/** The refusal of a ring that holds no key at all. */
export function noKeysError(): SessionConfigurationError {
  return new SessionConfigurationError(`keys is empty: a key ring needs at least one key. ${HOW_TO_MAKE_ONE}`);
}

/** Why there is no key at all, as the rest of a sentence, or `undefined`. */
export function absenceOf(material: unknown): string | undefined {
  if (material === undefined || material === null) return 'is undefined: is the environment variable not set?';
  if (typeof material !== 'string' && !(material instanceof Uint8Array)) return 'is neither a string nor bytes.';
  return material.length === 0 ? 'is empty: is the environment variable set to nothing?' : undefined;
}

/** What is wrong with a key, as the rest of a sentence, or `undefined`. */
export function weaknessOfKey(material: KeyMaterial): string | undefined {
  return publicKeyIn(material) ?? (typeof material === 'string' ? weaknessOfText(material) : weaknessOfBytes(material));
}

/** What makes any secret text easy to guess, a key or a passphrase, as the rest of a sentence, or `undefined`. */
export function weaknessOfWords(text: string): string | undefined {
  if (text.trim() !== text)
    return 'starts or ends with white space, which gets lost in one place or another: trim() it.';
  const letters = text.toLowerCase().replace(/[^a-z0-9]/g, '');
  return TELLTALE_WORDS.some((word) => letters.includes(word))
    ? 'contains a word that placeholders are made of.'
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
  if (size < MINIMUM_BYTES && (isKey || isRepeated)) return tooSmall(size, isRepeated);
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
  return period < MINIMUM_BYTES ? tooSmall(period, period < buffer.length) : patternOf(buffer);
}

function tooSmall(size: number, repeated: boolean): string {
  const holds = `${Math.floor(size)} bytes of key, and ${MINIMUM_BYTES} are needed.`;
  return repeated ? `repeats a pattern that can hold ${holds}` : `is too short: it can hold ${holds}`;
}

/** What is not random about bytes or characters, as the rest of a sentence, or `undefined`. */
export function patternOf(bytes: Buffer, distinct = MINIMUM_DISTINCT_BYTES): string | undefined {
  if (new Set(bytes).size < distinct) return 'uses too few different bytes to be random.';
  if (isSequence(bytes)) return 'is a sequence and not random.';
  return undefined;
}

/** The text, where the bytes are nothing but printable ASCII. For 32 random bytes that is one case in 10^13. */
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

/**
 * Whether a text in the base64 alphabet is words: letters of one case only, or three in five of the characters small
 * letters behind small letters. Of random keys not one in a million is.
 */
function isProse(text: string): boolean {
  if (text === text.toLowerCase() || text === text.toUpperCase()) return true;
  const pairs = text.match(/(?<=[a-z])[a-z]/g)?.length ?? 0;
  return pairs * 5 > text.length * 3;
}

function withoutPadding(text: string): string {
  if (!text.endsWith('=')) return text;
  return text.slice(0, text.endsWith('==') ? -2 : -1);
}

/**
 * The length of the shortest beginning that, said at least twice, gives all of `bytes`; their own length if none does.
 */
export function shortestPeriod(bytes: Buffer): number {
  for (let period = 1; period <= bytes.length / 2; period++) {
    if (bytes.subarray(period).equals(bytes.subarray(0, bytes.length - period))) return period;
  }
  return bytes.length;
}

/** Whether more than half of the steps from byte to byte are the same: 1 2 3, 9 8 7, 2 4 6, a b c. */
function isSequence(bytes: Uint8Array): boolean {
  const steps = new Map<number, number>();
  for (let index = 1; index < bytes.length; index++) {
    const step = (bytes[index]! - bytes[index - 1]!) & 0xff;
    steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  return Math.max(0, ...steps.values()) * 2 > bytes.length - 1;
}
