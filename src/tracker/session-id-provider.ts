import type { SessionCall } from '../call/session-call.js';
import { hash, randomBytes } from 'node:crypto';

/**
 * Makes the id of a new session. An id of your own must be impossible to guess: at least 22 characters with 128 bits of
 * a cryptographic random source (ASVS 5.0, 7.2.3). Never make it from the request: anyone who can choose or learn an id has
 * the session. An id that is shorter, or that exists, is refused.
 */
export type SessionIdProvider = (call: SessionCall) => string;

/** 128 random bits as base64url; a shorter id of your own can be guessed (ASVS 5.0, 7.2.3). */
export const SHORTEST_ID = 22;
/** No id is longer; a longer one is not worth hashing. */
export const LONGEST_ID = 512;

/** Whether something can be an id at all. */
export function isSessionId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.length <= LONGEST_ID && !/[\u0000-\u001f\u007f]/.test(id);
}

/** Whether something can be what {@link hashSessionId} gives. */
export function isHashedSessionId(handle: unknown): handle is string {
  return typeof handle === 'string' && /^[\w-]{43}$/.test(handle);
}

/** A new session id: 256 bits of the operating system's random source, as 43 characters of base64url. */
export function generateSessionId(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The name under which a session is stored, and its public handle in lists: SHA-256 of the id, base64url, 43
 * characters. A dump, log or directory listing of a storage holds nothing that a client could present.
 */
export function hashSessionId(id: string): string {
  return hash('sha256', id, 'base64url');
}
