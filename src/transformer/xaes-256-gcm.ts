import { createCipheriv, createDecipheriv, createSecretKey, type Cipher, type KeyObject } from 'node:crypto';
import { messageKey } from '../keys/message-key.js';

export const XAES_NONCE_BYTES = 24;
export const XAES_TAG_BYTES = 16;

const BLOCK_BYTES = 16;
const HALF_NONCE_BYTES = 12;

export interface XaesKey {
  /** AES-256-ECB: stateless, so one serves all messages. */
  readonly blocks: Cipher;
  /** CMAC subkey K1 twice, XORed with the counter blocks. */
  readonly mask: Buffer;
}

export function xaesKey(key: Uint8Array | KeyObject): XaesKey {
  const keyObject = key instanceof Uint8Array ? createSecretKey(key) : key;
  const blocks = createCipheriv('aes-256-ecb', keyObject, null).setAutoPadding(false);
  const subkey = doubled(blocks.update(Buffer.alloc(BLOCK_BYTES)));
  const counters = Buffer.concat([counterBlock(1), counterBlock(2)]);
  return { blocks, mask: xor(counters, Buffer.concat([subkey, subkey])) };
}

/**
 * https://c2sp.org/XAES-256-GCM
 * @returns ciphertext and tag.
 */
export function xaesSeal(key: XaesKey, nonce: Uint8Array, plaintext: Uint8Array, additionalData: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', derivedKey(key, nonce), nonce.subarray(HALF_NONCE_BYTES));
  cipher.setAAD(additionalData);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([ciphertext, cipher.getAuthTag()]);
}

export function xaesOpen(
  key: XaesKey,
  nonce: Uint8Array,
  sealed: Uint8Array,
  additionalData: Uint8Array,
): Buffer | undefined {
  const end = sealed.length - XAES_TAG_BYTES;
  if (end < 0) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', derivedKey(key, nonce), nonce.subarray(HALF_NONCE_BYTES), {
    authTagLength: XAES_TAG_BYTES,
  });
  decipher.setAAD(additionalData);
  decipher.setAuthTag(sealed.subarray(end));
  const plaintext = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

function derivedKey(key: XaesKey, nonce: Uint8Array): Buffer | KeyObject {
  if (nonce.length !== XAES_NONCE_BYTES) throw new RangeError(`The nonce must have ${XAES_NONCE_BYTES} bytes.`);
  const input = Buffer.from(key.mask);
  for (let index = 0; index < HALF_NONCE_BYTES; index++) {
    input[4 + index]! ^= nonce[index]!;
    input[BLOCK_BYTES + 4 + index]! ^= nonce[index]!;
  }
  return messageKey(key.blocks.update(input));
}

function counterBlock(counter: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.writeUInt16BE(counter, 0);
  block.write('X', 2, 'latin1');
  return block;
}

/** NIST SP 800-38B §6.1. */
function doubled(block: Buffer): Buffer {
  const result = Buffer.alloc(BLOCK_BYTES);
  for (let index = 0; index < BLOCK_BYTES; index++) {
    result[index] = (block[index]! << 1) | ((block[index + 1] ?? 0) >> 7);
  }
  if (block[0]! & 0x80) result[BLOCK_BYTES - 1]! ^= 0x87;
  return result;
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ right[index]!));
}
