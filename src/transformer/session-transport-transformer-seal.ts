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
const MIN_BYTES = SEALED_AT + XAES_TAG_BYTES;
const HEAD_CHARACTERS = 7;

export interface SealBinding {
  readonly name: string;
  readonly transport: string;
}

export interface SessionTransportTransformerSealOptions {
  /** Caches opened values for this time after their last use, at most twice; `0`: never. Default 60. */
  readonly rememberForSeconds?: number;
}

interface Sealer {
  readonly head: Buffer;
  /** The last character includes two bits of the nonce. */
  readonly prefixes: readonly string[];
  readonly key: XaesKey;
  readonly additionalData: Buffer;
  readonly ringId: string;
}

/**
 * The default: the client can neither read nor change the value.
 *
 * Unpadded base64url (RFC 4648 §5) of: version (1 byte, 1) ‖ key id (4) ‖ nonce (24, random) ‖ ciphertext ‖ tag (16),
 * by XAES-256-GCM (https://c2sp.org/XAES-256-GCM) with the ring's key for `seal` and the session name. Version, key id,
 * session name and transport are authenticated. n bytes become ceil((n + 45) * 4 / 3) characters.
 *
 * A copied value opens as long as its key is in the ring.
 */
export class SessionTransportTransformerSeal implements SessionTransportTransformer {
  readonly writesUnreserved = true;
  readonly #derived: DerivedKeys<Sealer>;
  readonly #ring: KeyRing;
  #sealers: readonly Sealer[];
  readonly #rememberFor: number;
  #opened: OpenedValues | undefined;

  constructor(keys: KeyRing, binding: SealBinding, options: SessionTransportTransformerSealOptions = {}) {
    const { rememberForSeconds = 60 } = options;
    if (!Number.isFinite(rememberForSeconds) || rememberForSeconds < 0) {
      throw new SessionConfigurationError('rememberForSeconds must be a number from 0.');
    }
    this.#rememberFor = rememberForSeconds * 1000;
    if (this.#rememberFor > 0) this.#opened = new OpenedValues(this.#rememberFor);
    this.#ring = keys;
    this.#derived = new DerivedKeys(keys, 'seal', binding.name, (key) => sealerOf(key, binding));
    this.#sealers = this.#derived.all;
  }

  /** The cached values may be of an ended key. */
  #refresh(): void {
    const sealers = this.#derived.all;
    if (sealers === this.#sealers) return;
    this.#sealers = sealers;
    if (this.#rememberFor > 0) this.#opened = new OpenedValues(this.#rememberFor);
  }

  transformRead(transportValue: string): string | undefined {
    this.#refresh();
    const known = this.#opened?.get(transportValue);
    if (known !== undefined) return known;
    const text = this.#open(transportValue);
    if (text !== undefined) this.#opened?.set(transportValue, text);
    return text;
  }

  #open(transportValue: string): string | undefined {
    const bytes = fromBase64Url(transportValue);
    if (bytes === undefined || bytes.length < MIN_BYTES) return undefined;
    const nonce = bytes.subarray(NONCE_AT, SEALED_AT);
    const sealed = bytes.subarray(SEALED_AT);
    for (const { head, key, additionalData, ringId } of this.#sealers) {
      if (!startsWith(bytes, head)) continue;
      const plaintext = xaesOpen(key, nonce, sealed, additionalData);
      // Two keys may share an id.
      if (plaintext === undefined) continue;
      this.#ring.noteUse(ringId);
      return plaintext.toString('utf8');
    }
    return undefined;
  }

  transformWrite(transportValue: string): string {
    this.#refresh();
    const sealer = this.#sealers[0];
    if (!sealer) throw new SessionConfigurationError('The key ring has no active key. Add one to the key source.');
    const { head, key, additionalData, ringId } = sealer;
    this.#ring.noteUse(ringId);
    // A restored process snapshot would repeat nonces generated ahead.
    const nonce = randomBytes(XAES_NONCE_BYTES);
    const sealed = xaesSeal(key, nonce, Buffer.from(transportValue, 'utf8'), additionalData);
    return Buffer.concat([head, nonce, sealed]).toString('base64url');
  }

  /** Does not verify the value. */
  keyState(transportValue: string): KeyState {
    this.#refresh();
    for (let index = 0; index < this.#sealers.length; index++) {
      const { prefixes } = this.#sealers[index]!;
      if (prefixes.some((prefix) => transportValue.startsWith(prefix))) return index === 0 ? 'current' : 'outdated';
    }
    return 'unknown';
  }
}

function sealerOf({ id, keyObject, ringId }: DerivedKey, { name, transport }: SealBinding): Sealer {
  const version = Buffer.of(VERSION);
  const head = Buffer.concat([version, id]);
  return {
    head,
    prefixes: [0x00, 0x40, 0x80, 0xc0].map((next) =>
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

/** Each value has one spelling. Node's decoder accepts several. */
function fromBase64Url(text: string): Buffer | undefined {
  const spare = text.length % 4;
  if (spare === 1 || text.includes('+') || text.includes('/')) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== Math.floor((text.length * 3) / 4)) return undefined;
  const unused = spare === 2 ? 0b1111 : spare === 3 ? 0b11 : 0;
  return (SIX_BITS.indexOf(text.charAt(text.length - 1)) & unused) === 0 ? bytes : undefined;
}
