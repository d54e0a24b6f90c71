import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { poly1305 } from '../../../src/migrate/poly1305.js';
import { hsalsa20 } from '../../../src/migrate/salsa20.js';
import { openSecretbox, secretbox } from '../../../src/migrate/secretbox.js';

interface Sodium {
  crypto_secretbox_easy(box: Buffer, message: Buffer, nonce: Buffer, key: Buffer): void;
  crypto_secretbox_open_easy(message: Buffer, box: Buffer, nonce: Buffer, key: Buffer): boolean;
}

const sodium = createRequire(import.meta.url)('sodium-native') as Sodium;
const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');

// D. J. Bernstein, "Cryptography in NaCl": sections 8 to 10.
const KEY = hex('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389');
const NONCE = hex('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37');
const MESSAGE = hex(
  'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c6129' +
    '6cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde' +
    '048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705',
);
const BOX = hex(
  'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186a' +
    'c0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae' +
    '90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74' +
    'e355a5',
);

describe('the secretbox of NaCl', () => {
  it('seals and opens the example of the NaCl paper', () => {
    expect(secretbox(MESSAGE, NONCE, KEY).toString('hex')).toBe(BOX.toString('hex'));
    expect(openSecretbox(BOX, NONCE, KEY)?.toString('hex')).toBe(MESSAGE.toString('hex'));
  });

  it('derives the first key of the NaCl paper by HSalsa20', () => {
    const shared = hex('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742');
    expect(Buffer.from(hsalsa20(shared, Buffer.alloc(16))).toString('hex')).toBe(KEY.toString('hex'));
  });

  it.each([
    // RFC 8439, section 2.5.2.
    [
      '85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b',
      Buffer.from('Cryptographic Forum Research Group').toString('hex'),
      'a8061dc1305136c6c22b8baf0c0127a9',
    ],
    // RFC 8439, appendix A.3: vectors 1, 7 to 11, where the sum wraps.
    ['00'.repeat(32), '00'.repeat(64), '00'.repeat(16)],
    [`02${'00'.repeat(31)}`, 'ff'.repeat(16), `03${'00'.repeat(15)}`],
    [`02${'00'.repeat(15)}${'ff'.repeat(16)}`, `02${'00'.repeat(15)}`, `03${'00'.repeat(15)}`],
    [`01${'00'.repeat(31)}`, `${'ff'.repeat(16)}f0${'ff'.repeat(15)}11${'00'.repeat(15)}`, `05${'00'.repeat(15)}`],
    [`01${'00'.repeat(31)}`, `${'ff'.repeat(16)}fb${'fe'.repeat(15)}${'01'.repeat(16)}`, '00'.repeat(16)],
    [`02${'00'.repeat(31)}`, `fd${'ff'.repeat(15)}`, `fa${'ff'.repeat(15)}`],
  ])('makes the tags of RFC 8439: key %s', (key, message, tag) => {
    expect(Buffer.from(poly1305(hex(message), hex(key))).toString('hex')).toBe(tag);
  });

  it('agrees with libsodium on messages of every length up to 300 bytes', () => {
    for (let length = 0; length <= 300; length++) {
      const [key, nonce, message] = [randomBytes(32), randomBytes(24), randomBytes(length)];
      const box = Buffer.alloc(length + 16);
      sodium.crypto_secretbox_easy(box, message, nonce, key);
      expect(secretbox(message, nonce, key).equals(box)).toBe(true);
      expect(openSecretbox(box, nonce, key)?.equals(message)).toBe(true);
    }
  });

  it('rejects every changed bit', () => {
    const box = secretbox(Buffer.from('a message'), NONCE, KEY);
    for (let bit = 0; bit < box.length * 8; bit++) {
      const changed = Buffer.from(box);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(openSecretbox(changed, NONCE, KEY)).toBeUndefined();
    }
  });

  it('rejects a box shorter than a tag, and a nonce of another length', () => {
    expect(openSecretbox(Buffer.alloc(15), NONCE, KEY)).toBeUndefined();
    expect(openSecretbox(BOX, NONCE.subarray(1), KEY)).toBeUndefined();
  });
});
