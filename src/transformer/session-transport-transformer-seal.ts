import { randomBytes } from 'node:crypto';
import { DerivedKeys } from '../keys/derived-keys.js';
import { type DerivedKey, type KeyRing } from '../keys/key-ring.js';
import { lengthPrefixed } from '../keys/length-prefixed.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { OpenedValues } from './opened-values.js';
import { type KeyState, type SessionTransportTransformer } from './session-transport-transformer.js';
import { XAES_NONCE_BYTES, XAES_TAG_BYTES, xaesKey, xaesOpen, xaesSeal, type XaesKey } from './xaes-256-gcm.js';

const VERSION = 1;
const VERSION_BYTES = 1;
const KEY_ID_BYTES = 4;
const NONCE_AT = VERSION_BYTES + KEY_ID_BYTES;
const SEALED_AT = NONCE_AT + XAES_NONCE_BYTES;
const SHORTEST_BYTES = SEALED_AT + XAES_TAG_BYTES;
/** Number of base64url characters that cover version and key id. */
const HEAD_CHARACTERS = 7;

/** The session and transport that a sealed value is bound to. */
export interface SealBinding {
  /** The session's name. */
  readonly name: string;
  /** How it travels, as `cookie` or `header`. */
  readonly transport: string;
}

/** Options of {@link SessionTransportTransformerSeal}. */
export interface SessionTransportTransformerSealOptions {
  /**
   * Seconds for which decrypted values are cached in memory after their last use. Dropped after at most twice that time,
   * on the next access, and earlier beyond a million characters. `0` disables the cache. Default 60.
   */
  readonly rememberForSeconds?: number;
}

/** A derived key, made ready. */
interface Sealer {
  /** Version and key id: the prefix of the sealed bytes. */
  readonly head: Buffer;
  /** Possible text prefixes; several, since the last character also holds two bits of the nonce. */
  readonly beginnings: readonly string[];
  readonly key: XaesKey;
  readonly additionalData: Buffer;
  readonly ringId: string;
}

/**
 * Encrypts and authenticates: the client can neither read nor change what it carries. The default, and the one to use
 * unless a Ktor server must read the value.
 *
 * Wire format, in unpadded base64url (RFC 4648 §5):
 *
 *     version (1 byte, 1) ‖ key id (4) ‖ nonce (24, random) ‖ ciphertext ‖ tag (16)
 *
 * by XAES-256-GCM (https://c2sp.org/XAES-256-GCM) under the ring's key for purpose `seal` and the session's name.
 * Version, key id, session name and transport are authenticated: a value of one session is never taken for another's,
 * nor one made for a cookie for a header's. A text of n bytes becomes ceil((n + 45) * 4 / 3) characters, so its length
 * is not hidden. There is one spelling of each value; any other, like any other change, is refused.
 *
 * Time is not part of it. A copy of an old value opens for as long as its key is in the ring: lifetimes belong into
 * the text.
 *
 * The text travels as UTF-8, so a lone surrogate becomes U+FFFD. JSON never holds one (`JSON.stringify` escapes them).
 */
export class SessionTransportTransformerSeal implements SessionTransportTransformer {
  /** Base64url. */
  readonly writesUnreserved = true;
  /** Newest first. */
  readonly #derived: DerivedKeys<Sealer>;
  readonly #ring: KeyRing;
  #sealers: readonly Sealer[];
  readonly #rememberFor: number;
  #opened: OpenedValues | undefined;

