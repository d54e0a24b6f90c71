import { Unreadable } from './format-errors.js';

export class BareWord {
  constructor(readonly text: string) {}
}

export type JsonNode = ReadonlyMap<string, JsonNode> | readonly JsonNode[] | string | number | BareWord;

const MAX_DEPTH = 512;
const MAX_DIGITS = 15;

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** As kotlinx by default: no single quotes, bare keys or trailing comma; the last duplicate key wins. */
export function parseJson(text: string): JsonNode {
  const parser = new JsonParser(text);
  const node = parser.value(0);
  parser.end();
  return node;
}

class JsonParser {
  readonly #text: string;
  #index = 0;
  #backslash = -1;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonNode {
    if (depth > MAX_DEPTH) throw new Unreadable('nested too deep');
    switch (this.#peek()) {
      case OPENING_BRACE:
        return this.#object(depth);
      case OPENING_BRACKET:
        return this.#array(depth);
      case QUOTE:
        return this.#string();
      default:
        return this.#word();
    }
  }

  end(): void {
    this.#peek();
    if (this.#index < this.#text.length) fail();
  }

  #object(depth: number): JsonNode {
    const fields = new Map<string, JsonNode>();
    this.#index++;
    if (this.#peek() === CLOSING_BRACE) this.#index++;
    else {
      do {
        if (this.#peek() !== QUOTE) fail();
        const key = this.#string();
        this.#take(COLON);
        fields.set(key, this.value(depth + 1));
      } while (this.#next(CLOSING_BRACE));
    }
    return fields;
  }

  #array(depth: number): JsonNode {
    const elements: JsonNode[] = [];
    this.#index++;
    if (this.#peek() === CLOSING_BRACKET) this.#index++;
    else {
      do elements.push(this.value(depth + 1));
      while (this.#next(CLOSING_BRACKET));
    }
    return elements;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#index + 1;
    let end = text.indexOf('"', start);
    if (end === -1) fail();
    if (this.#backslash < start) {
      const found = text.indexOf('\\', start);
      this.#backslash = found === -1 ? text.length : found;
    }
    if (this.#backslash > end) {
      this.#index = end + 1;
      return text.slice(start, end);
    }
    for (end = this.#backslash; ; end += text.charCodeAt(end) === BACKSLASH ? 2 : 1) {
      if (end >= text.length) fail();
      if (text.charCodeAt(end) === QUOTE) break;
    }
    this.#index = end + 1;
    return unescaped(text.slice(start, end));
  }

  #word(): number | BareWord {
    const text = this.#text;
    const start = this.#index;
    const isNegative = text.charCodeAt(start) === MINUS;
    const firstDigit = isNegative ? start + 1 : start;
    let end = firstDigit;
    let value = 0;
    let code = text.charCodeAt(end);
    for (; code >= DIGIT_0 && code <= DIGIT_9; code = text.charCodeAt(++end)) value = value * 10 + (code - DIGIT_0);
    const digits = end - firstDigit;
    while (end < text.length && !isDelimiter(text.charCodeAt(end))) end++;
    if (end === start) fail();
    this.#index = end;
    const isPlain = digits > 0 && digits <= MAX_DIGITS && digits === end - firstDigit;
    if (isPlain && text.charCodeAt(firstDigit) !== DIGIT_0) return isNegative ? -value : value;
    return isPlain && digits === 1 && !isNegative ? value : new BareWord(text.slice(start, end));
  }

  #next(closing: number): boolean {
    if (this.#peek() === closing) {
      this.#index++;
      return false;
    }
    this.#take(COMMA);
    return true;
  }

  #take(code: number): void {
    if (this.#peek() !== code) fail();
    this.#index++;
  }

  #peek(): number {
    let code = this.#text.charCodeAt(this.#index);
    while (code <= SPACE && isSpace(code)) code = this.#text.charCodeAt(++this.#index);
    return code;
  }
}

function fail(): never {
  throw new Unreadable('invalid JSON');
}

function unescaped(inner: string): string {
  const units = new Uint16Array(inner.length);
  let length = 0;
  for (let index = 0; index < inner.length; index++) {
    let unit = inner.charCodeAt(index);
    if (unit === BACKSLASH) {
      const escape = inner.charCodeAt(++index);
      if (escape === LETTER_U) {
        const hex = inner.slice(index + 1, index + 5);
        if (!FOUR_HEX_DIGITS.test(hex)) fail();
        unit = Number.parseInt(hex, 16);
        index += 4;
      } else unit = ESCAPES.get(escape) ?? fail();
    }
    units[length++] = unit;
  }
  return Buffer.from(units.buffer, 0, length * 2).toString('utf16le');
}

const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const LETTER_U = 0x75;
const FOUR_HEX_DIGITS = /^[0-9A-Fa-f]{4}$/;
const ESCAPES: ReadonlyMap<number, number> = new Map(
  Array.from('"\\/bfnrt', (letter, index) => [letter.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(index)]),
);

function isSpace(code: number): boolean {
  return code === SPACE || code === 0x0a || code === 0x0d || code === 0x09;
}

function isDelimiter(code: number): boolean {
  switch (code) {
    case QUOTE:
    case BACKSLASH:
    case COMMA:
    case COLON:
    case OPENING_BRACKET:
    case CLOSING_BRACKET:
    case OPENING_BRACE:
    case CLOSING_BRACE:
      return true;
    default:
      return isSpace(code);
  }
}
