/**
 * Values that JSON does not have are written as objects of one key that begins with `#`:
 *
 * | value | text |
 * |---|---|
 * | `Date` | `{"#date":1700000000000}`, `{"#date":null}` for an invalid one |
 * | bigint | `{"#bigint":"123"}` |
 * | `NaN`, `Infinity`, `-Infinity`, `-0` | `{"#number":"NaN"}` |
 * | `undefined` | `{"#undefined":0}` |
 * | `Map`, `Set` | `{"#map":[[key,value]]}`, `{"#set":[value]}` |
 * | `Buffer`, `Uint8Array` | `{"#bytes":"base64"}`, `{"#uint8array":"base64"}` |
 * | an object of the user's with one such key | `{"#object":{"#date":1}}` |
 *
 * A single `#` key of another name is the user's own data.
 */
export type Tag = keyof typeof DECODERS;

const HASH = 0x23;

/** What is written for `undefined`. */
export const TAG_OF_UNDEFINED = Object.freeze({ '#undefined': 0 });

/** How deep objects may stand in each other, in a session and in a text. Deeper is an error, never a stack overflow. */
export const MAX_DEPTH = 100;

/** Whether a name could reach a prototype: such a key is neither written nor read. */
export function isForbidden(name: string): boolean {
  const { length } = name;
  return (length === 9 || length === 11) && (name === '__proto__' || name === 'prototype' || name === 'constructor');
}

/**
 * Whether a property is never written: one that could reach a prototype, and `_locals`, which Express puts on the object
 * that it renders.
 */
export function isNeverStored(name: string): boolean {
  return isForbidden(name) || (name.length === 7 && name === '_locals');
}

/** What is written for a number that JSON does not have. */
export function tagOfNumber(value: number): object {
  return { '#number': Object.is(value, -0) ? '-0' : `${value}` };
}

/** An object that is to be written, in another one where it would be read as a tag. Fields of `undefined` are none. */
export function escaped(written: Record<string, unknown>): object {
  let only: string | undefined;
  for (const name in written) {
    if (written[name] === undefined) continue;
    if (only !== undefined || name.charCodeAt(0) !== HASH) return written;
    only = name;
  }
  return only === undefined ? written : { '#object': written };
}

/** Stands for a depth where values are decoded already. Any number of levels more leaves it negative. */
export const DECODED = -1_000_000;

/** @throws {SyntaxError} */
export function assertReadable(depth: number): void {
  if (depth > MAX_DEPTH) throw new SyntaxError('A stored session is nested too deep.');
}

/** Whether an object that `JSON.parse` gave has to be decoded as a whole: its first key begins with `#`. */
export function isTagged(value: object): boolean {
  for (const name in value) return name.charCodeAt(0) === HASH;
  return false;
}

/**
 * Turns what `JSON.parse` gave into the value that was written, in place where it can. Nothing is done at a depth of
 * {@link DECODED}.
 * @throws {SyntaxError} when a tag is broken or the text is nested too deep.
 */
export function decodeValue(value: unknown, depth: number): unknown {
  if (depth < 0 || typeof value !== 'object' || value === null) return value;
  assertReadable(depth);
  if (Array.isArray(value)) return decodeList(value, depth);
  const fields = value as Record<string, unknown>;
  const name = onlyNameOf(fields);
  const isTag = name !== undefined && isTagName(name);
  return isTag ? decodeTag(name, fields[name], depth) : decodeFields(fields, depth);
}

/** Whether an object with this name alone stands for something else. */
export function isTagName(name: string): name is Tag {
  return name.charCodeAt(0) === HASH && Object.hasOwn(DECODERS, name);
}

/**
 * What stands under a tag, decoded.
 * @param depth where the tag stands; {@link DECODED} where what is in a Map or Set has been decoded already.
 */
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

/** The same for an object that is no tag itself, whatever its only key; values that stand in it may be tags. */
export function decodeFields(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
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
    return decodeFields(content as Record<string, unknown>, depth);
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
  return new SyntaxError('A tagged value in a stored session is broken.');
}
