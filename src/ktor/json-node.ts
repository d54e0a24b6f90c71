import { Unreadable } from './unreadable.js';

/** A JSON value as its text shows it: numbers keep their digits, quoted and bare words stay apart. */
export type JsonNode =
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, JsonNode> }
  | { readonly kind: 'array'; readonly elements: readonly JsonNode[] }
  | { readonly kind: 'quoted' | 'bare'; readonly text: string };

const DEEPEST_JSON = 100;
const ESCAPE = /\\/;
const CONTROL = /[\u0000-\u001f]/g;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Parses JSON as kotlinx does with its default settings: no single quotes, no bare keys, no trailing comma or text.
 * Of a key that comes twice the last value counts.
 * @throws {Unreadable}
 */
export function parseJson(text: string): JsonNode {
  const parser = new JsonParser(text);
  const node = parser.value(0);
  parser.end();
  return node;
}

class JsonParser {
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonNode {
    if (depth > DEEPEST_JSON) throw new Unreadable('nested too deep');
    const first = this.#peek();
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '"') return { kind: 'quoted', text: this.#string() };
    return { kind: 'bare', text: this.#word() };
  }

  end(): void {
    if (this.#peek() !== undefined) this.#fail();
  }

  #object(depth: number): JsonNode {
    const fields = new Map<string, JsonNode>();
    this.#index++;
    if (this.#peek() === '}') this.#index++;
    else {
      do {
        if (this.#peek() !== '"') this.#fail();
        const key = this.#string();
        this.#take(':');
        const value = this.value(depth + 1);
        fields.set(key, value);
      } while (this.#next('}'));
    }
    return { kind: 'object', fields };
  }

  #array(depth: number): JsonNode {
    const elements: JsonNode[] = [];
    this.#index++;
    if (this.#peek() === ']') this.#index++;
    else {
      do elements.push(this.value(depth + 1));
      while (this.#next(']'));
    }
    return { kind: 'array', elements };
  }

  #string(): string {
    const start = this.#index;
    let end = start + 1;
    for (let code; (code = this.#text.charCodeAt(end)) !== QUOTE; end += code === BACKSLASH ? 2 : 1) {
      if (end >= this.#text.length) this.#fail();
    }
    this.#index = end + 1;
    const inner = this.#text.slice(start + 1, end);
    return ESCAPE.test(inner) ? this.#unescaped(inner) : inner;
  }

  // JSON.parse is stricter in one thing only: kotlinx takes control characters as they are.
  #unescaped(inner: string): string {
    const literal = inner.replace(CONTROL, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
    try {
      return JSON.parse(`"${literal}"`) as string;
    } catch {
      return this.#fail();
    }
  }

  /** A number, `true`, `false`, `null`, or whatever else stands between delimiters. */
  #word(): string {
    const start = this.#index;
    while (this.#index < this.#text.length && !isDelimiter(this.#text.charCodeAt(this.#index))) this.#index++;
    return this.#text.slice(start, this.#index) || this.#fail();
  }

  /** Whether another element follows; `closing` is consumed where none does. */
  #next(closing: string): boolean {
    if (this.#peek() === closing) {
      this.#index++;
      return false;
    }
    this.#take(',');
    return true;
  }

  #take(character: string): void {
    if (this.#peek() !== character) this.#fail();
    this.#index++;
  }

  /** The next character that is no white space. */
  #peek(): string | undefined {
    while (isSpace(this.#text.charCodeAt(this.#index))) this.#index++;
    return this.#text[this.#index];
  }

  #fail(): never {
    throw new Unreadable('it is no JSON');
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function isDelimiter(code: number): boolean {
  switch (code) {
    case QUOTE:
    case BACKSLASH:
    case 0x2c: // ,
    case 0x3a: // :
    case 0x5b: // [
    case 0x5d: // ]
    case 0x7b: // {
    case 0x7d: // }
      return true;
    default:
      return isSpace(code);
  }
}
