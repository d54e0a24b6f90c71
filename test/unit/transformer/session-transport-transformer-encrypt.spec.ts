import * as fc from 'fast-check';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import {
  SessionTransportTransformerEncrypt,
  type SessionTransportTransformerEncryptOptions,
} from '../../../src/transformer/session-transport-transformer-encrypt.js';
import { changedText } from './changed-text.js';
import { anyText } from '../../support/any-text.js';

const hex = (text: string) => Buffer.from(text, 'hex');
const counting = (count: number) => Buffer.from(Array.from({ length: count }, (_, index) => index));

const fixed = hex('00112233445566778899aabbccddeeff');
const signKey = hex('02030405060708090a0b0c');
const ivHex = '00112233445566778899aabbccddeeff';

const make = (options: SessionTransportTransformerEncryptOptions = {}) =>
  new SessionTransportTransformerEncrypt(fixed, signKey, { weak: true, ivGenerator: () => fixed, ...options });

const today = make();
const before = make({ macOver: 'plaintext' });
const both = make({ backwardCompatibleRead: true });

const CART = 'cart=%23cl&userId=%23sid2';
const vectors = [
  ['', '89d41f6e4edeb86c50ab52e485e40c25:435fe6502a478fb38b5699800c7a8a3003779f10a48983d77fcb33876a0be25f'],
  ['hello', 'd3fb4f43eb7c5bc834827931667ab6cd:8986947cef27155c62d36c196636e9d1129efcd624f53f6fa82afbf85316a784'],
  [
    '{"userId":"id2","cart":[]}',
    '9b8cf9900ff0f63849cb7a2ad71ed8a1ac9f0e2735492d2a5129cf278d70ab27:40af9f393a00034b53d2267251047259005bdf5ff104eede599149e80e6fee13',
  ],
  [
    CART,
    'c3850fc1ddc62f71ec5eaad6d393b91fa809fe32a1cf0cb4730788c5a489daef:65f0bd15bfa7e96b8bd9e134e23a24860b324e361c606e6800af050f5d104b68',
  ],
  [
    '{"userId":"id 2","cart":[]}',
    '793afe7f8e3be77cff1e37ca8bad645bf32ebb9525d836a4a0f8c157aae8cd21:cd09f43d8f5d056e8830a9ff46d53782a0b07479c7d0d17ea3e2f4bfeee3850b',
  ],
] as const;
const vectorsBefore = [
  [
    CART,
    'c3850fc1ddc62f71ec5eaad6d393b91fa809fe32a1cf0cb4730788c5a489daef:51a5e9fcd1c91418f9a623bafa5022a524348e44244265dc0cab2cebacc28a5d',
  ],
  ['hello', 'd3fb4f43eb7c5bc834827931667ab6cd:91270089c5ff1947e0f9b4c4a95e4769ea7a421e158ce2a079a4cd56133200b6'],
] as const;

describe('SessionTransportTransformerEncryptTest', () => {
  it('accepts 32-byte AES-256 encryption key', () => {
    expect(
      () => new SessionTransportTransformerEncrypt(Buffer.alloc(32), Buffer.alloc(32), { weak: true }),
    ).not.toThrow();
  });

  it('transformWrite generates 16-byte IV for AES-256', () => {
    const transformer = new SessionTransportTransformerEncrypt(Buffer.alloc(32), Buffer.alloc(32), { weak: true });

    expect(hex(transformer.transformWrite('hello').split('/')[0]!)).toHaveLength(16);
  });

  it.each([16, 24, 32])('round-trip preserves payload for AES-128, AES-192 and AES-256 (key of %i bytes)', (size) => {
    const transformer = new SessionTransportTransformerEncrypt(Buffer.alloc(size), Buffer.alloc(32), { weak: true });
    const payload = `session-value-${size}`;

    expect(transformer.transformRead(transformer.transformWrite(payload))).toBe(payload);
  });

  it('uses cipher block size for non-AES algorithm (DESede)', () => {
    const transformer = new SessionTransportTransformerEncrypt(Buffer.alloc(24), Buffer.alloc(32), {
      weak: true,
      encryptAlgorithm: 'DESede',
      signAlgorithm: 'HmacSHA256',
    });
    const written = transformer.transformWrite('non-aes-session-value');

    expect(hex(written.split('/')[0]!)).toHaveLength(8);
    expect(transformer.transformRead(written)).toBe('non-aes-session-value');
  });
});

