import type { SessionCall } from '../call/session-call.js';
import { hash, randomBytes } from 'node:crypto';

/**
 * Creates a session id: 22 to 512 characters with at least 128 random bits (ASVS 5.0, 7.2.3). Never derive it from the
 * request: anyone who can choose or learn an id has the session.
 */
export type SessionIdProvider = (call: SessionCall) => string;

/** 128 bits as base64url. */
export const MIN_ID_LENGTH = 22;
/** Longer ids are rejected before they are hashed. */
export const MAX_ID_LENGTH = 512;

export function isSessionId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH && !/[\u0000-\u001f\u007f]/.test(id);
}

export function isHashedSessionId(handle: unknown): handle is string {
  return typeof handle === 'string' && /^[\w-]{43}$/.test(handle);
}

/** 256 random bits, base64url. */
export function generateSessionId(): string {
  return randomBytes(32).toString('base64url');
}

/** The key of an id in the storage: SHA-256, base64url. A dump of the storage contains no usable id. */
export function hashSessionId(id: string): string {
  return hash('sha256', id, 'base64url');
}
