import { createCipheriv } from 'node:crypto';
import { messageKey } from '../../../src/keys/message-key.js';

describe('the key of one message', () => {
  const bytes = Buffer.alloc(32, 7);

  it('encrypts as its bytes do, in whatever form it is', () => {
    const encrypt = (key: Parameters<typeof createCipheriv>[1]): Buffer =>
      createCipheriv('aes-256-gcm', key, Buffer.alloc(12)).update('text');
    expect(encrypt(messageKey(bytes))).toEqual(encrypt(bytes));
  });

  it('is a KeyObject on Node 24, and on no other', () => {
    expect(Buffer.isBuffer(messageKey(bytes))).toBe(!process.version.startsWith('v24.'));
  });
});
