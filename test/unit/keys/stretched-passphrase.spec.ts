import { scryptSync } from 'node:crypto';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { KeyRing } from '../../../src/keys/key-ring.js';
import { README_EXAMPLE_KEY } from '../../../src/keys/public-keys.js';

const PASSPHRASE = 'Zwölf Boxkämpfer jagen Eva quer über den Deich';
const SALT = 'nestjs-sessions: a passphrase for a key ring, version 1';
const KEY = Buffer.from('8f1d0c6b2a7e4953b0d9c4e8f3a5172660b9e2d47c1f8a35de604b97128fca03', 'hex');

const idsOf = (ring: KeyRing): readonly string[] => ring.report().map(({ id }) => id);

describe('stretch: true', () => {
  it('derives keys by scrypt with the documented parameters', () => {
    const expected = scryptSync(PASSPHRASE.normalize('NFC'), SALT, 32, {
      N: 131_072,
      r: 8,
      p: 1,
      maxmem: 256 * 1024 * 1024,
    });
    expect(idsOf(new KeyRing(PASSPHRASE, { stretch: true }))).toEqual(idsOf(new KeyRing(expected)));
  });

  it('derives the same key for every Unicode normal form', () => {
    const composed = new KeyRing(PASSPHRASE.normalize('NFC'), { stretch: true });
    expect(idsOf(new KeyRing(PASSPHRASE.normalize('NFD'), { stretch: true }))).toEqual(idsOf(composed));
  });

  it('does not stretch a key of bytes', () => {
    const both = new KeyRing([KEY, PASSPHRASE], { stretch: true });
    expect(idsOf(both)).toEqual([...idsOf(new KeyRing(KEY)), ...idsOf(new KeyRing(PASSPHRASE, { stretch: true }))]);
  });

  it('rejects a passphrase without stretch', () => {
    expect(() => new KeyRing(PASSPHRASE)).toThrow('new KeyRing(passphrase, { stretch: true })');
    expect(() => new KeyRing(PASSPHRASE, { stretch: false })).toThrow(SessionConfigurationError);
  });

  it.each<[string, unknown, string]>([
    ['of 19 characters', 'zwölf Boxer jagen E', 'it has 19 characters, without repetitions; 20 are needed'],
    ['that repeats itself', 'twelve boxers. '.repeat(4), 'starts or ends with white space'],
    ['of one word said again', 'twelveboxers'.repeat(4), 'it has 12 characters, without repetitions'],
    ['of few characters', 'abcabdabeabfabcabeabfaabcab', 'uses too few different bytes'],
    ['that counts', 'abcdefghijklmnopqrstuvwxyz', 'is a sequence'],
    ['that is a placeholder', 'please change me before production', 'contains a word that is typical of placeholders'],
    ['that the README shows', README_EXAMPLE_KEY, 'is the public example key of the README'],
    ['that is not there', undefined, 'is undefined'],
    ['that is empty', '', 'is empty'],
  ])('rejects a passphrase %s', (_, passphrase, message) => {
    expect(() => new KeyRing(passphrase as string, { stretch: true })).toThrow(SessionConfigurationError);
    expect(() => new KeyRing(passphrase as string, { stretch: true })).toThrow(message);
  });

  it.each([
    [{ strech: true }, 'unknown option "strech"'],
    [{ stretch: 'yes' }, 'stretch must be true or false'],
  ])('rejects the options %j', (options, message) => {
    expect(() => new KeyRing(PASSPHRASE, options as never)).toThrow(message);
  });
});
