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

/** More may exceed a double. */
const MAX_DIGITS = 15;

/** Created once, because a stack trace costs more than the read. */
const OTHER_FORMAT = new SyntaxError('A text that only JSON.parse reads.');

export type ReadText = (cursor: TextCursor, depth: number) => unknown;

/** Reads only the writer's format; `JSON.parse` reads the rest. */
export class TextCursor {
  readonly #text: string;
  #at: number;

  constructor(text: string, start = 0) {
    this.#text = text;
    this.#at = start;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  get isAtList(): boolean {
    return this.#code(0) === LIST;
  }

  get isAtFields(): boolean {
    return this.#code(0) === OBJECT && this.#code(2) !== HASH;
  }

  accept(expected: string): boolean {
    const end = this.#at + expected.length;
    // Faster than startsWith().
    if (this.#text.slice(this.#at, end) !== expected) return false;
    this.#at = end;
    return true;
  }

  name(before: '{' | ','): string {
    if (!this.accept(before)) throw OTHER_FORMAT;
    return this.#nameAndColon();
  }

  endsObject(): boolean {
    if (this.#code(0) !== END_OF_OBJECT) return false;
    this.#at++;
    return true;
  }

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

  list(depth: number, read: ReadText): unknown[] {
    assertTextDepth(depth);
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
      if (next !== COMMA) throw OTHER_FORMAT;
    }
  }

  #object(depth: number): unknown {
    assertTextDepth(depth);
    const fields: Record<string, unknown> = {};
    this.#at++;
    if (this.endsObject()) return fields;
    if (this.#code(1) === HASH) return this.#tag(depth);
    for (;;) {
      const name = this.#nameAndColon();
      const value = this.value(depth + 1);
      if (!isForbidden(name)) fields[name] = value;
      if (this.endsObject()) return fields;
      if (this.#code(0) !== COMMA) throw OTHER_FORMAT;
      this.#at++;
    }
  }

  // Tags inside #object are plain names; JSON.parse reads them.
  #tag(depth: number): unknown {
    if (this.accept('"#date":')) return this.#date();
    const name = this.#nameAndColon();
    if (!isTagName(name) || this.#code(0) === OBJECT) throw OTHER_FORMAT;
    const content = this.value(depth + 1);
    if (!this.endsObject()) throw OTHER_FORMAT;
    return decodeTag(name, content, DECODED);
  }

  #date(): Date {
    const moment = this.#code(0) === LOWER_N ? this.#literal('null', NaN) : this.#number();
    if (!this.endsObject()) throw OTHER_FORMAT;
    return new Date(moment);
  }

  #nameAndColon(): string {
    if (this.#code(0) !== QUOTE) throw OTHER_FORMAT;
    const name = this.#string();
    if (this.#code(0) !== COLON) throw OTHER_FORMAT;
    this.#at++;
    return name;
  }

  #string(): string {
    const start = this.#at + 1;
    const end = this.#text.indexOf('"', start);
    if (end === -1) throw OTHER_FORMAT;
    this.#at = end + 1;
    return this.#text.slice(start, end);
  }

  #literal<T>(text: string, value: T): T {
    if (!this.accept(text)) throw OTHER_FORMAT;
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
    if (digits === 0 || (digits > 1 && this.#text.charCodeAt(first) === ZERO)) throw OTHER_FORMAT;
    if (digits > MAX_DIGITS || code === DOT || code === LOWER_E || code === UPPER_E) return this.#anyNumber();
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

export function assertTextDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw OTHER_FORMAT;
}

/** Unsorted names may be duplicates. Objects reorder names that begin with a digit. */
export function assertSorted(before: string, name: string): void {
  const code = name.charCodeAt(0);
  if (!(before < name) || (code >= ZERO && code <= NINE)) throw OTHER_FORMAT;
}
