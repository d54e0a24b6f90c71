import { createHash } from 'node:crypto';
import { xaesKey, xaesOpen, xaesSeal } from '../../../src/transformer/xaes-256-gcm.js';

const nonce = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX');
const plaintext = Buffer.from('XAES-256-GCM');

describe('XAES-256-GCM', () => {
  // https://c2sp.org/XAES-256-GCM, test vectors: the most significant bit of L is 0 in the first, 1 in the second.
  it.each([
    { key: 0x01, additionalData: '', expected: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271' },
    {
      key: 0x03,
      additionalData: 'c2sp.org/XAES-256-GCM',
      expected: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
    },
  ])('computes the vector of the specification for key $key', ({ key, additionalData, expected }) => {
    const prepared = xaesKey(Buffer.alloc(32, key));

    const sealed = xaesSeal(prepared, nonce, plaintext, Buffer.from(additionalData));

    expect(sealed.toString('hex')).toBe(expected);
    expect(xaesOpen(prepared, nonce, sealed, Buffer.from(additionalData))).toEqual(plaintext);
  });

  it('computes the accumulated result of 10,000 random messages', () => {
    expect(accumulated(10_000)).toBe('e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939');
  });

  if (process.env['XAES_MILLION'] !== undefined) {
    it('computes the accumulated result of 1,000,000 random messages', () => {
      expect(accumulated(1_000_000)).toBe('2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15');
    }, 600_000);
  }

  it('seals many messages with one prepared key', () => {
    const prepared = xaesKey(Buffer.alloc(32, 7));
    const first = xaesSeal(prepared, nonce, plaintext, Buffer.alloc(0));

    for (let count = 0; count < 100; count++) xaesSeal(prepared, Buffer.alloc(24, count), plaintext, Buffer.alloc(0));

    expect(xaesSeal(prepared, nonce, plaintext, Buffer.alloc(0))).toEqual(first);
  });

  it('rejects another key, nonce half, additional data or tag', () => {
    const prepared = xaesKey(Buffer.alloc(32, 7));
    const additionalData = Buffer.from('bound');
    const sealed = xaesSeal(prepared, nonce, plaintext, additionalData);

    expect(xaesOpen(xaesKey(Buffer.alloc(32, 8)), nonce, sealed, additionalData)).toBeUndefined();
    expect(xaesOpen(prepared, flipped(nonce, 0), sealed, additionalData)).toBeUndefined();
    expect(xaesOpen(prepared, flipped(nonce, 23), sealed, additionalData)).toBeUndefined();
    expect(xaesOpen(prepared, nonce, sealed, Buffer.from('other'))).toBeUndefined();
    expect(xaesOpen(prepared, nonce, flipped(sealed, sealed.length - 1), additionalData)).toBeUndefined();
  });

  it('rejects a text shorter than a tag', () => {
    for (let length = 0; length < 16; length++) {
      expect(xaesOpen(xaesKey(Buffer.alloc(32)), nonce, Buffer.alloc(length), Buffer.alloc(0))).toBeUndefined();
    }
  });

  it('accepts only nonces of 24 bytes', () => {
    expect(() => xaesSeal(xaesKey(Buffer.alloc(32)), Buffer.alloc(12), plaintext, Buffer.alloc(0))).toThrow(
      'The nonce must have 24 bytes.',
    );
  });
});

/** The specification's accumulated vectors: one SHAKE128 stream drives them, another takes every ciphertext. */
function accumulated(iterations: number): string {
  const read = shake128(iterations * 400 + 1000);
  const ciphertexts = createHash('shake128', { outputLength: 32 });
  for (let iteration = 0; iteration < iterations; iteration++) {
    const key = xaesKey(read(32));
    const messageNonce = read(24);
    const message = read(read(1)[0]!);
    const additionalData = read(read(1)[0]!);
    const sealed = xaesSeal(key, messageNonce, message, additionalData);
    if (!xaesOpen(key, messageNonce, sealed, additionalData)?.equals(message)) throw new Error('It does not open.');
    ciphertexts.update(sealed);
  }
  return ciphertexts.digest('hex');
}

/** The stream of SHAKE128 of nothing, in pieces. A piece comes to 313 bytes on average for each iteration. */
function shake128(size: number): (length: number) => Buffer {
  const stream = createHash('shake128', { outputLength: size }).digest();
  let at = 0;
  return (length) => {
    if (at + length > stream.length) throw new Error('The stream is too short.');
    return stream.subarray(at, (at += length));
  };
}

function flipped(bytes: Buffer, index: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[index]! ^= 1;
  return copy;
}
