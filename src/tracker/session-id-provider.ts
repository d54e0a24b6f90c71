import type { SessionCall } from '../call/session-call.js';
import { hash, randomBytes } from 'node:crypto';

/**
 * Creates the id of a new session: at least 22 characters with 128 bits of a cryptographic random source (ASVS 5.0,
 * 7.2.3). Never derive it from the request: anyone who can choose or learn an id has the session. Shorter and existing
 * ids are refused.
 */
export type SessionIdProvider = (call: SessionCall) => string;

/** 128 random bits as base64url (ASVS 5.0, 7.2.3). */
export const SHORTEST_ID = 22;
/** Longer ids are rejected before they are hashed. */
export const LONGEST_ID = 512;

/** Whether a value has the form of an id. */
export function isSessionId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.length <= LONGEST_ID && !/[\u0000-\u001f\u007f]/.test(id);
}

/** Whether a value has the form of a result of {@link hashSessionId}. */
export function isHashedSessionId(handle: unknown): handle is string {
  return typeof handle === 'string' && /^[\w-]{43}$/.test(handle);
}

/** Creates a session id: 256 random bits of the operating system, as 43 characters of base64url. */
export function generateSessionId(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The key of a session in the storage, and its public handle: SHA-256 of the id, 43 characters of base64url. A dump of
 * the storage contains nothing that a client could present.
 */
export function hashSessionId(id: string): string {
  return hash('sha256', id, 'base64url');
}
