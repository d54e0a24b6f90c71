import { createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { checkedKeyMaterial, noKeysError, type KeyMaterial } from './key-material.js';
import { lengthPrefixed } from './length-prefixed.js';

const PRODUCT = 'nestjs-sessions';
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;

/** A key for one purpose and one name. */
export interface DerivedKey {
  /** Four bytes that tell this key from the others of the ring. Public: they stand in front of what it protects. */
  readonly id: Buffer;
  /** 256 bits. Shows nothing when it is printed. */
  readonly keyObject: KeyObject;
}

/**
 * The application's secrets, newest first: the first one protects, all of them read. To rotate, put a new key in
 * front; leave the old one in until the last session it protects has expired.
 *
 * No key of the ring is used itself. Each purpose and name gets keys of its own, by HKDF-SHA256 (RFC 5869), so that
 * what was made for one is worth nothing for another.
 */
export class KeyRing {
  readonly #keys: readonly KeyObject[];
  readonly #derived = new Map<string, readonly DerivedKey[]>();

  /**
   * @param keys one key or several, newest first, each of at least 32 random bytes: 64 characters of hexadecimal or
   * 43 of base64url. `undefined` is in the type because `process.env.SESSION_KEY` may be; it is always refused.
   * @throws {SessionConfigurationError} when there is none, one is missing or weak, or two are the same. The message
   * never shows a key and says how to make one.
   */
  constructor(keys: KeyMaterial | undefined | readonly (KeyMaterial | undefined)[]) {
    const members = isList(keys) ? keys : [keys];
    if (members.length === 0) throw noKeysError();
    const materials = members.map((member, index) => checkedKeyMaterial(member, `keys[${index}]`));
    refuseDuplicates(materials);
    this.#keys = materials.map((material) => createSecretKey(material));
  }

  /** A ring with one random key, known to this process only: sessions do not survive a restart or reach another. */
  static development(): KeyRing {
    return new KeyRing(randomBytes(KEY_BYTES));
  }

  /**
   * The keys for one purpose (as `seal`) and one name (as the session's), newest first. The same ring, purpose and
   * name give the same keys in every process.
   */
  derive(purpose: string, name: string): readonly DerivedKey[] {
    const place = JSON.stringify([purpose, name]);
    let derived = this.#derived.get(place);
    if (derived === undefined) {
      derived = Object.freeze(this.#keys.map((key) => derivedKey(key, purpose, name)));
      this.#derived.set(place, derived);
    }
    return derived;
  }
}

function derivedKey(key: KeyObject, purpose: string, name: string): DerivedKey {
  const keyBytes = expand(key, ['key', purpose, name], KEY_BYTES);
  const id = expand(key, ['key id', purpose, name], KEY_ID_BYTES);
  return Object.freeze({ id, keyObject: createSecretKey(keyBytes) });
}

function expand(key: KeyObject, use: readonly string[], size: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), lengthPrefixed([PRODUCT, ...use]), size));
}

function isList(
  keys: KeyMaterial | undefined | readonly (KeyMaterial | undefined)[],
): keys is readonly (KeyMaterial | undefined)[] {
  return Array.isArray(keys);
}

function refuseDuplicates(materials: readonly Buffer[]): void {
  materials.forEach((material, index) => {
    const first = materials.findIndex((other) => other.equals(material));
    if (first < index) {
      throw new SessionConfigurationError(`keys[${first}] and keys[${index}] are the same key. Leave one of them out.`);
    }
  });
}
