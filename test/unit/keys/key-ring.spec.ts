import { createHash, hkdfSync } from 'node:crypto';
import { inspect } from 'node:util';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { README_EXAMPLE_KEY } from '../../../src/keys/public-keys.js';
import { KeyRing } from '../../../src/keys/key-ring.js';

const key = (seed: string) => createHash('sha256').update(seed).digest('base64url');
const ids = (ring: KeyRing, purpose = 'seal', name = 'user_session') =>
  ring.derive(purpose, name).map(({ id }) => id.toString('hex'));
const secrets = (ring: KeyRing, purpose = 'seal', name = 'user_session') =>
  ring.derive(purpose, name).map(({ keyObject }) => keyObject.export().toString('hex'));

describe('KeyRing', () => {
  it('derives by HKDF-SHA256 with length-prefixed product, use, purpose and name as info', () => {
    const info = (use: string) =>
      Buffer.concat(
        ['nestjs-sessions', use, 'seal', 'user_session'].flatMap((part) => [
          Buffer.of(0, 0, 0, part.length),
          Buffer.from(part),
        ]),
      );
    const expected = (use: string, size: number) =>
      Buffer.from(hkdfSync('sha256', Buffer.from(key('a')), Buffer.alloc(0), info(use), size)).toString('hex');

    expect(secrets(new KeyRing(key('a')))).toEqual([expected('key', 32)]);
    expect(ids(new KeyRing(key('a')))).toEqual([expected('key id', 4)]);
  });

  it('derives the same keys as another implementation of HKDF', () => {
    expect(ids(new KeyRing(key('a')))).toEqual(['6dc9cd70']);
    expect(secrets(new KeyRing(key('a')))).toEqual([
      'd326fe53d2773b2d8c53482bcc2e3e8609a2ecdb8a1c410a764e2a91a114b956',
    ]);
  });

  it('accepts a single key like a list of one', () => {
    expect(secrets(new KeyRing(key('a')))).toEqual(secrets(new KeyRing([key('a')])));
  });

  it('uses the UTF-8 bytes of a text', () => {
    expect(secrets(new KeyRing(key('a')))).toEqual(secrets(new KeyRing(Buffer.from(key('a'), 'utf8'))));
  });

  it('keeps the order of the keys', () => {
    const both = new KeyRing([key('new'), key('old')]);

    expect(ids(both)).toEqual([...ids(new KeyRing(key('new'))), ...ids(new KeyRing(key('old')))]);
    expect(secrets(both)).toEqual([...secrets(new KeyRing(key('new'))), ...secrets(new KeyRing(key('old')))]);
  });

  it('derives different keys and ids for different purposes and names', () => {
    const ring = new KeyRing(key('a'));
    const places = [
      ['seal', 'user'],
      ['seal', 'cart'],
      ['csrf', 'user'],
      ['sealu', 'ser'],
      ['seal","user', ''],
    ] as const;

    expect(new Set(places.map(([purpose, name]) => secrets(ring, purpose, name)[0])).size).toBe(places.length);
    expect(new Set(places.map(([purpose, name]) => ids(ring, purpose, name)[0])).size).toBe(places.length);
  });

  it('caches the keys of a purpose and name', () => {
    const ring = new KeyRing(key('a'));

    expect(ring.derive('seal', 'user')).toBe(ring.derive('seal', 'user'));
    expect(Object.isFrozen(ring.derive('seal', 'user'))).toBe(true);
  });

  it('derives the id of 4 bytes independently of the key', () => {
    const [derived] = new KeyRing(key('a')).derive('seal', 'user');

    expect(derived!.id).toHaveLength(4);
    expect(derived!.keyObject.symmetricKeySize).toBe(32);
    expect(derived!.keyObject.export().includes(derived!.id)).toBe(false);
  });

  it('does not show keys if printed', () => {
    const ring = new KeyRing([key('a'), Buffer.from(key('b'))]);
    const [derived] = ring.derive('seal', 'user');
    const shown = [ring, derived].flatMap((value) => [
      inspect(value, { depth: 9, showHidden: true }),
      JSON.stringify(value),
    ]);

    const secret = derived!.keyObject.export();
    const forms = [key('a'), key('b')].flatMap((text) => [text, Buffer.from(text).toString('hex')]);
    for (const form of [...forms, secret.toString('hex'), secret.toString('base64'), [...secret].join(',')]) {
      for (const text of shown) expect(text).not.toContain(form);
    }
  });

  it('creates a random development ring', () => {
    expect(secrets(KeyRing.development())).not.toEqual(secrets(KeyRing.development()));
    expect(secrets(KeyRing.development())).toHaveLength(1);
  });

  it.each<[string, ConstructorParameters<typeof KeyRing>[0], string]>([
    ['an empty list', [], 'keys is empty: a key ring needs at least one key.'],
    ['nothing', undefined, 'keys[0] is undefined. Is the environment variable set?'],
    [
      'an old key whose variable is not set',
      [key('a'), undefined],
      'keys[1] is undefined. Is the environment variable',
    ],
    ['a weak key behind a good one', [key('a'), 'hunter2'], 'keys[1] is too short'],
    ["the README's example", README_EXAMPLE_KEY, 'keys[0] is the public example key of the README'],
    ['the same key twice', [key('a'), key('b'), key('a')], 'keys[0] and keys[2] are the same key.'],
    ['the same key as text and as bytes', [key('a'), Buffer.from(key('a'))], 'keys[0] and keys[1] are the same key.'],
  ])('rejects %s', (_, keys, message) => {
    expect(() => new KeyRing(keys)).toThrow(SessionConfigurationError);
    expect(() => new KeyRing(keys)).toThrow(message);
  });
});
