import { createHash } from 'node:crypto';
import { jest } from '@jest/globals';
import * as fc from 'fast-check';
import { KeyRing } from '../../../src/keys/key-ring.js';
import { lengthPrefixed } from '../../../src/keys/length-prefixed.js';
import { OpenedValues } from '../../../src/transformer/opened-values.js';
import {
  SessionTransportTransformerSeal,
  type SessionTransportTransformerSealOptions,
} from '../../../src/transformer/session-transport-transformer-seal.js';
import { transformRead } from '../../../src/transformer/session-transport-transformer.js';
import { xaesKey, xaesSeal } from '../../../src/transformer/xaes-256-gcm.js';
import { changedText } from './changed-text.js';
import { anyText } from '../../support/any-text.js';

const key = (seed: string) => createHash('sha256').update(seed).digest('base64url');
const binding = { name: 'user_session', transport: 'cookie' };
const ring = new KeyRing(key('a'));
const seal = new SessionTransportTransformerSeal(ring, binding);
const text = '{"userId":"id2","cart":[]}';

describe('SessionTransportTransformerSeal', () => {
  it('reads what it sealed', () => {
    expect(seal.transformRead(seal.transformWrite(text))).toBe(text);
  });

  it('writes version, key id, nonce, ciphertext and tag in base64url', () => {
    const token = seal.transformWrite(text);
    const bytes = Buffer.from(token, 'base64url');
    const [derived] = ring.derive('seal', 'user_session');
    const nonce = bytes.subarray(5, 29);
    const additionalData = lengthPrefixed([Buffer.of(1), derived!.id, 'user_session', 'cookie']);

    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(bytes).toHaveLength(1 + 4 + 24 + text.length + 16);
    expect(bytes[0]).toBe(1);
    expect(bytes.subarray(1, 5)).toEqual(derived!.id);
    expect(bytes.subarray(29)).toEqual(xaesSeal(xaesKey(derived!.keyObject), nonce, Buffer.from(text), additionalData));
  });

  it('reads a value that was sealed by an earlier version of the library', () => {
    expect(
      seal.transformRead(
        'AW3JzXCwPR5dX8XWAVia-c01IQas2i8VKcq5IgfCg_Ir4KDFuCDjTAAA_soPLlu0Bu7MxY75zNb6C2jD4gRelSiK-QrgPW8',
      ),
    ).toBe(text);
  });

  it('rejects a value with any bit flipped', () => {
    const bytes = Buffer.from(seal.transformWrite(text), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(seal.transformRead(changed.toString('base64url'))).toBeUndefined();
    }
  });

  it('rejects a value with any character replaced, omitted or inserted', () => {
    const token = seal.transformWrite(text);
    for (let index = 0; index < token.length; index++) {
      const [before, after] = [token.slice(0, index), token.slice(index + 1)];
      for (const other of ['A', '_', '=', '+', '/', ' ', '.', '\0', 'ä', '\u{1F600}', '']) {
        if (other !== token[index]) expect(seal.transformRead(before + other + after)).toBeUndefined();
        if (other !== '') expect(seal.transformRead(before + other + token[index] + after)).toBeUndefined();
      }
    }
  });

  it.each([0, 1, 2])('accepts one spelling of each value (%i bytes past a group of three)', (rest) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const token = seal.transformWrite('x'.repeat(30 + rest));
    const spellings = Array.from(alphabet, (last) => token.slice(0, -1) + last);

    expect(spellings.filter((spelling) => seal.transformRead(spelling) !== undefined)).toEqual([token]);
    for (const tail of ['=', '==', '\n', ' ', 'A']) expect(seal.transformRead(token + tail)).toBeUndefined();
    const classic = token.replaceAll('-', '+').replaceAll('_', '/');
    if (classic !== token) expect(seal.transformRead(classic)).toBeUndefined();
  });

  it('rejects every prefix and suffix of a value', () => {
    const token = seal.transformWrite(text);
    for (let length = 0; length < token.length; length++) {
      expect(seal.transformRead(token.slice(0, length))).toBeUndefined();
      if (length > 0) expect(seal.transformRead(token.slice(length))).toBeUndefined();
    }
  });

  it.each([
    ['another name', { name: 'cart', transport: 'cookie' }],
    ['another transport', { name: 'user_session', transport: 'header' }],
    ['another division of name and transport', { name: 'user_sessionc', transport: 'ookie' }],
  ])('rejects a value of %s', (_, other) => {
    const token = seal.transformWrite(text);

    expect(new SessionTransportTransformerSeal(ring, other).transformRead(token)).toBeUndefined();
    expect(new SessionTransportTransformerSeal(ring, binding).transformRead(token)).toBe(text);
  });

  it('rejects a value sealed for another purpose of the same ring', () => {
    const [other] = ring.derive('csrf', 'user_session');
    const [own] = ring.derive('seal', 'user_session');
    const nonce = Buffer.alloc(24, 9);
    const forged = [own!.id, other!.id].map((id) => {
      const additionalData = lengthPrefixed([Buffer.of(1), id, 'user_session', 'cookie']);
      const sealed = xaesSeal(xaesKey(other!.keyObject), nonce, Buffer.from(text), additionalData);
      return Buffer.concat([Buffer.of(1), id, nonce, sealed]).toString('base64url');
    });

    for (const token of forged) expect(seal.transformRead(token)).toBeUndefined();
  });

  it('rejects another version, even if the rest is valid for it', () => {
    const [own] = ring.derive('seal', 'user_session');
    const nonce = Buffer.alloc(24, 9);
    const tokenOf = (version: number) => {
      const additionalData = lengthPrefixed([Buffer.of(version), own!.id, 'user_session', 'cookie']);
      const sealed = xaesSeal(xaesKey(own!.keyObject), nonce, Buffer.from(text), additionalData);
      return Buffer.concat([Buffer.of(version), own!.id, nonce, sealed]).toString('base64url');
    };

    expect(seal.transformRead(tokenOf(1))).toBe(text);
    expect(seal.transformRead(tokenOf(0))).toBeUndefined();
    expect(seal.transformRead(tokenOf(2))).toBeUndefined();
  });

  it('seals equal texts differently, with a new nonce each time', () => {
    const tokens = Array.from({ length: 2000 }, () => seal.transformWrite(text));
    const nonces = tokens.map((token) => Buffer.from(token, 'base64url').toString('hex', 5, 29));

    expect(new Set(nonces).size).toBe(2000);
    expect(new Set(tokens.map((token) => token.slice(-30))).size).toBe(2000);
  });

  it('seals any text, also an empty one and one with a byte order mark', () => {
    for (const each of ['', '\uFEFFx', '\0', 'ä€\u{1F600}', 'x'.repeat(5000)]) {
      expect(seal.transformRead(seal.transformWrite(each))).toBe(each);
    }
    fc.assert(
      fc.property(anyText({ maxLength: 300 }), (each) => {
        expect(seal.transformRead(seal.transformWrite(each))).toBe(each);
      }),
    );
  });

  it('replaces a lone surrogate by U+FFFD, and preserves every text of JSON.stringify', () => {
    expect(seal.transformRead(seal.transformWrite('a\uD800b\uDC00'))).toBe('a\uFFFDb\uFFFD');
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.array(unit), (units) => {
        const json = JSON.stringify(units.join(''));
        expect(seal.transformRead(seal.transformWrite(json))).toBe(json);
      }),
    );
  });

  it('does not throw for any value to read', () => {
    const base64Url = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
    const token = seal.transformWrite(text);
    const changed = changedText(token).filter((value) => value !== token);
    fc.assert(
      fc.property(fc.oneof(anyText(), base64Url, changed), (value) => {
        expect(seal.transformRead(value)).toBeUndefined();
        expect(['current', 'outdated', 'unknown']).toContain(seal.keyState(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('seals a megabyte and rejects a changed one', () => {
    const large = 'x'.repeat(1_000_000);
    const token = seal.transformWrite(large);

    expect(seal.transformRead(token)).toBe(large);
    expect(seal.transformRead(`${token.slice(0, -9)}AAAAAAAAA`)).toBeUndefined();
    expect(seal.transformRead('\uFFFF'.repeat(1_000_000))).toBeUndefined();
  });

  it.each<[string, SessionTransportTransformerSealOptions]>([
    ['with a cache', {}],
    ['without a cache', { rememberForSeconds: 0 }],
  ])('reads a value repeatedly, %s, and rejects it with any character changed', (_, options) => {
    const again = new SessionTransportTransformerSeal(ring, binding, options);
    const token = again.transformWrite(text);
    for (let time = 0; time < 3; time++) {
      expect(again.transformRead(token)).toBe(text);
      for (let index = 0; index < token.length; index++) {
        const other = token[index] === 'A' ? 'B' : 'A';
        expect(again.transformRead(token.slice(0, index) + other + token.slice(index + 1))).toBeUndefined();
      }
    }
  });

  it.each<[SessionTransportTransformerSealOptions, number]>([
    [{}, 1],
    [{ rememberForSeconds: 0 }, 0],
  ])('with %j, caches an opened value %i times', (options, times) => {
    const keep = jest.spyOn(OpenedValues.prototype, 'set');
    const again = new SessionTransportTransformerSeal(ring, binding, options);
    const token = again.transformWrite(text);
    for (let time = 0; time < 5; time++) {
      again.transformRead(token);
      again.transformRead(`${token}A`);
    }
    expect(keep.mock.calls).toEqual([[token, text]].slice(0, times));
    keep.mockRestore();
  });

  it.each([-1, NaN, Infinity, '60' as unknown as number])('rejects rememberForSeconds: %p', (rememberForSeconds) => {
    expect(() => new SessionTransportTransformerSeal(ring, binding, { rememberForSeconds })).toThrow(
      'rememberForSeconds must be a number from 0.',
    );
  });

  it('reads the first of many sealed values', () => {
    const early = seal.transformWrite(text);
    for (let count = 0; count < 200; count++) seal.transformWrite(text);

    expect(seal.transformRead(early)).toBe(text);
    expect(seal.transformRead(seal.transformWrite(text))).toBe(text);
  });
});

describe('SessionTransportTransformerSeal with several keys', () => {
  const old = new SessionTransportTransformerSeal(new KeyRing(key('old')), binding);
  const rotated = new SessionTransportTransformerSeal(new KeyRing([key('new'), key('old')]), binding);
  const next = new SessionTransportTransformerSeal(new KeyRing(key('new')), binding);

  it('reads a value of an old key and reports it as outdated', async () => {
    const token = old.transformWrite(text);

    expect(rotated.transformRead(token)).toBe(text);
    expect(rotated.keyState(token)).toBe('outdated');
    expect(await transformRead([rotated], token)).toEqual({ value: text, outdated: true });
  });

  it('seals with the newest key', async () => {
    const token = rotated.transformWrite(text);

    expect(rotated.keyState(token)).toBe('current');
    expect(next.transformRead(token)).toBe(text);
    expect(old.transformRead(token)).toBeUndefined();
    expect(await transformRead([rotated], token)).toEqual({ value: text, outdated: false });
  });

  it('rejects a value of a removed key', () => {
    const token = old.transformWrite(text);

    expect(next.transformRead(token)).toBeUndefined();
    expect(next.keyState(token)).toBe('unknown');
  });

  it.each(['', 'A', 'AQ', '=======', 'AQAAAAAA', 'äöüäöüäö'])('reports the key of "%s" as unknown', (value) => {
    expect(rotated.keyState(value)).toBe('unknown');
  });

  it('opens values of two keys with the same id', () => {
    const twins = new KeyRing([key('new'), key('old')]);
    const [first, second] = twins.derive('seal', 'user_session');
    const same = [first!, { ...second!, id: first!.id }];
    jest.spyOn(twins, 'derive').mockReturnValue(same);
    const both = new SessionTransportTransformerSeal(twins, binding);
    jest.spyOn(twins, 'derive').mockReturnValue([same[1]!]);
    const secondOnly = new SessionTransportTransformerSeal(twins, binding);

    expect(both.transformRead(both.transformWrite(text))).toBe(text);
    expect(both.transformRead(secondOnly.transformWrite(text))).toBe(text);
  });
});
