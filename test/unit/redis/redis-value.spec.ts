import { array, assert, integer, oneof, option, property } from 'fast-check';
import { decodeRedisValue, encodeDeadline, encodeOwner, encodeRedisValue } from '../../../src/redis/redis-value.js';
import { NEVER } from '../../../src/storage/session-storage.js';
import { anyText } from '../../support/any-text.js';

// Lone surrogates too.
const anyOwner = oneof(
  anyText(),
  array(integer({ min: 0, max: 0xffff })).map((u) => String.fromCharCode(...u)),
);

describe('the value in Redis', () => {
  it('decodes to the encoded session', () => {
    assert(
      property(
        anyText(),
        option(anyOwner, { nil: undefined }),
        integer({ min: 1, max: NEVER }),
        integer({ min: 1, max: 2 ** 53 - 1 }),
        (value, owner, expiresAt, version) => {
          const session = owner === undefined ? { value, expiresAt } : { value, expiresAt, owner };
          const decoded = decodeRedisValue(encodeRedisValue(session, String(version)));
          expect(decoded).toEqual({ ...session, version: String(version) });
        },
      ),
    );
  });

  it('is a line of deadline, version, owner and value', () => {
    const session = { value: 'a|b', expiresAt: 1_790_000_000_000, owner: 'visits:u|1' };
    expect(encodeRedisValue(session, '7')).toBe('1790000000000|7|=visits%3Au%7C1|a|b');
  });

  it('distinguishes an empty owner from no owner', () => {
    expect(decodeRedisValue(encodeRedisValue({ value: 'v', expiresAt: 1, owner: '' }, '1'))?.owner).toBe('');
    expect(decodeRedisValue(encodeRedisValue({ value: 'v', expiresAt: 1 }, '1'))).not.toHaveProperty('owner');
  });

  it.each(['', 'x', '1790000000000', '1790000000000|x||v', '1790000000000|1|=%E0%A4%A|v', '179|1||v'])(
    'is not read from %j',
    (text) => {
      expect(decodeRedisValue(text)).toBeUndefined();
    },
  );

  it('has a deadline of 13 digits for any expiry', () => {
    for (const moment of [-5, 0, 12.5, Date.now(), NEVER, Number.MAX_SAFE_INTEGER]) {
      expect(encodeDeadline(moment)).toMatch(/^\d{13}$/);
    }
    expect(encodeDeadline(Number.MAX_SAFE_INTEGER)).toBe(String(NEVER));
  });

  it('encodes different owners differently, without characters that are special in Redis', () => {
    assert(
      property(anyOwner, anyOwner, (one, other) => {
        expect(encodeOwner(one)).toMatch(/^[\w%.!~*'()-]*$/);
        expect(encodeOwner(one) === encodeOwner(other)).toBe(one === other);
      }),
    );
  });
});
