import { assertReadable, DECODED, decodeValue, isTagged } from './tagged-value.js';

export type ReadValue = (value: unknown, depth: number) => unknown;

export function readContainers(leaf: ReadValue): ReadValue {
  const read: ReadValue = (value, depth) => {
    if (typeof value !== 'object' || value === null) return leaf(value, depth);
    if (Array.isArray(value)) return readList(value, depth, read);
    if (depth >= 0) return isTagged(value) ? read(decodeValue(value, depth), DECODED) : leaf(value, depth);
    if (value instanceof Set) return new Set(readList([...(value as Set<unknown>)], DECODED, read));
    if (value instanceof Map) return readMap(value as Map<unknown, unknown>, read);
    return leaf(value, depth);
  };
  return read;
}

export function readList(values: readonly unknown[], depth: number, read: ReadValue): unknown[] {
  assertReadable(depth);
  const items: unknown[] = [];
  for (let index = 0; index < values.length; index++) items.push(read(values[index], depth + 1));
  return items;
}

export function fill(target: unknown[] | Set<unknown>, items: readonly unknown[]): unknown {
  for (const item of items) {
    if (target instanceof Set) target.add(item);
    else target.push(item);
  }
  return target;
}

export function readMap(entries: Iterable<[unknown, unknown]>, read: ReadValue): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (const [key, value] of entries) map.set(key, read(value, DECODED));
  return map;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array);
}

export function listConstructorOf(designType: unknown): (() => unknown[] | Set<unknown>) | undefined {
  if (typeof designType !== 'function' || designType === Array || !('prototype' in designType)) return undefined;
  const prototype = designType.prototype as object | undefined;
  const isList = designType === Set || prototype instanceof Set || (!!prototype && 'push' in prototype);
  return isList ? () => new (designType as new () => unknown[])() : undefined;
}
