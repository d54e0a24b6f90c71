import { TOMBSTONE_VERSION } from './redis-scripts.js';
import { NEVER, type SessionToStore, type StoredSession } from '../storage/session-storage.js';

/** `<deadline, 13 digits>|<version>|<owner, URI-encoded>|<value>`. */
const HEAD = /^(\d{13})\|(\d{1,16})\|([^|]*)\|/;

export function encodeRedisValue(session: SessionToStore, version: string): string {
  return `${encodeDeadline(session.expiresAt)}|${version}|${encodeOwnerAndValue(session)}`;
}

export function encodeOwnerAndValue({ owner, value }: SessionToStore): string {
  return `${owner === undefined ? '' : `=${encodeOwner(owner)}`}|${value}`;
}

/** @returns `undefined` for a tombstone and for foreign text. */
export function decodeRedisValue(text: string): StoredSession | undefined {
  const head = HEAD.exec(text);
  if (!head || head[2] === TOMBSTONE_VERSION) return undefined;
  const session = { value: text.slice(head[0].length), expiresAt: Number(head[1]), version: head[2]! };
  if (head[3] === '') return session;
  const owner = decodeOwner(head[3]!.slice(1));
  return owner === undefined ? undefined : { ...session, owner };
}

export function isTombstone(text: string): boolean {
  return HEAD.exec(text)?.[2] === TOMBSTONE_VERSION;
}

/** Limited for Redis: from 1 to the year 2286. */
export function deadlineOf(expiresAt: number): number {
  return Math.min(Math.max(Math.trunc(expiresAt), 1), NEVER);
}

/** 13 digits, which compare as text. */
export function encodeDeadline(expiresAt: number): string {
  return String(deadlineOf(expiresAt)).padStart(13, '0');
}

/** URI encoding, extended for lone surrogates: `%uD800`. */
export function encodeOwner(owner: string): string {
  return owner.replace(/\p{Surrogate}|\P{Surrogate}+/gu, (part) =>
    /^\p{Surrogate}/u.test(part) ? `%u${part.charCodeAt(0).toString(16).toUpperCase()}` : encodeURIComponent(part),
  );
}

function decodeOwner(text: string): string | undefined {
  try {
    return text.replace(/%u([0-9A-F]{4})|(?:[^%]|%(?!u))+/g, (part, unit: string | undefined) =>
      unit === undefined ? decodeURIComponent(part) : String.fromCharCode(Number.parseInt(unit, 16)),
    );
  } catch {
    return undefined;
  }
}
