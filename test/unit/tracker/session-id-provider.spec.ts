import { createHash } from 'node:crypto';
import { generateSessionId, hashSessionId } from '../../../src/tracker/session-id-provider.js';

describe('generateSessionId', () => {
  it('gives 256 random bits as base64url, and no two ids are equal', () => {
    const ids = new Set<string>();
    const ones = Buffer.alloc(32);
    const zeros = Buffer.alloc(32);
    for (let round = 0; round < 20_000; round++) {
      const id = generateSessionId();
      ids.add(id);
      const bytes = Buffer.from(id, 'base64url');
      expect(bytes.length).toBe(32);
      for (let index = 0; index < 32; index++) {
        ones[index]! |= bytes[index]!;
        zeros[index]! |= ~bytes[index]!;
      }
    }
    expect(ids.size).toBe(20_000);
    expect([...ids].every((id) => /^[A-Za-z0-9_-]{43}$/.test(id))).toBe(true);
    expect(ones).toEqual(Buffer.alloc(32, 0xff));
    expect(zeros).toEqual(Buffer.alloc(32, 0xff));
  });
});

describe('hashSessionId', () => {
  it('is SHA-256 as base64url: 43 characters with no meaning in a path, pattern or statement', () => {
    expect(hashSessionId('')).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
    for (const id of ['../x', '..%2f', 'a/b', 'a\0b', 'ü😀', '*', "';--", 'x'.repeat(10_000), '\ud800']) {
      expect(hashSessionId(id)).toBe(createHash('sha256').update(id, 'utf8').digest('base64url'));
      expect(hashSessionId(id)).toMatch(/^[A-Za-z0-9_-]{43}$/);
    }
  });
});