  /** @throws {SessionConfigurationError} on an option that is no number of seconds. */
  constructor(keys: KeyRing, binding: SealBinding, options: SessionTransportTransformerSealOptions = {}) {
    const { rememberForSeconds = 60 } = options;
    if (!Number.isFinite(rememberForSeconds) || rememberForSeconds < 0) {
      throw new SessionConfigurationError('rememberForSeconds of a seal must be a number of seconds, 0 for nothing.');
    }
    this.#rememberFor = rememberForSeconds * 1000;
    if (this.#rememberFor > 0) this.#opened = new OpenedValues(this.#rememberFor);
    this.#ring = keys;
    this.#derived = new DerivedKeys(keys, 'seal', binding.name, (key) => sealerOf(key, binding));
    this.#sealers = this.#derived.all;
  }

  /** Today's keys. What was opened with others is forgotten, since one of them may have ended. */
  #follow(): void {
    const sealers = this.#derived.all;
    if (sealers === this.#sealers) return;
    this.#sealers = sealers;
    if (this.#rememberFor > 0) this.#opened = new OpenedValues(this.#rememberFor);
  }

  transformRead(transportValue: string): string | undefined {
    this.#follow();
    const known = this.#opened?.get(transportValue);
    if (known !== undefined) return known;
    const text = this.#open(transportValue);
    if (text !== undefined) this.#opened?.set(transportValue, text);
    return text;
  }

  #open(transportValue: string): string | undefined {
    const bytes = fromBase64Url(transportValue);
    if (bytes === undefined || bytes.length < SHORTEST_BYTES) return undefined;
    const nonce = bytes.subarray(NONCE_AT, SEALED_AT);
    const sealed = bytes.subarray(SEALED_AT);
    for (const { head, key, additionalData, ringId } of this.#sealers) {
      if (!startsWith(bytes, head)) continue;
      const plaintext = xaesOpen(key, nonce, sealed, additionalData);
      // Two keys of a ring may share their id, however unlikely: the next one is tried.
      if (plaintext === undefined) continue;
      this.#ring.noteUse(ringId);
      return plaintext.toString('utf8');
    }
    return undefined;
  }

  transformWrite(transportValue: string): string {
    this.#follow();
    const sealer = this.#sealers[0];
    if (!sealer) throw new SessionConfigurationError('No key of the ring is in service. Add one to the key source.');
    const { head, key, additionalData, ringId } = sealer;
    this.#ring.noteUse(ringId);
    // Drawn for this value alone: a snapshot of the process that is restored twice would repeat nonces drawn ahead.
    const nonce = randomBytes(XAES_NONCE_BYTES);
    const sealed = xaesSeal(key, nonce, Buffer.from(transportValue, 'utf8'), additionalData);
    return Buffer.concat([head, nonce, sealed]).toString('base64url');
  }

  /** Looks at version and key id alone: `'current'` does not mean that the value is genuine. */
  keyState(transportValue: string): KeyState {
    this.#follow();
    for (let index = 0; index < this.#sealers.length; index++) {
      const { beginnings } = this.#sealers[index]!;
      if (beginnings.some((beginning) => transportValue.startsWith(beginning)))
        return index === 0 ? 'current' : 'outdated';
    }
    return 'unknown';
  }
}

function sealerOf({ id, keyObject, ringId }: DerivedKey, { name, transport }: SealBinding): Sealer {
  const version = Buffer.of(VERSION);
  const head = Buffer.concat([version, id]);
  return {
    head,
    beginnings: [0x00, 0x40, 0x80, 0xc0].map((next) =>
      Buffer.concat([head, Buffer.of(next)])
        .toString('base64url')
        .slice(0, HEAD_CHARACTERS),
    ),
    key: xaesKey(keyObject),
    additionalData: lengthPrefixed([version, id, name, transport]),
    ringId,
  };
}

function startsWith(bytes: Buffer, head: Buffer): boolean {
  for (let index = 0; index < head.length; index++) if (bytes[index] !== head[index]) return false;
  return true;
}

const SIX_BITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/**
 * Strict, so that each value has one spelling. Node's decoder passes over what it does not know, which shows in the
 * length, takes standard base64 as well, and drops the bits that the last character has too many.
 */
function fromBase64Url(text: string): Buffer | undefined {
  const spare = text.length % 4;
  if (spare === 1 || text.includes('+') || text.includes('/')) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== Math.floor((text.length * 3) / 4)) return undefined;
  const unused = spare === 2 ? 0b1111 : spare === 3 ? 0b11 : 0;
  return (SIX_BITS.indexOf(text.charAt(text.length - 1)) & unused) === 0 ? bytes : undefined;
}
