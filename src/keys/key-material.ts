import { SessionConfigurationError } from '../errors/session.errors.js';

/** A secret of the application: a text, whose UTF-8 bytes are taken as they are, or bytes. */
export type KeyMaterial = string | Uint8Array;

/** The key that the README shows. It is public, so no ring takes it. */
export const README_EXAMPLE_KEY = 'Q-J8vD1Bm3uPAqJr0JstDsw8h_TarpIGJkcF11t6Qt8';

const MINIMUM_BYTES = 32;
const MINIMUM_DISTINCT_BYTES = 16;

const HOW_TO_MAKE_ONE =
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

/**
 * Refuses what no attacker would need long to guess: less than 32 bytes of key, repetitions, sequences, placeholder
 * texts, the README's example.
 *
 * Length counts what a text can hold at most: half a byte for each character of a hexadecimal text, three quarters
 * for each of one in the base64 or base64url alphabet, its UTF-8 bytes otherwise. Bytes that are printable ASCII
 * throughout are a text, whoever wrapped them.
 *
 * @param place how the error names the key, as `keys[0]`.
 * @returns the keying material, a copy.
 * @throws {SessionConfigurationError} which never shows the key.
 */
export function checkedKeyMaterial(material: KeyMaterial | undefined, place: string): Buffer {
  const problem = weaknessOf(material);
  if (problem !== undefined) throw new SessionConfigurationError(`${place} ${problem} ${HOW_TO_MAKE_ONE}`);
  return typeof material === 'string' ? Buffer.from(material, 'utf8') : Buffer.from(material!);
}

/** The refusal of a ring that holds no key at all. */
export function noKeysError(): SessionConfigurationError {
  return new SessionConfigurationError(`keys is empty: a key ring needs at least one key. ${HOW_TO_MAKE_ONE}`);
}

/** What is wrong with a key, as the rest of a sentence, or `undefined`. */
function weaknessOf(material: KeyMaterial | undefined): string | undefined {
  if (material === undefined || material === null) return 'is undefined: is the environment variable not set?';
  if (typeof material !== 'string' && !(material instanceof Uint8Array)) return 'is neither a string nor bytes.';
  if (material.length === 0) return 'is empty: is the environment variable set to nothing?';

  const text = typeof material === 'string' ? material : asPrintableText(material);
  if (text === undefined) return weaknessOfBytes(Buffer.from(material as Uint8Array));
  if (text.trim() !== text)
    return 'starts or ends with white space, which gets lost in one place or another: trim() it.';
  if (text === README_EXAMPLE_KEY) return 'is the example key of the README, which everybody knows.';
  return weaknessOfText(text);
}

function weaknessOfText(text: string): string | undefined {
  const letters = text.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (TELLTALE_WORDS.some((word) => letters.includes(word))) return 'contains a word that placeholders are made of.';

  const bytes = Buffer.from(text.replace(/=+$/, ''), 'utf8');
  const period = shortestPeriod(bytes);
  const size = bytesHeldBy(bytes.toString('utf8', 0, period));
  if (size < MINIMUM_BYTES) return tooSmall(size, period < bytes.length);
  if (isHexadecimal(text)) return weaknessOfBytes(Buffer.from(text, 'hex'));
  return patternOf(bytes) ?? (isBase64(text) ? weaknessOfBytes(Buffer.from(text, 'base64')) : undefined);
}

function weaknessOfBytes(bytes: Buffer): string | undefined {
  const period = shortestPeriod(bytes);
  return period < MINIMUM_BYTES ? tooSmall(period, period < bytes.length) : patternOf(bytes);
}

function tooSmall(size: number, repeated: boolean): string {
  const holds = `${Math.floor(size)} bytes of key, and ${MINIMUM_BYTES} are needed.`;
  return repeated ? `repeats a pattern that can hold ${holds}` : `is too short: it can hold ${holds}`;
}

function patternOf(bytes: Buffer): string | undefined {
  if (new Set(bytes).size < MINIMUM_DISTINCT_BYTES) return 'uses too few different bytes to be random.';
  if (isSequence(bytes)) return 'is a sequence and not random.';
  return undefined;
}

/** The text, where the bytes are nothing but printable ASCII. For 32 random bytes that is one case in 10^13. */
function asPrintableText(bytes: Uint8Array): string | undefined {
  const printable = bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d));
  return printable ? Buffer.from(bytes).toString('latin1') : undefined;
}

function bytesHeldBy(text: string): number {
  if (isHexadecimal(text)) return text.length / 2;
  if (isBase64(text)) return (text.replace(/=+$/, '').length * 3) / 4;
  return Buffer.byteLength(text, 'utf8');
}

function isHexadecimal(text: string): boolean {
  return /^[0-9a-f]+$/i.test(text);
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
}

/**
 * The length of the shortest beginning that, said at least twice, gives all of `bytes`; their own length if none does.
 */
function shortestPeriod(bytes: Buffer): number {
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
