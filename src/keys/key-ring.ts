import { createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { checkedKeyMaterial, noKeysError, type KeyMaterial } from './key-material.js';
import { KeySchedule, type KeyPeriod, type KeySource, type KeySourceOptions } from './key-schedule.js';
import { lengthPrefixed } from './length-prefixed.js';
import { stretchedPassphrase } from './stretched-passphrase.js';

const PRODUCT = 'nestjs-sessions';
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;

export interface DerivedKey {
  /** Public: the prefix of protected values. */
  readonly id: Buffer;
  readonly keyObject: KeyObject;
  readonly ringId: string;
}

/** For operators: contains no secret. */
export interface KeyReport {
  /** Eight hexadecimal digits, the same in every process. */
  readonly id: string;
  /** `protects` new values, `reads` older ones, `ended` at `until`. */
  readonly state: 'protects' | 'reads' | 'ended';
  /** Epoch milliseconds. Absent: always. */
  readonly from?: number;
  /** Epoch milliseconds. Absent: never. */
  readonly until?: number;
  /** Epoch milliseconds, in this process. */
  readonly lastUsedAt?: number;
}

/**
 * The application's keys: the first one protects, all of them read. To rotate, prepend a key, and keep the old one
 * until its sessions have expired. HKDF-SHA256 (RFC 5869) derives one key per purpose and name.
 */
export class KeyRing {
  #keys: readonly KeyObject[];
  readonly #derived = new Map<string, readonly DerivedKey[]>();
  readonly #lastUsed = new Map<string, number>();
  #generation = 0;
  #schedule: KeySchedule | undefined;

  /**
   * @param keys newest first, each of at least 32 random bytes: 64 hexadecimal or 43 base64url characters.
   * @param options.stretch texts are passphrases of at least 20 characters; scrypt derives the keys (128 MiB and a
   * third of a second each, blocking). Default `false`.
   * @throws {SessionConfigurationError} for a missing, weak or duplicate key.
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
    assertDistinct(materials);
    this.#keys = materials.map((material) => createSecretKey(material));
  }

  /**
   * Reloads its keys. If that fails, the previous ones stay in use.
   * @throws the source's error, or {@link SessionConfigurationError} if no key protects now.
   */
  static async from(source: KeySource, options: KeySourceOptions = {}): Promise<KeyRing> {
    const schedule = new KeySchedule(source, options);
    const periods = await schedule.load();
    const first = KeySchedule.active(periods, schedule.now());
    if (first.length === 0) {
      throw new SessionConfigurationError(
        'The key source has no active key. One key needs from in the past or omitted, and until in the future or omitted.',
      );
    }
    const ring = new KeyRing(first.map(({ key }) => key));
    schedule.start(periods, (all) => ring.#setKeys(all, schedule.now()));
    ring.#schedule = schedule;
    return ring;
  }

  /** A random key: sessions do not survive a restart or reach other processes. */
  static development(): KeyRing {
    return new KeyRing(randomBytes(KEY_BYTES));
  }

  /** Newest first. */
  derive(purpose: string, name: string): readonly DerivedKey[] {
    const place = JSON.stringify([purpose, name]);
    let derived = this.#derived.get(place);
    if (derived === undefined) {
      derived = Object.freeze(this.#keys.map((key) => derivedKey(key, purpose, name)));
      this.#derived.set(place, derived);
    }
    return derived;
  }

  /** Increases when the keys change. */
  get generation(): number {
    return this.#generation;
  }

  noteUse(ringId: string): void {
    this.#lastUsed.set(ringId, Date.now());
  }

  /** The protecting key first. */
  report(): readonly KeyReport[] {
    const schedule = this.#schedule;
    const present = this.#keys.map(
      (key, index) => ({ id: idOf(key), state: index === 0 ? 'protects' : 'reads' }) as const,
    );
    if (!schedule) return present.map((key) => ({ ...key, ...this.#usage(key.id) }));
    return schedule.periods.map((period) => {
      const id = idOf(createSecretKey(checkedKeyMaterial(period.key, 'key')));
      const state = present.find((key) => key.id === id)?.state ?? ('ended' as const);
      return {
        id,
        state,
        ...(Number.isFinite(period.from) ? { from: period.from } : {}),
        ...(Number.isFinite(period.until) ? { until: period.until } : {}),
        ...this.#usage(id),
      };
    });
  }

  /** Stops reloading. */
  close(): void {
    this.#schedule?.close();
  }

  #usage(id: string): { lastUsedAt?: number } {
    const lastUsedAt = this.#lastUsed.get(id);
    return lastUsedAt === undefined ? {} : { lastUsedAt };
  }

  #setKeys(periods: readonly KeyPeriod[], now: number): void {
    const keys = KeySchedule.active(periods, now).map(({ key }, index) =>
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
  if (typeof stretch !== 'boolean') throw new SessionConfigurationError('KeyRing: stretch must be true or false.');
  return stretch;
}

function isList(
  keys: KeyMaterial | undefined | readonly (KeyMaterial | undefined)[],
): keys is readonly (KeyMaterial | undefined)[] {
  return Array.isArray(keys);
}

function assertDistinct(materials: readonly Buffer[]): void {
  materials.forEach((material, index) => {
    const first = materials.findIndex((other) => other.equals(material));
    if (first < index) {
      throw new SessionConfigurationError(`keys[${first}] and keys[${index}] are the same key. Remove one of them.`);
    }
  });
}
