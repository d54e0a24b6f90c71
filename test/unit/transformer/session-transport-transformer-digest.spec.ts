import * as fc from 'fast-check';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { type DigestAlgorithm } from '../../../src/transformer/java-algorithms.js';
import { SessionTransportTransformerDigest } from '../../../src/transformer/session-transport-transformer-digest.js';
import { changedText } from './changed-text.js';
import { anyText } from '../../support/any-text.js';

const digest = new SessionTransportTransformerDigest();

describe('SessionTransportTransformerDigest', () => {
  it.each<[string, DigestAlgorithm | undefined, string]>([
    ['666', 'SHA-256', '666/c2d4eaad4fe0bc6dbd0584cdf36929d79d52d7a748d1cc02835a71131a0963fb'],
    [
      '666',
      undefined,
      '666/ac3aaf25429f220afd9daef49813cd91bf7b47696354c8c3174e365d594216521a80c3e157a03864dce403b33451e146',
    ],
    [
      'hello',
      'SHA-384',
      'hello/0674e80e8909e3607d39a248b9f9b546ba882d332658f26b9c66c4b71948c794b7687a2b268f3baa26e22c90f045dc93',
    ],
  ])('writes and reads %s under %s as Ktor 1.x does', (value, algorithm, expected) => {
    const transformer = new SessionTransportTransformerDigest('ktor', algorithm);

    expect(transformer.transformWrite(value)).toBe(expected);
    expect(transformer.transformRead(expected)).toBe(value);
  });

  // Recorded from java.security.MessageDigest of OpenJDK 17, over "ktor" and "hello".
  it.each<[DigestAlgorithm, string]>([
    ['MD5', '525ba22523ce3790043e68721edae506'],
    ['SHA-1', '84ddf7021e6e309bd8e445c86b45f3e4f0ad7cb4'],
    ['SHA-224', '6be7671883adabbbad8013849b3013ec965ba751fc68721aa7a7f0a9'],
    ['SHA-256', '5a2e635a90b0c62e9e2767747dd9854ae5fad0f6bee06b3f326aeab79bdc8262'],
    ['SHA-384', '0674e80e8909e3607d39a248b9f9b546ba882d332658f26b9c66c4b71948c794b7687a2b268f3baa26e22c90f045dc93'],
    [
      'SHA-512',
      'ff9b7323339803d16f403495a21101813b96f803b876a3c7ff0d389af3298254054b2e98779eb236f07c91f4b220f6e5b2686b604836a493ade2e0605296aa7f',
    ],
    ['SHA-512/224', '7036fd14e94a259b899481ef913a9de402487ba07a0bd8a2c82abd8c'],
    ['SHA-512/256', '46c5e41ef9c6afe4ef79cb92ce4e8357a08485b071056d10f468d9251223a4f0'],
    ['SHA3-224', '148e5a22eb03aea35ada45103528ddf4ec37a0028e8a081ec8af088e'],
    ['SHA3-256', '594a9d9ef45ace5eb656867eac7873bcb5d901c8a7bcb36f81e3bb530ba22312'],
    ['SHA3-384', 'e2162dacdfdc10a4a356fe23ccdb383f600d704551a5cf50aaa8a2e6aa77eebe40f4de3094faf2df01d14f01091a4701'],
    [
      'SHA3-512',
      'f0453b341144065f9bcd6b30ddf457213505d23111804d8af06d35c542111c5c0de4c9d2af70f9f38674b9711b2b659ac935d4d3f72a91fd80e804a5afc719d0',
    ],
  ])('computes %s as Java does, with a name in any case', (algorithm, expected) => {
    const lower = algorithm.toLowerCase() as DigestAlgorithm;

    expect(new SessionTransportTransformerDigest('ktor', algorithm).transformWrite('hello')).toBe(`hello/${expected}`);
    expect(new SessionTransportTransformerDigest('ktor', lower).transformRead(`hello/${expected}`)).toBe('hello');
  });

  it('splits at the last slash, and accepts empty values and values with slashes', () => {
    for (const value of ['', '/', 'a/b', 'a/b/', 'ä€\u{1F600}']) {
      expect(digest.transformRead(digest.transformWrite(value))).toBe(value);
    }
  });

  it('reads upper-case and lower-case hexadecimal', () => {
    const [value, hex] = digest.transformWrite('666').split('/');

    expect(digest.transformRead(`${value}/${hex!.toUpperCase()}`)).toBe('666');
  });

  it('ignores the last character of an odd number, as Ktor does', () => {
    const written = digest.transformWrite('666');

    expect(digest.transformRead(`${written}0`)).toBe('666');
    expect(digest.transformRead(`${written}z`)).toBe('666');
    expect(digest.transformRead(`${written}00`)).toBeUndefined();
    expect(digest.transformRead(`${written}zz`)).toBeUndefined();
    expect(digest.transformRead(written.slice(0, -1))).toBeUndefined();
  });

  it.each(['', '/', '666', '666/', '666/zz', '/666', 'ä/ö'])('rejects "%s"', (value) => {
    expect(digest.transformRead(value)).toBeUndefined();
  });

  it('rejects another value and every changed digit', () => {
    const written = digest.transformWrite('666');
    const [value, hex] = written.split('/') as [string, string];

    expect(digest.transformRead(`667/${hex}`)).toBeUndefined();
    for (let index = 0; index < hex.length; index++) {
      const other = hex[index] === '0' ? '1' : '0';
      expect(digest.transformRead(`${value}/${hex.slice(0, index)}${other}${hex.slice(index + 1)}`)).toBeUndefined();
    }
  });

  it('rejects values of another salt or algorithm', () => {
    const written = digest.transformWrite('666');

    expect(new SessionTransportTransformerDigest('pepper').transformRead(written)).toBeUndefined();
    expect(new SessionTransportTransformerDigest('ktor', 'SHA3-384').transformRead(written)).toBeUndefined();
  });

  it('hashes a lone surrogate as a question mark, as Java does', () => {
    expect(digest.transformWrite('a\uD800b').split('/')[1]).toBe(digest.transformWrite('a?b').split('/')[1]);
  });

  it('warns of its weakness and names the safe transformer, unless acknowledged', () => {
    expect(digest.weakness).toContain('Use SessionTransportTransformerSeal');
    expect(new SessionTransportTransformerDigest('ktor', 'SHA-384', { acknowledge: true }).weakness).toBeUndefined();
  });

  it('rejects an unknown algorithm and lists the known ones', () => {
    const make = () => new SessionTransportTransformerDigest('ktor', 'MD2' as DigestAlgorithm);

    expect(make).toThrow(SessionConfigurationError);
    expect(make).toThrow(
      'Use one of: MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512, SHA-512/224, SHA-512/256, SHA3-224, SHA3-256, SHA3-384, SHA3-512.',
    );
  });

  it('returns a value or undefined for any input, without throwing', () => {
    const written = digest.transformWrite('666');
    fc.assert(
      fc.property(anyText(), changedText(written), (any, changed) => {
        for (const value of [any, `${any}/`, changed]) {
          const read = digest.transformRead(value);
          if (read !== undefined)
            expect(digest.transformWrite(read).toLowerCase()).toBe(value.slice(0, written.length).toLowerCase());
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['x'.repeat(1_000_000), '/'.repeat(1_000_000), '0'.repeat(1_000_000), `/${'0'.repeat(1_000_000)}`])(
    'handles values of a megabyte',
    (value) => {
      expect(digest.transformRead(value)).toBeUndefined();
      expect(digest.transformRead(digest.transformWrite(value))).toBe(value);
    },
  );
});
