import 'reflect-metadata';
import { createRequire } from 'node:module';

interface Decoder {
  readonly name: string;
  readonly valid: readonly string[];
  decode(text: string): unknown;
}

/** What a client sends with a signature. What AES-GCM or Poly1305 of OpenSSL checks is compared there. */
const SIGNED = [
  "Ktor's Encrypt",
  "Ktor's Encrypt before 3.0",
  "Ktor's Encrypt, both layouts",
  "Ktor's MessageAuthentication",
  "Ktor's Digest",
  'cookie-session',
  'iron-session',
  '@fastify/secure-session',
  'express-session',
  '@fastify/session',
];

describe('a signature that a client sends', () => {
  const crypto = createRequire(import.meta.url)('node:crypto') as typeof import('node:crypto');
  const { timingSafeEqual } = crypto;
  let compared: number[] = [];
  let all: readonly Decoder[] = [];

  beforeAll(async () => {
    // Before the modules that import it are loaded.
    crypto.timingSafeEqual = (left, right) => {
      compared.push(left.byteLength);
      return timingSafeEqual(left, right);
    };
    const path: string = '../../tools/fuzz/decoders.mjs';
    const { decoders } = (await import(path)) as {
      decoders(load: (path: string) => unknown): Promise<readonly Decoder[]>;
    };
    all = await decoders((module) => import(`../../src/${module}.js`));
  });

  afterAll(() => {
    crypto.timingSafeEqual = timingSafeEqual;
  });

  it.each(SIGNED)('is compared in constant time: %s', async (name) => {
    const decoder = all.find((one) => one.name === name)!;
    for (const text of decoder.valid.filter((one) => one.length < 2000)) {
      compared = [];
      expect(await decoder.decode(text)).toBeDefined();
      // At least 16 bytes of a signature, and nothing shorter.
      expect(compared.length).toBeGreaterThan(0);
      expect(Math.min(...compared)).toBeGreaterThanOrEqual(16);
    }
  });
});