describe('SessionTransportTransformerEncrypt', () => {
  it.each(vectors)('writes and reads "%s" as Ktor since 3.0 does', (value, rest) => {
    expect(today.transformWrite(value)).toBe(`${ivHex}/${rest}`);
    expect(both.transformWrite(value)).toBe(`${ivHex}/${rest}`);
    expect(today.transformRead(`${ivHex}/${rest}`)).toBe(value);
    expect(both.transformRead(`${ivHex}/${rest}`)).toBe(value);
    expect(before.transformRead(`${ivHex}/${rest}`)).toBeUndefined();
  });

  it.each(vectorsBefore)('writes and reads "%s" as Ktor before 3.0 does, with macOver: plaintext', (value, rest) => {
    expect(before.transformWrite(value)).toBe(`${ivHex}/${rest}`);
    expect(before.transformRead(`${ivHex}/${rest}`)).toBe(value);
    expect(both.transformRead(`${ivHex}/${rest}`)).toBe(value);
    expect(today.transformRead(`${ivHex}/${rest}`)).toBeUndefined();
  });

  it('writes the old format and reads both with backwardCompatibleRead', () => {
    const transformer = make({ macOver: 'plaintext', backwardCompatibleRead: true });

    expect(transformer.transformWrite('hello')).toBe(before.transformWrite('hello'));
    expect(transformer.transformRead(before.transformWrite('hello'))).toBe('hello');
    expect(transformer.transformRead(today.transformWrite('hello'))).toBe('hello');
  });

  it.each<[string, Buffer, Buffer, SessionTransportTransformerEncryptOptions, string]>([
    [
      'AES-256',
      counting(32),
      hex('0f0e0d0c0b0a09080706050403020100'),
      {},
      '0f0e0d0c0b0a09080706050403020100/2e5a65859a9f16ccfc0dddb5306145a9:af2212c13a493d8701ec8124212da2d5687e9d87f640b71df86994905272fbfa',
    ],
    [
      'AES-192',
      counting(24),
      hex('0f0e0d0c0b0a09080706050403020100'),
      {},
      '0f0e0d0c0b0a09080706050403020100/2bb959171679f1ab1e2b03b29b0c3eb4:adbf10e138046d4244efa88ab1959f21144ec18e2b32de81d4b083e739202d56',
    ],
    [
      'DESede',
      counting(24),
      counting(8),
      { encryptAlgorithm: 'DESede' },
      '0001020304050607/df7df3b645066f13:d3b4eae4a7dc7642b4325b9ba80ad54f55be2b5ac9cb51ed25a59302fdf4e1c2',
    ],
  ])('writes and reads %s as Ktor does', (_, encryptionKey, iv, options, expected) => {
    const transformer = new SessionTransportTransformerEncrypt(encryptionKey, counting(32), {
      weak: true,
      ivGenerator: () => iv,
      ...options,
    });

    expect(transformer.transformWrite('hello')).toBe(expected);
    expect(transformer.transformRead(expected)).toBe('hello');
  });

  it('signs with the given algorithm', () => {
    const sha1 = make({ signAlgorithm: 'HmacSHA1' });

    expect(sha1.transformWrite('hello')).toMatch(/^[0-9a-f]{32}\/[0-9a-f]{32}:[0-9a-f]{40}$/);
    expect(sha1.transformRead(sha1.transformWrite('hello'))).toBe('hello');
    expect(today.transformRead(sha1.transformWrite('hello'))).toBeUndefined();
  });

  it('calls ivGenerator once in the constructor and once for each value', () => {
    const sizes: number[] = [];
    const transformer = new SessionTransportTransformerEncrypt(counting(32), signKey, {
      weak: true,
      ivGenerator: (size) => {
        sizes.push(size);
        return Buffer.alloc(size);
      },
    });
    transformer.transformWrite('hello');

    expect(sizes).toEqual([16, 16]);
  });

  it('uses a random IV for each value by default', () => {
    const transformer = new SessionTransportTransformerEncrypt(fixed, signKey, { weak: true });
    const written = Array.from({ length: 500 }, () => transformer.transformWrite('hello'));

    expect(new Set(written.map((value) => value.slice(0, 32))).size).toBe(500);
  });

  it('accepts a changed IV, as Ktor does', () => {
    const written = today.transformWrite('hello');

    expect(today.transformRead(`1${written.slice(1)}`)).toBe('xello');
  });

  it('reads IV and ciphertext in either case, but a MAC in lower case only', () => {
    const [iv, rest] = today.transformWrite('hello').split('/') as [string, string];
    const [ciphertext, mac] = rest.split(':') as [string, string];

    expect(today.transformRead(`${iv.toUpperCase()}/${ciphertext.toUpperCase()}:${mac}`)).toBe('hello');
    expect(today.transformRead(`${iv}/${ciphertext}:${mac.toUpperCase()}`)).toBeUndefined();
  });

  it('splits at the last slash and the last colon after it', () => {
    const [iv, rest] = today.transformWrite('hello').split('/') as [string, string];

    expect(today.transformRead(`x/${iv}/${rest}`)).toBeUndefined();
    expect(today.transformRead(`${iv}/x:${rest}`)).toBeUndefined();
    expect(today.transformRead(`${iv}:/${rest}`)).toBeUndefined();
    expect(today.transformRead(`${iv}/${rest}:`)).toBeUndefined();
    expect(today.transformRead(`${iv}${rest}`)).toBeUndefined();
    expect(today.transformRead(`${iv}/${rest.replace(':', '')}`)).toBeUndefined();
  });

  it.each([
    ['odd digits in the IV', (iv: string, text: string, mac: string) => `${iv}0/${text}:${mac}`],
    ['odd digits in the ciphertext', (iv: string, text: string, mac: string) => `${iv}/${text}0:${mac}`],
    ['a short IV', (iv: string, text: string, mac: string) => `${iv.slice(2)}/${text}:${mac}`],
    ['a long IV', (iv: string, text: string, mac: string) => `${iv}00/${text}:${mac}`],
    ['no IV', (_: string, text: string, mac: string) => `/${text}:${mac}`],
    ['an IV that is not hexadecimal', (iv: string, text: string, mac: string) => `zz${iv.slice(2)}/${text}:${mac}`],
    ['fullwidth digits', (iv: string, text: string, mac: string) => `\uFF10\uFF10${iv.slice(2)}/${text}:${mac}`],
    ['a ciphertext cut off', (iv: string, text: string, mac: string) => `${iv}/${text.slice(2)}:${mac}`],
    ['a ciphertext lengthened', (iv: string, text: string, mac: string) => `${iv}/${text}${text}:${mac}`],
    ['no MAC', (iv: string, text: string) => `${iv}/${text}:`],
    ['a MAC cut off', (iv: string, text: string, mac: string) => `${iv}/${text}:${mac.slice(0, -2)}`],
    ['a MAC lengthened', (iv: string, text: string, mac: string) => `${iv}/${text}:${mac}00`],
    ['a MAC of other characters', (iv: string, text: string) => `${iv}/${text}:${'ä'.repeat(32)}`],
  ])('rejects %s', (_, change) => {
    for (const transformer of [today, before, both]) {
      const [iv, rest] = transformer.transformWrite('hello').split('/') as [string, string];
      const [ciphertext, mac] = rest.split(':') as [string, string];

      expect(transformer.transformRead(change(iv, ciphertext, mac))).toBeUndefined();
      expect(transformer.transformRead(`${iv}/${ciphertext}:${mac}`)).toBe('hello');
    }
  });

  it('rejects every flipped bit in ciphertext and MAC', () => {
    for (const transformer of [today, before, both]) {
      const [iv, rest] = transformer.transformWrite(CART).split('/') as [string, string];
      const [ciphertext, mac] = rest.split(':').map(hex) as [Buffer, Buffer];
      for (let bit = 0; bit < (ciphertext.length + mac.length) * 8; bit++) {
        const changed = Buffer.concat([ciphertext, mac]);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const text = changed.toString('hex');
        const value = `${iv}/${text.slice(0, ciphertext.length * 2)}:${text.slice(ciphertext.length * 2)}`;
        expect(transformer.transformRead(value)).toBeUndefined();
      }
    }
  });

  it('rejects values of another key', () => {
    const otherSign = new SessionTransportTransformerEncrypt(fixed, Buffer.from('other'), { weak: true });
    const otherEncryption = new SessionTransportTransformerEncrypt(counting(16), signKey, { weak: true });

    for (const transformer of [today, both]) {
      expect(transformer.transformRead(otherSign.transformWrite('hello'))).toBeUndefined();
      expect(transformer.transformRead(otherEncryption.transformWrite('hello'))).not.toBe('hello');
    }
  });

  it('reads an empty ciphertext as an empty text, as Java does', () => {
    const [, macOfNothing] = before.transformWrite('').split(':');

    expect(today.transformRead(`${ivHex}/:${macOfNothing}`)).toBe('');
    expect(today.transformRead(`${ivHex.slice(2)}/:${macOfNothing}`)).toBeUndefined();
  });

  it('writes a lone surrogate as a question mark, as Java does', () => {
    expect(today.transformRead(today.transformWrite('a\uD800b\uDC00'))).toBe('a?b?');
  });

  it('reads bytes that are not UTF-8 as U+FFFD, as Java does', () => {
    // The first IV byte moves `h` (0x68) to 0xe8, the beginning of a character that does not go on.
    expect(today.transformRead(`8${today.transformWrite('hello').slice(1)}`)).toBe('\uFFFDello');
  });

  it('warns of its weakness and names the safe transformer, unless acknowledged', () => {
    expect(today.weakness).toContain('Use SessionTransportTransformerSeal');
    expect(make({ acknowledge: true }).weakness).toBeUndefined();
  });

  it.each<[string, unknown, unknown, object, string]>([
    [
      'an AES key of 15 bytes',
      counting(15),
      signKey,
      {},
      'Invalid AES key length: 15 bytes. encryptionKey must have one of these sizes in bytes: 16, 24, 32.',
    ],
    ['an AES key of 64 bytes', counting(64), signKey, {}, 'Invalid AES key length: 64 bytes.'],
    ['a DESede key of 16 bytes', fixed, signKey, { encryptAlgorithm: 'DESede' }, 'sizes in bytes: 24.'],
    ['an empty encryption key', Buffer.alloc(0), signKey, {}, 'Empty key: encryptionKey has no bytes.'],
    ['an empty sign key', fixed, Buffer.alloc(0), {}, 'Empty key: signKey has no bytes.'],
    ['a key that is a text', ivHex, signKey, {}, "encryptionKey must be bytes. Use Buffer.from(hex, 'hex')"],
    ['a sign key that is a text', fixed, 'secret', {}, 'signKey must be bytes.'],
    ['an unknown cipher', fixed, signKey, { encryptAlgorithm: 'Blowfish' }, 'Use one of: AES, DESede.'],
    [
      'a cipher called as an inherited property',
      fixed,
      signKey,
      { encryptAlgorithm: 'toString' },
      'Use one of: AES, DESede.',
    ],
    ['an unknown MAC', fixed, signKey, { signAlgorithm: 'SHA-256' }, 'Use one of: HmacMD5,'],
    [
      'an unknown layout',
      fixed,
      signKey,
      { macOver: 'iv' },
      "Use 'ciphertext' (Ktor since 3.0) or 'plaintext' (before).",
    ],
    [
      'an IV as long as the key',
      counting(32),
      signKey,
      { ivGenerator: () => counting(32) },
      'The IV must have 16 bytes',
    ],
    ['an IV that is a text', fixed, signKey, { ivGenerator: () => 'sixteen letters!' }, 'The IV must have 16 bytes'],
  ])('rejects %s in the constructor', (_, encryptionKey, key, options, message) => {
    const construct = () =>
      new SessionTransportTransformerEncrypt(encryptionKey as Uint8Array, key as Uint8Array, {
        weak: true,
        ...options,
      });

    expect(construct).toThrow(SessionConfigurationError);
    expect(construct).toThrow(message);
  });

  it('writes and reads any text', () => {
    fc.assert(
      fc.property(anyText(), (value) => {
        for (const transformer of [today, before, both]) {
          expect(transformer.transformRead(transformer.transformWrite(value))).toBe(value);
        }
      }),
    );
  });

  it('returns a value or undefined for any input, without throwing', () => {
    const written = today.transformWrite('hello');
    const hexText = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('hex'));
    const shaped = fc.tuple(hexText, hexText, hexText).map(([iv, text, mac]) => `${iv}/${text}:${mac}`);
    const changed = changedText(written, 33).filter((value) => !value.toLowerCase().startsWith(written));
    fc.assert(
      fc.property(fc.oneof(anyText(), shaped, changed), (value) => {
        for (const transformer of [today, before, both]) expect(transformer.transformRead(value)).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    'x'.repeat(1_000_000),
    '0'.repeat(1_000_000),
    '/'.repeat(1_000_000),
    ':'.repeat(1_000_000),
    `${ivHex}/${'0'.repeat(1_000_000)}:`,
    `${'0'.repeat(1_000_000)}/`,
  ])('handles values of a megabyte', (value) => {
    for (const transformer of [today, before, both]) {
      expect(transformer.transformRead(value)).toBeUndefined();
      expect(transformer.transformRead(transformer.transformWrite(value))).toBe(value);
    }
  });
});
