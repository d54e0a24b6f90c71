import { detachedCopy, hasPlainFields } from '../../serializer/detached-copy.js';
import type { HttpSessions } from '../request/http-sessions.js';

/** Bounds the work per request. */
const MAX_OBJECTS = 1000;

/**
 * Copies sessions and their parts in a result, so that interceptors do not change them. Other results are returned
 * unchanged.
 */
export function detachedResult(sessions: HttpSessions, result: unknown): unknown {
  if (!isObject(result)) return result;
  const held = sessions.exchange.heldInstances();
  if (held.length === 0) return result;
  if (held.includes(result)) return detachedCopy(result);
  const isValue = result instanceof Date || result instanceof Uint8Array;
  if (!isValue && !(isWalked(result) && childrenOf(result).some(isObject))) return result;
  return new Detaching(partsOf(held)).detached(result);
}

class Detaching {
  readonly #parts: ReadonlySet<unknown>;
  readonly #visited = new Set<object>();

  constructor(parts: ReadonlySet<unknown>) {
    this.#parts = parts;
  }

  detached(value: unknown): unknown {
    if (!isObject(value)) return value;
    if (this.#parts.has(value)) return detachedCopy(value);
    if (!isWalked(value) || this.#visited.has(value) || this.#visited.size >= MAX_OBJECTS) return value;
    this.#visited.add(value);
    return this.#container(value);
  }

  #container(value: object): object {
    const before = childrenOf(value);
    const after = before.map((child) => this.detached(child));
    if (after.every((child, index) => child === before[index])) return value;
    if (Array.isArray(value)) return after;
    if (value instanceof Set) return new Set(after);
    if (value instanceof Map) return new Map([...value.keys()].map((key, index) => [key, after[index]]));
    const copy = Object.create(
      Object.getPrototypeOf(value) as object | null,
      Object.getOwnPropertyDescriptors(value),
    ) as object;
    for (const [index, name] of Object.keys(value).entries()) {
      if (after[index] === before[index]) continue;
      Object.defineProperty(copy, name, { value: after[index], writable: true, enumerable: true, configurable: true });
    }
    return copy;
  }
}

function partsOf(held: readonly object[]): ReadonlySet<unknown> {
  const parts = new Set<unknown>(held);
  for (const part of parts) {
    if (parts.size >= MAX_OBJECTS) break;
    for (const child of childrenOf(part as object)) if (isObject(child)) parts.add(child);
  }
  return parts;
}

function childrenOf(value: object): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Map || value instanceof Set) return [...value.values()];
  return ArrayBuffer.isView(value) ? [] : Object.values(value);
}

/** Not streams, promises, buffers and other objects with hidden content. */
function isWalked(value: object): boolean {
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return true;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || prototype === null) return true;
  return hasPlainFields(prototype) && !('pipe' in value) && !('then' in value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
