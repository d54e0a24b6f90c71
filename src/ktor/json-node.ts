import { Unreadable } from './unreadable.js';

/** A JSON value as its text shows it: numbers keep their digits, quoted and bare words stay apart. */
export type JsonNode =
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, JsonNode> }
  | { readonly kind: 'array'; readonly elements: readonly JsonNode[] }
  | { readonly kind: 'quoted' | 'bare'; readonly text: string };

const DEEPEST_JSON = 100;
const SPACE = /[ \t\r\n]*/y;
const BARE = /[^\s"\\{}[\],:]+/y;
const PLAIN = /[^"\\]*/y;
const HEX = /^[0-9A-Fa-f]{4}$/;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

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
    return { kind: 'bare', text: this.#match(BARE) || this.#fail() };
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
    this.#index++;
    let text = '';
    for (;;) {
      text += this.#match(PLAIN);
      const character = this.#text[this.#index++];
      if (character === '"') return text;
      if (character === undefined) this.#fail();
      text += this.#escape();
    }
  }

  #escape(): string {
    const letter = this.#text[this.#index++] ?? '';
    if (letter !== 'u') return (Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined) ?? this.#fail();
    const digits = this.#text.slice(this.#index, this.#index + 4);
    if (!HEX.test(digits)) this.#fail();
    this.#index += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
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
    this.#match(SPACE);
    return this.#text[this.#index];
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#index;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#index += found.length;
    return found;
  }

  #fail(): never {
    throw new Unreadable('it is no JSON');
  }
}
