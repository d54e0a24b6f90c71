import { hash, randomBytes } from 'node:crypto';

/** What an id may be made from: the request that makes the session (Ktor: `identity { call -> … }`). */
export interface SessionIdCall {
  /** A request header by its lower-case name. */
  requestHeader(name: string): string | undefined;
}

/**
 * Makes the id of a new session. An id of your own must be impossible to guess, at least 128 bits of a
 * cryptographic random source (ASVS 5.0 7.2.3), and never repeat.
 */
export type SessionIdProvider = (call: SessionIdCall) => string;

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
