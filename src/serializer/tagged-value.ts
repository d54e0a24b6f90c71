/** Objects and arrays may stand this deep in each other; deeper is an error, never an overflow of the stack. */
export const MAX_DEPTH = 100;

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** Whether a property of this name could reach a prototype. Such names are never written and never set. */
export function isForbiddenName(name: string): boolean {
  return FORBIDDEN.has(name);
}

/** What is written for values that JSON does not have: objects of one key, which begins with `#`. */
export function encodeTagged(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw new RangeError('nested too deep');
  switch (typeof value) {
    case 'undefined':
      return { '#undefined': 0 };
    case 'bigint':
      return { '#bigint': String(value) };
    case 'number':
      if (Object.is(value, -0)) return { '#number': '-0' };
      return Number.isFinite(value) ? value : { '#number': String(value) };
    case 'function':
    case 'symbol':
      throw new TypeError(`a ${typeof value}`);
    case 'object':
      return value === null ? null : encodeObject(value, depth);
    default:
      return value;
  }
}

function encodeObject(value: object, depth: number): unknown {
  if (value instanceof Date) return { '#date': Number.isNaN(value.getTime()) ? null : value.getTime() };
  if (Buffer.isBuffer(value)) return { '#buffer': value.toString('base64') };
  if (value instanceof Uint8Array) return { '#bytes': Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return Array.from(value, (item) => encodeTagged(item, depth + 1));
  if (value instanceof Set) return { '#set': Array.from(value, (item) => encodeTagged(item, depth + 1)) };
  if (value instanceof Map) {
    return { '#map': Array.from(value, (entry) => entry.map((item) => encodeTagged(item, depth + 1))) };
  }
  const fields = Object.entries(value)
    .filter(([name]) => !isForbiddenName(name))
    .map(([name, field]): [string, unknown] => [name, encodeTagged(field, depth + 1)]);
  const encoded = Object.fromEntries(fields);
  return fields.length === 1 && fields[0]![0].startsWith('#') ? { '#object': encoded } : encoded;
}

/** The inverse of {@link encodeTagged}. */
export function decodeTagged(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw new RangeError('nested too deep');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => decodeTagged(item, depth + 1));
  const names = Object.keys(value);
  if (names.length === 1 && names[0]!.startsWith('#')) {
    return decodeTag(names[0]!, (value as Record<string, unknown>)[names[0]!], depth);
  }
  return decodeFields(value as Record<string, unknown>, depth);
}

/** The object itself is no tag, only its fields may hold some. */
export function decodeFields(value: Record<string, unknown>, depth = 0): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (!isForbiddenName(name)) fields[name] = decodeTagged(value[name], depth + 1);
  }
  return fields;
}

function decodeTag(tag: string, content: unknown, depth: number): unknown {
  switch (tag) {
    case '#undefined':
      return undefined;
    case '#bigint':
      return BigInt(content as string);
    case '#number':
      return Number(content);
    case '#date':
      return new Date(content === null ? NaN : (content as number));
    case '#buffer':
      return Buffer.from(content as string, 'base64');
    case '#bytes':
      return new Uint8Array(Buffer.from(content as string, 'base64'));
    case '#set':
      return new Set((content as unknown[]).map((item) => decodeTagged(item, depth + 1)));
    case '#map':
      return new Map(
        (content as [unknown, unknown][]).map(([key, item]) => [
          decodeTagged(key, depth + 1),
          decodeTagged(item, depth + 1),
        ]),
      );
    case '#object':
      return decodeFields(content as Record<string, unknown>, depth);
    default:
      return { [tag]: decodeTagged(content, depth + 1) };
  }
}
