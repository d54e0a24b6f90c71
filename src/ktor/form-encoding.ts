import { Unreadable } from './unreadable.js';

// Ktor's percent-encoders (ktor-http, Codecs.kt). All of them encode UTF-8 and write hex digits in upper case.

const FORM_LITERAL = /^[A-Za-z0-9\-._~]*$/;
const QUERY_LITERAL = /^[A-Za-z0-9:/?#[\]@!$&'()*,;=\-._~+]*$/;
const LEFT_BY_JAVASCRIPT = /[!'()*]/g;
// What encodeURIComponent escapes and encodeURLQueryComponent does not.
const QUERY_UNESCAPED = /%(?:3A|2F|3F|23|5B|5D|40|24|26|2C|3B|3D|2B)/g;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

/** `encodeURLParameter(spaceToPlus = true)`: names and values of a document, and cookies. */
export function encodeForm(text: string): string {
  if (FORM_LITERAL.test(text)) return text;
  return encodeURIComponent(text)
    .replace(LEFT_BY_JAVASCRIPT, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, '+');
}

/** `encodeURLQueryComponent()`: inside collections. `&`, `=`, `#` and `+` stay as they are; that is Ktor's defect. */
export function encodeQuery(text: string): string {
  if (QUERY_LITERAL.test(text)) return text;
  return encodeURIComponent(text).replace(QUERY_UNESCAPED, (escape) =>
    String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
  );
}

/**
 * `decodeURLQueryComponent(plusIsSpace)`: octets that are no UTF-8 read as U+FFFD.
 * @throws {Unreadable} for an incomplete or wrong escape.
 */
export function decodeQuery(text: string, plus: 'plus-is-space' | 'plus-is-plus' = 'plus-is-plus'): string {
  // Three times as fast as replaceAll, where there are many.
  const spaced = plus === 'plus-is-space' && text.includes('+') ? text.split('+').join(' ') : text;
  if (!spaced.includes('%')) return spaced;
  if (BAD_ESCAPE.test(spaced)) throw new Unreadable('a percent sign without two hex digits');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return decodeOctets(spaced);
  }
}

// Runs of escapes are decoded one by one: an octet that is no UTF-8 never spoils the text beside it.
function decodeOctets(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.split('%').join(''), 'hex').toString('utf8'));
}

/** How many pairs of a document Ktor reads; the rest is ignored. */
export const MOST_PAIRS = 1000;

/** The pairs of a document as `parseQueryString` gives them: names without regard to case, the first of a name counts. */
export class FormDocument {
  // `undefined`: the name stood there without `=`.
  readonly #pairs = new Map<string, { readonly name: string; values: string[] }>();

  /** @throws {Unreadable} for a wrong escape. */
  constructor(text: string) {
    let count = 0;
    for (let start = 0; start <= text.length && count < MOST_PAIRS; count++) {
      const ampersand = text.indexOf('&', start);
      const end = ampersand === -1 ? text.length : ampersand;
      this.#add(text.slice(start, end));
      start = end + 1;
    }
  }

  /** The names in the order in which they came first, as they were written first. */
  get names(): readonly string[] {
    return Array.from(this.#pairs.values(), ({ name }) => name);
  }

  has(name: string): boolean {
    return this.#pairs.has(name.toLowerCase());
  }

  /** The first value of a name; `undefined` for an unknown name and for one without `=`. */
  get(name: string): string | undefined {
    return this.#pairs.get(name.toLowerCase())?.values[0];
  }

  getAll(name: string): readonly string[] {
    return this.#pairs.get(name.toLowerCase())?.values ?? [];
  }

  #add(part: string): void {
    const equals = part.indexOf('=');
    const name = decodeQuery((equals === -1 ? part : part.slice(0, equals)).trim());
    if (name === '') return;
    const key = name.toLowerCase();
    let entry = this.#pairs.get(key);
    if (!entry) this.#pairs.set(key, (entry = { name, values: [] }));
    if (equals !== -1) entry.values.push(decodeQuery(part.slice(equals + 1).trim(), 'plus-is-space'));
  }
}

/** One pair of a document. */
export function formPair(name: string, value: string): string {
  return `${encodeForm(name)}=${encodeForm(value)}`;
}

/** Ktor 1.4.3 to 1.5.x left `=` in values as it is; every version reads both. */
export function formPairOfKtor1(name: string, value: string): string {
  return `${encodeForm(name)}=${encodeForm(value).replaceAll('%3D', '=')}`;
}
