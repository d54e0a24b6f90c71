import { DECODED, decodeTag, isForbidden, isTagName, MAX_DEPTH } from '../tagged-value.js';

const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const UPPER_E = 0x45;
const LIST = 0x5b;
const END_OF_LIST = 0x5d;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const OBJECT = 0x7b;
const END_OF_OBJECT = 0x7d;

/** More digits may be no whole number that a double can hold. */
const MOST_DIGITS = 15;

/** Leaves the text to `JSON.parse`. Made once: nobody sees it, and a stack would cost more than the reading. */
const UNUSUAL = new SyntaxError('A text that only JSON.parse reads.');

/** @returns the value at the cursor, which stands behind it then. `depth` is where the value stands. */
export type ReadText = (cursor: TextCursor, depth: number) => unknown;

/**
 * Walks over text as this library writes it: JSON without white space and without a backslash, which must be looked for
 * before. Values come out decoded, tags and all, as `decodeValue` would give them. Anything unusual throws, and is for
 * `JSON.parse` to read or to refuse; only a control character in a string passes here and not there.
 */
export class TextCursor {
  readonly #text: string;
  #at: number;

  constructor(text: string, start = 0) {
    this.#text = text;
    this.#at = start;
  }

  /** Whether everything has been read. */
  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  get isAtList(): boolean {
    return this.#code(0) === LIST;
  }

  /** At an object whose first name does not begin with `#`, so that it is no tag. */
  get isAtFields(): boolean {
    return this.#code(0) === OBJECT && this.#code(2) !== HASH;
  }

  /** Goes over `expected`, if it stands here. @returns whether it did. */
  accept(expected: string): boolean {
    const end = this.#at + expected.length;
    // Comparing a slice takes half as long as startsWith().
    if (this.#text.slice(this.#at, end) !== expected) return false;
    this.#at = end;
    return true;
  }

  /** The name of a field, with its colon and the brace or comma before it. */
  name(before: '{' | ','): string {
    if (!this.accept(before)) throw UNUSUAL;
    return this.#nameAndColon();
  }

  /** Goes over the closing brace, if one stands here. */
  endsObject(): boolean {
    if (this.#code(0) !== END_OF_OBJECT) return false;
    this.#at++;
    return true;
  }

  /** Any value, decoded. @param depth where it stands in the text. */
  value(depth: number): unknown {
    switch (this.#code(0)) {
      case QUOTE:
        return this.#string();
      case OBJECT:
        return this.#object(depth);
      case LIST:
        return this.list(depth, readValue);
      case LOWER_T:
        return this.#literal('true', true);
      case LOWER_F:
        return this.#literal('false', false);
      case LOWER_N:
        return this.#literal('null', null);
      default:
        return this.#number();
    }
  }

  /** An array, with `read` for what stands in it. */
  list(depth: number, read: ReadText): unknown[] {
    assertUsualDepth(depth);
    const items: unknown[] = [];
    this.#at++;
    if (this.#code(0) === END_OF_LIST) {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(read(this, depth + 1));
      const next = this.#code(0);
      this.#at++;
      if (next === END_OF_LIST) return items;
      if (next !== COMMA) throw UNUSUAL;
    }
  }

  #object(depth: number): unknown {
    assertUsualDepth(depth);
    const fields: Record<string, unknown> = {};
    this.#at++;
    if (this.endsObject()) return fields;
    if (this.#code(1) === HASH) return this.#tag(depth);
    for (;;) {
      const name = this.#nameAndColon();
      const value = this.value(depth + 1);
      if (!isForbidden(name)) fields[name] = value;
      if (this.endsObject()) return fields;
      if (this.#code(0) !== COMMA) throw UNUSUAL;
      this.#at++;
    }
  }

  // No tag has an object under it but #object, where what looks like a tag is none. A user's own # names are rare.
  #tag(depth: number): unknown {
    if (this.accept('"#date":')) return this.#date();
    const name = this.#nameAndColon();
    if (!isTagName(name) || this.#code(0) === OBJECT) throw UNUSUAL;
    const content = this.value(depth + 1);
    if (!this.endsObject()) throw UNUSUAL;
    return decodeTag(name, content, DECODED);
  }

  // Most tags are dates: their name is known by one comparison.
  #date(): Date {
    const moment = this.#code(0) === LOWER_N ? this.#literal('null', NaN) : this.#number();
    if (!this.endsObject()) throw UNUSUAL;
    return new Date(moment);
  }

  #nameAndColon(): string {
    if (this.#code(0) !== QUOTE) throw UNUSUAL;
    const name = this.#string();
    if (this.#code(0) !== COLON) throw UNUSUAL;
    this.#at++;
    return name;
  }

  #string(): string {
    const start = this.#at + 1;
    const end = this.#text.indexOf('"', start);
    if (end === -1) throw UNUSUAL;
    this.#at = end + 1;
    return this.#text.slice(start, end);
  }

  #literal<T>(text: string, value: T): T {
    if (!this.accept(text)) throw UNUSUAL;
    return value;
  }

  #number(): number {
    const start = this.#at;
    const isNegative = this.#code(0) === MINUS;
    const first = isNegative ? start + 1 : start;
    let at = first;
    let value = 0;
    let code = this.#text.charCodeAt(at);
    while (code >= ZERO && code <= NINE) {
      value = value * 10 + (code - ZERO);
      code = this.#text.charCodeAt(++at);
    }
    const digits = at - first;
    if (digits === 0 || (digits > 1 && this.#text.charCodeAt(first) === ZERO)) throw UNUSUAL;
    if (digits > MOST_DIGITS || code === DOT || code === LOWER_E || code === UPPER_E) return this.#anyNumber();
    this.#at = at;
    return isNegative ? -value : value;
  }

  #anyNumber(): number {
    const start = this.#at;
    let end = start;
    while (end < this.#text.length && !isBehindValue(this.#text.charCodeAt(end))) end++;
    this.#at = end;
    return JSON.parse(this.#text.slice(start, end)) as number;
  }

  #code(ahead: number): number {
    return this.#text.charCodeAt(this.#at + ahead);
  }
}

function readValue(cursor: TextCursor, depth: number): unknown {
  return cursor.value(depth);
}

function isBehindValue(code: number): boolean {
  return code === COMMA || code === END_OF_OBJECT || code === END_OF_LIST;
}

/** Leaves a text that is nested too deep to `JSON.parse`, behind which there is an error for it. */
export function assertUsualDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw UNUSUAL;
}

/**
 * Leaves a text to `JSON.parse` whose fields are not in the order of their names, so that one may be there twice, or have
 * names of which objects have an order of their own.
 */
export function assertUsualOrder(before: string, name: string): void {
  const code = name.charCodeAt(0);
  if (!(before < name) || (code >= ZERO && code <= NINE)) throw UNUSUAL;
}
