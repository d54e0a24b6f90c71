import { createCipheriv, createDecipheriv, createHmac, randomBytes, type KeyObject } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { DerivedKeys } from '../keys/derived-keys.js';
import type { KeyRing } from '../keys/key-ring.js';
import { messageKey } from '../keys/message-key.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const RECORD = /^e1\.([A-Za-z0-9_-]{6})\.([A-Za-z0-9_-]{38,})$/;

interface RecordKey {
  readonly id: string;
  readonly keyObject: KeyObject;
  readonly ringId: string;
}

/**
 * `e1.<key id>.base64url(nonce (12) ‖ ciphertext ‖ tag (16))`: AES-256-GCM (NIST SP 800-38D) with id and owner as
 * associated data. Each id has its own key, so random nonces are safe for 2^32 writes per id.
 */
export class RecordCipher {
  readonly #keys: DerivedKeys<RecordKey>;
  readonly #ring: KeyRing;

  constructor(keys: KeyRing) {
    this.#ring = keys;
    this.#keys = new DerivedKeys(keys, 'storage', 'record', ({ id, keyObject, ringId }) => ({
      id: id.toString('base64url'),
      keyObject,
      ringId,
    }));
  }

  seal(id: string, text: string, owner: string | undefined): string {
    const key = this.#keys.all[0];
    if (!key) throw new SessionConfigurationError('The key ring has no active key. Add one to the key source.');
    this.#ring.noteUse(key.ringId);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', recordKey(key, id), nonce).setAAD(associatedData(id, owner));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf16le'), cipher.final(), cipher.getAuthTag()]);
    return `e1.${key.id}.${sealed.toString('base64url')}`;
  }

  /** @returns `undefined` if not sealed for this id and owner. */
  open(id: string, sealed: string, owner: string | undefined): string | undefined {
    const record = RECORD.exec(sealed);
    if (!record) return undefined;
    const bytes = Buffer.from(record[2]!, 'base64url');
    // Rejects other encodings of the same bytes.
    if (bytes.toString('base64url') !== record[2]) return undefined;
    for (const key of this.#keys.all) {
      const text = key.id === record[1] ? openWith(key, id, owner, bytes) : undefined;
      if (text === undefined) continue;
      this.#ring.noteUse(key.ringId);
      return text;
    }
    return undefined;
  }
}

function openWith(key: RecordKey, id: string, owner: string | undefined, bytes: Buffer): string | undefined {
  const end = bytes.length - TAG_BYTES;
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', recordKey(key, id), nonce, { authTagLength: TAG_BYTES })
    .setAAD(associatedData(id, owner))
    .setAuthTag(bytes.subarray(end));
  const text = decipher.update(bytes.subarray(NONCE_BYTES, end));
  try {
    return Buffer.concat([text, decipher.final()]).toString('utf16le');
  } catch {
    return undefined;
  }
}

function recordKey(key: RecordKey, id: string): Buffer | KeyObject {
  return messageKey(createHmac('sha256', key.keyObject).update(id, 'utf16le').digest());
}

/** The length separates id and owner. */
function associatedData(id: string, owner: string | undefined): Buffer {
  return Buffer.from(`${id.length}.${id}${owner === undefined ? '' : `=${owner}`}`, 'utf16le');
}
