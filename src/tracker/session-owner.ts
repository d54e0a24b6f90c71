import { SessionError } from '../errors/session.errors.js';
import { describeObject } from './session-class.js';

/** The id of a user. An object gives its own `toString` or `toHexString`. */
export type SessionOwnerId = string | number | bigint | { toString(): string };

/** Databases limit index keys. */
const MAX_OWNER_BYTES = 512;

/** @param place for the message. @throws {SessionError} on another type, and beyond 512 bytes. */
export function ownerText(owner: unknown, place: string): string | undefined {
  if (owner === undefined || owner === null || owner === '') return undefined;
  const text = textOf(owner);
  if (text === undefined) {
    throw wrongOwner(place, `it is ${describe(owner)}. Use a string, number or bigint, such as the id of the user.`);
  }
  if (Buffer.byteLength(text) > MAX_OWNER_BYTES) {
    throw wrongOwner(place, `its text is longer than ${MAX_OWNER_BYTES} bytes. Use the id of the user.`);
  }
  return text === '' ? undefined : text;
}

function textOf(owner: unknown): string | undefined {
  if (typeof owner === 'string') return owner;
  if (typeof owner === 'bigint' || Number.isFinite(owner)) return String(owner);
  return typeof owner === 'object' && owner !== null ? textOfObject(owner) : undefined;
}

// For an ObjectId or UUID.
function textOfObject(owner: object): string | undefined {
  if (Array.isArray(owner) || owner instanceof Date || owner instanceof Error || owner instanceof RegExp)
    return undefined;
  if (ArrayBuffer.isView(owner)) return undefined;
  const { toString, toHexString } = owner as { toString?: unknown; toHexString?: unknown };
  try {
    let text: unknown;
    if (typeof toString === 'function' && toString !== Object.prototype.toString) text = String(owner);
    else if (typeof toHexString === 'function') text = (toHexString as () => unknown).call(owner);
    return typeof text === 'string' && !text.startsWith('[object ') ? text : undefined;
  } catch {
    return undefined;
  }
}

function describe(owner: unknown): string {
  if (typeof owner === 'number') return String(owner);
  return typeof owner === 'object' && owner !== null ? describeObject(owner) : `a ${typeof owner}`;
}

function wrongOwner(place: string, problem: string): SessionError {
  return new SessionError('SESSION_WRONG_VALUE', `${place} cannot be the owner of a session: ${problem}`);
}
