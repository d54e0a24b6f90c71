import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { SeededRandom } from './seeded-random.mjs';

/** The fixed time, in epoch milliseconds. */
export const NOW = 1_790_000_000_000;

/**
 * Stops the clock and derives random bytes from the seed, so that each run breaks the same valid values. Import it
 * before modules that use them.
 */
export function freezeWorld(seed) {
  const random = new SeededRandom(seed, 0xb17e5);
  const fill = (bytes) => {
    for (let index = 0; index < bytes.length; index++) bytes[index] = random.below(256);
    return bytes;
  };
  crypto.randomBytes = (size) => fill(Buffer.alloc(size));
  crypto.randomFillSync = (bytes) => fill(bytes);
  crypto.randomUUID = () => fill(Buffer.alloc(16)).toString('hex');
  syncBuiltinESMExports();
  Date.now = () => NOW;
}
