/**
 * Values that JSON lacks are objects with one `#` key:
 *
 * | value | text |
 * |---|---|
 * | `Date` | `{"#date":1700000000000}`, invalid: `{"#date":null}` |
 * | bigint | `{"#bigint":"123"}` |
 * | `NaN`, `Infinity`, `-Infinity`, `-0` | `{"#number":"NaN"}` |
 * | `undefined` | `{"#undefined":0}` |
 * | `Map`, `Set` | `{"#map":[[key,value]]}`, `{"#set":[value]}` |
 * | `Buffer`, `Uint8Array` | `{"#bytes":"base64"}`, `{"#uint8array":"base64"}` |
 * | an object with such a key | `{"#object":{"#date":1}}` |
 */
export type Tag = keyof typeof DECODERS;

export type Fields = Record<string, unknown>;

const HASH = 0x23;

export const TAG_OF_UNDEFINED = Object.freeze({ '#undefined': 0 });

/** Avoids stack overflows. */
export const MAX_DEPTH = 100;

/** They could reach a prototype. */
export function isForbidden(name: string): boolean {
  const { length } = name;
  return (length === 9 || length === 11) && (name === '__proto__' || name === 'prototype' || name === 'constructor');
}

/** Express adds `_locals`. */
export function isNeverStored(name: string): boolean {
  return isForbidden(name) || (name.length === 7 && name === '_locals');
}

export function tagOfNumber(value: number): object {
  return { '#number': Object.is(value, -0) ? '-0' : `${value}` };
}

export function escaped(written: Fields): object {
  let only: string | undefined;
  for (const name in written) {
    if (written[name] === undefined) continue;
    if (only !== undefined || name.charCodeAt(0) !== HASH) return written;
    only = name;
  }
  return only === undefined ? written : { '#object': written };
}

/** Adding levels keeps it negative. */
export const DECODED = -1_000_000;

export function assertReadable(depth: number): void {
  if (depth > MAX_DEPTH) throw new SyntaxError('The stored session is nested too deeply.');
}

export function isTagged(value: object): boolean {
  for (const name in value) return name.charCodeAt(0) === HASH;
  return false;
}

/** Decodes a result of `JSON.parse`, in place if possible. */
export function decodeValue(value: unknown, depth: number): unknown {
  if (depth < 0 || typeof value !== 'object' || value === null) return value;
  assertReadable(depth);
  if (Array.isArray(value)) return decodeList(value, depth);
  const fields = value as Fields;
  const name = onlyNameOf(fields);
  const isTag = name !== undefined && isTagName(name);
  return isTag ? decodeTag(name, fields[name], depth) : decodeFields(fields, depth);
}

export function isTagName(name: string): name is Tag {
  return name.charCodeAt(0) === HASH && Object.hasOwn(DECODERS, name);
}

export function decodeTag(name: Tag, content: unknown, depth: number): unknown {
  return DECODERS[name](content, depth);
}

function onlyNameOf(value: object): string | undefined {
  let only: string | undefined;
  for (const name in value) {
    if (!Object.hasOwn(value, name)) continue;
    if (only !== undefined) return undefined;
    only = name;
  }
  return only;
}

export function decodeFields(fields: Fields, depth: number): Fields {
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (isForbidden(name)) delete fields[name];
    else if (typeof value === 'object' && value !== null) {
      const decoded = decodeValue(value, depth + 1);
      if (decoded !== value) fields[name] = decoded;
    }
  }
  return fields;
}

function decodeList(list: unknown[], depth: number): unknown[] {
  for (let index = 0; index < list.length; index++) {
    const value = list[index];
    if (typeof value === 'object' && value !== null) list[index] = decodeValue(value, depth + 1);
  }
  return list;
}

const NUMBERS = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);

const DECODERS = {
  '#date': (content: unknown): unknown => {
    if (content !== null && typeof content !== 'number') throw broken();
    return new Date(content ?? NaN);
  },
  '#bigint': (content: unknown): unknown => {
    if (typeof content !== 'string' || !/^-?\d+$/.test(content)) throw broken();
    return BigInt(content);
  },
  '#number': (content: unknown): unknown => NUMBERS.get(content as string) ?? fail(),
  '#undefined': (): unknown => undefined,
  '#map': (content: unknown, depth: number): unknown => {
    const map = new Map<unknown, unknown>();
    for (const entry of listOf(content)) {
      const [key, value] = decodeList(listOf(entry), depth);
      map.set(key, value);
    }
    return map;
  },
  '#set': (content: unknown, depth: number): unknown => new Set(decodeList(listOf(content), depth)),
  '#bytes': (content: unknown): unknown => bytesOf(content),
  '#uint8array': (content: unknown): unknown => new Uint8Array(bytesOf(content)),
  '#object': (content: unknown, depth: number): unknown => {
    if (typeof content !== 'object' || content === null || Array.isArray(content)) throw broken();
    return decodeFields(content as Fields, depth);
  },
};

function listOf(content: unknown): unknown[] {
  if (!Array.isArray(content)) throw broken();
  return content;
}

function bytesOf(content: unknown): Buffer {
  if (typeof content !== 'string') throw broken();
  return Buffer.from(content, 'base64');
}

function fail(): never {
  throw broken();
}

function broken(): SyntaxError {
  return new SyntaxError('The stored session has an invalid tagged value.');
}
