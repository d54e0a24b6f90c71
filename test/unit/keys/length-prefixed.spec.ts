import * as fc from 'fast-check';
import { lengthPrefixed } from '../../../src/keys/length-prefixed.js';

describe('lengthPrefixed', () => {
  it('writes four bytes of length before each part', () => {
    expect(lengthPrefixed(['aö', Buffer.of(7), '']).toString('hex')).toBe('0000000361c3b6000000010700000000');
  });

  it('returns different bytes for different lists', () => {
    const list = fc.array(fc.string({ maxLength: 3, unit: fc.constantFrom('a', '\0', '\u0001') }), { maxLength: 4 });
    fc.assert(
      fc.property(list, list, (left, right) => {
        const same = JSON.stringify(left) === JSON.stringify(right);
        expect(lengthPrefixed(left).equals(lengthPrefixed(right))).toBe(same);
      }),
    );
  });
});
