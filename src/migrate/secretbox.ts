import { timingSafeEqual } from 'node:crypto';
import { poly1305 } from './poly1305.js';
import { xsalsa20Stream } from './salsa20.js';

/** XSalsa20 and Poly1305, which Node's crypto lacks. */
export const SECRETBOX_KEY_BYTES = 32;
export const SECRETBOX_NONCE_BYTES = 24;
const TAG_BYTES = 16;
const ONE_TIME_KEY_BYTES = 32;

/** @returns `undefined` if not sealed with this key. */
export function openSecretbox(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Buffer | undefined {
  if (box.length < TAG_BYTES || nonce.length !== SECRETBOX_NONCE_BYTES) return undefined;
  const encrypted = box.subarray(TAG_BYTES);
  const stream = xsalsa20Stream(ONE_TIME_KEY_BYTES + encrypted.length, key, nonce);
  const tag = poly1305(encrypted, stream.subarray(0, ONE_TIME_KEY_BYTES));
  return timingSafeEqual(tag, box.subarray(0, TAG_BYTES)) ? mixed(encrypted, stream) : undefined;
}

/** @returns the tag, followed by the ciphertext. */
export function secretbox(message: Uint8Array, nonce: Uint8Array, key: Uint8Array): Buffer {
  const stream = xsalsa20Stream(ONE_TIME_KEY_BYTES + message.length, key, nonce);
  const encrypted = mixed(message, stream);
  return Buffer.concat([poly1305(encrypted, stream.subarray(0, ONE_TIME_KEY_BYTES)), encrypted]);
}

function mixed(bytes: Uint8Array, stream: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ stream[ONE_TIME_KEY_BYTES + index]!));
}
