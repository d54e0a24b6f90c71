import { createCipheriv } from 'node:crypto';
import { messageKey } from '../../../src/keys/message-key.js';

describe('messageKey', () => {
  const bytes = Buffer.alloc(32, 7);

  it('encrypts the same as bytes and as KeyObject', () => {
    const encrypt = (key: Parameters<typeof createCipheriv>[1]): Buffer =>
      createCipheriv('aes-256-gcm', key, Buffer.alloc(12)).update('text');
    expect(encrypt(messageKey(bytes))).toEqual(encrypt(bytes));
  });

  it('returns a KeyObject only on Node 24', () => {
    expect(Buffer.isBuffer(messageKey(bytes))).toBe(!process.version.startsWith('v24.'));
  });
});
