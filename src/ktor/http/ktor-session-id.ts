import { randomBytes } from 'node:crypto';

/** Hex digits: 64 since Ktor 3.5, 32 from 1.5 to 3.4, 16 before (guessable). Every version reads all lengths. */
export function generateKtorSessionId(length: 16 | 32 | 64 = 64): string {
  return randomBytes(length / 2).toString('hex');
}
