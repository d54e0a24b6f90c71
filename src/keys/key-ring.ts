import { createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { checkedKeyMaterial, noKeysError, type KeyMaterial } from './key-material.js';
import { KeySchedule, type KeyService, type KeySource, type KeySourceOptions } from './key-schedule.js';
import { lengthPrefixed } from './length-prefixed.js';
import { stretchedPassphrase } from './stretched-passphrase.js';

const PRODUCT = 'nestjs-sessions';
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;

/** A key for one purpose and one name. */
export interface DerivedKey {
  /** Four bytes that identify this key within the ring. Public: they prefix each protected value. */
  readonly id: Buffer;
  /** 256 bits. Printing it does not reveal the key. */
  readonly keyObject: KeyObject;
  /** The {@link KeyReport.id} of the ring key that it is derived from. */
  readonly ringId: string;
}

/** One key of a ring, for operators. Does not reveal the key. */
export interface KeyReport {
  /** Eight hexadecimal digits, the same in every process: derived from the key, and public. */
  readonly id: string;
  /** `protects`: new values. `reads`: older ones. `ended`: its `until` has passed. */
  readonly state: 'protects' | 'reads' | 'ended';
  /** Epoch milliseconds. Absent: at once. */
  readonly from?: number;
  /** Epoch milliseconds. Absent: never. */
  readonly until?: number;
  /** When this process protected or read a value with it last, epoch milliseconds. Absent: not since it started. */
  readonly lastUsedAt?: number;
}

/**
 * The application's secrets, newest first: the first one protects, all of them read. To rotate, prepend a new key; keep
 * the old one until the last session it protects has expired.
 *
 * Keys are never used directly: HKDF-SHA256 (RFC 5869) derives one per purpose and name, so a value made for one is
 * invalid for another.
 */
export class KeyRing {
  #keys: readonly KeyObject[];
  readonly #derived = new Map<string, readonly DerivedKey[]>();
  readonly #lastUsed = new Map<string, number>();
  #generation = 0;
  #schedule: KeySchedule | undefined;

  /**
   * @param keys one key or several, newest first, each of at least 32 random bytes: 64 characters of hexadecimal or
   * 43 of base64url. `undefined` is in the type because `process.env.SESSION_KEY` may be; it is always refused.
   * @param options.stretch the texts are passphrases of at least 20 characters, and scrypt makes a key of each (N = 2^17,
   * r = 8, p = 1: 128 MiB and a third of a second each, while the process waits). Bytes are taken as they are. Default
   * `false`: a text is a key itself.
   * @throws {SessionConfigurationError} when there is none, one is missing or weak, or two are the same. The message
   * never shows a key and says how to make one.
   */
  constructor(
    keys: KeyMaterial | undefined | readonly (KeyMaterial | undefined)[],
    options: { readonly stretch?: boolean } = {},
  ) {
    const isStretched = stretchOf(options);
    const members = isList(keys) ? keys : [keys];
    if (members.length === 0) throw noKeysError();
    const materials = members.map((member, index) => {
      const place = `keys[${index}]`;
      const isPassphrase = isStretched && typeof member === 'string';
      return isPassphrase ? stretchedPassphrase(member, place) : checkedKeyMaterial(member, place);
    });
    refuseDuplicates(materials);
    this.#keys = materials.map((material) => createSecretKey(material));
  }

  /**
   * A ring that reloads its keys from a source periodically, so keys rotate without a restart. While no key is in
   * service, values can be neither read nor protected.
   *
   * @throws what the source throws, or {@link SessionConfigurationError} when no key of it protects now. Later failures go
   * to `onError`, and the keys from before stay in use.
   */
  static async from(source: KeySource, options: KeySourceOptions = {}): Promise<KeyRing> {
    const schedule = new KeySchedule(source, options);
    const services = await schedule.load();
    const first = KeySchedule.inService(services, schedule.now());
    if (first.length === 0) {
      throw new SessionConfigurationError(
        'No key of the source is in service. One must have a from in the past, or none, and an until in the future, or none.',
      );
    }
    const ring = new KeyRing(first.map(({ key }) => key));
    schedule.start(services, (all) => ring.#use(all, schedule.now()));
    ring.#schedule = schedule;
    return ring;
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

  /** Increases when the keys change; derived keys are then out of date. */
  get generation(): number {
    return this.#generation;
  }

  /** Notes that a derived key was used. @param ringId of the {@link DerivedKey}. */
  noteUse(ringId: string): void {
    this.#lastUsed.set(ringId, Date.now());
  }

  /** The keys, the protecting one first. Operators may remove an old key that is no longer used. */
  report(): readonly KeyReport[] {
    const schedule = this.#schedule;
    const present = this.#keys.map(
      (key, index) => ({ id: idOf(key), state: index === 0 ? 'protects' : 'reads' }) as const,
    );
    if (!schedule) return present.map((key) => ({ ...key, ...this.#usage(key.id) }));
    return schedule.services.map((service) => {
      const id = idOf(createSecretKey(checkedKeyMaterial(service.key, 'key')));
      const state = present.find((key) => key.id === id)?.state ?? ('ended' as const);
      return {
        id,
        state,
        ...(Number.isFinite(service.from) ? { from: service.from } : {}),
        ...(Number.isFinite(service.until) ? { until: service.until } : {}),
        ...this.#usage(id),
      };
    });
  }

  /** Stops reading the source, for a ring made by {@link from}. */
  close(): void {
    this.#schedule?.close();
  }

  #usage(id: string): { lastUsedAt?: number } {
    const lastUsedAt = this.#lastUsed.get(id);
    return lastUsedAt === undefined ? {} : { lastUsedAt };
  }

  /** Takes the keys that are in service now. @throws {SessionConfigurationError} for a weak one; nothing changes then. */
  #use(services: readonly KeyService[], now: number): void {
    const keys = KeySchedule.inService(services, now).map(({ key }, index) =>
      createSecretKey(checkedKeyMaterial(key, `keys[${index}]`)),
    );
    const isSame = keys.length === this.#keys.length && keys.every((key, index) => key.equals(this.#keys[index]!));
    if (isSame) return;
    this.#keys = keys;
    this.#derived.clear();
    this.#generation += 1;
  }
}

function derivedKey(key: KeyObject, purpose: string, name: string): DerivedKey {
  const keyBytes = expand(key, ['key', purpose, name], KEY_BYTES);
  const id = expand(key, ['key id', purpose, name], KEY_ID_BYTES);
  return Object.freeze({ id, keyObject: createSecretKey(keyBytes), ringId: idOf(key) });
}

/** The public id of a key of a ring. */
function idOf(key: KeyObject): string {
  return expand(key, ['key id'], KEY_ID_BYTES).toString('hex');
}

function expand(key: KeyObject, use: readonly string[], size: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), lengthPrefixed([PRODUCT, ...use]), size));
}

function stretchOf(options: { readonly stretch?: boolean }): boolean {
  const unknown = Object.keys(options).find((option) => option !== 'stretch');
  if (unknown !== undefined) {
    throw new SessionConfigurationError(`KeyRing: unknown option "${unknown}". Known: stretch.`);
  }
  const { stretch = false } = options;
  if (typeof stretch !== 'boolean') throw new SessionConfigurationError('KeyRing: stretch is true or false.');
  return stretch;
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
