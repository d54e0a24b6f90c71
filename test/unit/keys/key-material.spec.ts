import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { checkedKeyMaterial, noKeysError, type KeyMaterial } from '../../../src/keys/key-material.js';
import { README_EXAMPLE_KEY } from '../../../src/keys/public-keys.js';

const NO_KEY = 'is neither hexadecimal nor base64. For a passphrase, use new KeyRing(passphrase, { stretch: true })';
const digest = createHash('sha256').update('a fixed stand-in for 32 random bytes').digest();
const hex = digest.toString('hex');
const base64 = digest.toString('base64');
const base64url = digest.toString('base64url');

describe('checkedKeyMaterial', () => {
  it.each<[string, KeyMaterial, Buffer]>([
    ['64 hexadecimal characters', hex, Buffer.from(hex)],
    ['64 upper-case hexadecimal characters', hex.toUpperCase(), Buffer.from(hex.toUpperCase())],
    ['43 characters of base64url', base64url, Buffer.from(base64url)],
    ['44 characters of base64 with padding', base64, Buffer.from(base64)],
    ['32 bytes', digest, digest],
    ['32 bytes in a plain Uint8Array', new Uint8Array(digest), digest],
    ['hexadecimal in base64', Buffer.from(hex).toString('base64'), Buffer.from(Buffer.from(hex).toString('base64'))],
  ])('accepts %s', (_, material, expected) => {
    expect(checkedKeyMaterial(material, 'keys[0]')).toEqual(expected);
  });

  it('accepts random keys in every usual notation', () => {
    for (let count = 0; count < 2000; count++) {
      const bytes = createHash('sha256').update(`key ${count}`).digest();
      for (const material of [bytes, bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')]) {
        expect(() => checkedKeyMaterial(material, 'keys[0]')).not.toThrow();
      }
    }
  });

  it('accepts a key whose last byte equals its first', () => {
    const bytes = Buffer.from(digest);
    bytes[31] = bytes[0]!;

    expect(checkedKeyMaterial(bytes, 'keys[0]')).toEqual(bytes);
  });

  it('returns a copy of bytes', () => {
    const original = Buffer.from(digest);
    const checked = checkedKeyMaterial(original, 'keys[0]');

    original.fill(0);

    expect(checked).toEqual(digest);
  });

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'keys[0] is undefined. Is the environment variable set?'],
    ['null', null, 'keys[0] is undefined. Is the environment variable set?'],
    ['an empty text', '', 'keys[0] is empty. Is the environment variable set?'],
    ['no bytes', new Uint8Array(0), 'keys[0] is empty'],
    ['a number', 42, 'keys[0] must be a string or bytes.'],
    ['an object', {}, 'keys[0] must be a string or bytes.'],
    ['62 hexadecimal characters', hex.slice(2), 'is too short: at most 31 bytes; 32 are needed.'],
    ['42 characters of base64url', base64url.slice(1), 'is too short: at most 31 bytes'],
    ['base64 whose padding alone makes it long enough', digest.subarray(1).toString('base64'), 'is too short'],
    ['31 bytes', digest.subarray(1), 'is too short: at most 31 bytes'],
    ['32 characters of hexadecimal as bytes', Buffer.from(hex.slice(32)), 'is too short: at most 16 bytes'],
    ['a long passphrase', 'Zwölf Boxkämpfer jagen Eva quer über den Sylter Deich', NO_KEY],
    ['words with dashes', 'correct-horse-battery-staple-and-four-other-words', NO_KEY],
    ['words with capitals', 'CorrectHorseBatteryStapleAndFourOtherWordsBehind', NO_KEY],
    ['words in base64', Buffer.from('twelve boxers chase Eva across the dyke').toString('base64'), NO_KEY],
    ['words as bytes', Buffer.from('twelve boxers chase Eva across the dyke'), NO_KEY],
    ['two UUIDs', '550e8400-e29b-41d4-a716-44665544000091b1b2f4-3b0c-4d3f-8f53-0d7c41a9b6ee', NO_KEY],
    ['an odd number of hexadecimal digits', `${hex}a`, NO_KEY],
    ['base64 of a length that there is not', `${base64url}ab`, NO_KEY],
    ['both alphabets of base64 in one', `${base64url.slice(2)}-+`, NO_KEY],
    ['a text with a character of neither', `${base64url}!`, NO_KEY],
    ['a UUID', '550e8400-e29b-41d4-a716-446655440000', 'is too short: at most 27 bytes'],
    ['one repeated character', 'a'.repeat(100), 'repeats a pattern of at most 0 bytes'],
    ['zero bytes', Buffer.alloc(32), 'repeats a pattern of at most 1 bytes'],
    ['zero bytes in base64', Buffer.alloc(32).toString('base64'), 'repeats a pattern'],
    ['zero bytes in hexadecimal', Buffer.alloc(32).toString('hex'), 'repeats a pattern'],
    ['a short pattern', 'aB3$xY7!'.repeat(6), 'repeats a pattern of at most 8 bytes'],
    ['a short pattern that is cut off', 'aB3$xY7!'.repeat(6) + 'aB3', 'repeats a pattern of at most 8 bytes'],
    ['16 bytes twice', Buffer.concat([digest.subarray(16), digest.subarray(16)]), 'repeats a pattern of at most 16'],
    [
      '16 bytes twice in base64',
      Buffer.concat([digest.subarray(16), digest.subarray(16)]).toString('base64'),
      'repeats a pattern of at most 16',
    ],
    [
      'few different characters',
      'xyxxyxyyxyxxxyxyyxyyyxyxxyxyxyyxyxyxxxyyxyxxyxyyyyxyxyxxyxyyyx',
      'uses too few different bytes',
    ],
    [
      'few different bytes',
      Buffer.from([...digest, ...digest].map((byte) => byte % 12)),
      'uses too few different bytes',
    ],
    ['bytes that count up', Buffer.from(Array.from({ length: 32 }, (__, index) => index)), 'is a sequence'],
    [
      'bytes that count down by three',
      Buffer.from(Array.from({ length: 32 }, (__, index) => 200 - 3 * index)),
      'is a sequence',
    ],
    [
      'counting bytes in hexadecimal',
      Buffer.from(Array.from({ length: 32 }, (__, index) => index)).toString('hex'),
      'is a sequence',
    ],
    [
      'counting bytes in base64',
      Buffer.from(Array.from({ length: 32 }, (__, index) => index)).toString('base64'),
      'is a sequence',
    ],
    ['the alphabet', 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'is a sequence'],
    ['text with a line break at its end', `${hex}\n`, 'starts or ends with white space'],
    ['text with a space in front', ` ${hex}`, 'starts or ends with white space'],
  ])('rejects %s', (_, material, message) => {
    const refusal = refusalOf(material as KeyMaterial);

    expect(refusal).toBeInstanceOf(SessionConfigurationError);
    expect(refusal.message).toContain(message);
  });

  const published = Buffer.from(README_EXAMPLE_KEY, 'base64url');
  it.each<[string, KeyMaterial]>([
    ['as it stands there', README_EXAMPLE_KEY],
    ['with padding', `${README_EXAMPLE_KEY}=`],
    ['with two characters of padding', `${README_EXAMPLE_KEY}==`],
    ['in base64', published.toString('base64')],
    ['in base64 without padding', published.toString('base64').replace('=', '')],
    ['with other unused bits at its end', README_EXAMPLE_KEY.replace(/8$/, '9')],
    ['in hexadecimal', published.toString('hex')],
    ['in hexadecimal of upper case', published.toString('hex').toUpperCase()],
    ['with white space around', ` ${README_EXAMPLE_KEY}\n`],
    ['as bytes', published],
    ['as bytes of a Uint8Array', new Uint8Array(published)],
    ['as bytes of the text', Buffer.from(README_EXAMPLE_KEY)],
    ['as bytes of the hexadecimal text', Buffer.from(published.toString('hex'))],
    ['in base64 of the text', Buffer.from(README_EXAMPLE_KEY).toString('base64')],
  ])("rejects the README's example %s", (_, material) => {
    expect(refusalOf(material).message).toContain('keys[0] is the public example key of the README');
  });

  it.each([
    'my-super-secret-key-for-this-application-2024',
    'keyboard cat keyboard dog keyboard mouse',
    'CHANGE_ME please, before this goes anywhere 0123',
    'PassWord1! PassWord2! something longer than that',
    'a-256-bit-key-replace-me-with-something-better!',
    'this is just an example of a key, do not use it 42',
    'qwertyuiop[]asdfghjkl;zxcvbnm,./1234567890-=',
  ])('rejects the placeholder "%s"', (material) => {
    expect(refusalOf(material).message).toContain('contains a word that is typical of placeholders');
  });

  it('explains in every error how to make a key, without the rejected one', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 30 }), (text) => {
        const { message } = refusalOf(text);
        expect(message).toContain(
          "node -e \"console.log(require('node:crypto').randomBytes(32).toString('base64url'))\"",
        );
        expect(message.includes(text) && !HOW_TO.includes(text)).toBe(false);
      }),
    );
    expect(refusalOf(README_EXAMPLE_KEY).message).not.toContain(README_EXAMPLE_KEY);
    expect(noKeysError().message).toContain('randomBytes(32)');
  });
});

const HOW_TO = noKeysError().message;

function refusalOf(material: KeyMaterial): Error {
  try {
    checkedKeyMaterial(material, 'keys[0]');
  } catch (error) {
    return error as Error;
  }
  throw new Error('It was taken.');
}
