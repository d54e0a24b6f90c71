import { detachedCopy } from '../../serializer/detached-copy.js';
import type { HttpSessions } from '../request/http-sessions.js';

/** Copies sessions and their fields in a result, so that an interceptor that edits the body does not change them. */
export function handedOut(sessions: HttpSessions, result: unknown): unknown {
  if (typeof result !== 'object' || result === null) return result;
  const parts = partsOf(sessions.exchange.heldInstances());
  if (parts.has(result)) return detachedCopy(result);
  if (!isPlain(result) || !Object.values(result).some((value) => parts.has(value))) return result;
  const detached = (value: unknown): unknown => (parts.has(value) ? detachedCopy(value) : value);
  if (Array.isArray(result)) return result.map(detached);
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, detached(value)]));
}

function partsOf(held: readonly object[]): ReadonlySet<unknown> {
  const parts = new Set<unknown>(held);
  for (const session of held) {
    for (const value of Object.values(session)) if (typeof value === 'object' && value !== null) parts.add(value);
  }
  return parts;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
