import { Unreadable } from './format-errors.js';

// As in ktor-http, Codecs.kt.

const FORM_LITERAL = /^[A-Za-z0-9\-._~]*$/;
const QUERY_LITERAL = /^[A-Za-z0-9:/?#[\]@!$&'()*,;=\-._~+]*$/;
const LONE_SURROGATE = /\p{Surrogate}/gu;
const UNESCAPED_BY_JAVASCRIPT = /[!'()*]/g;
const QUERY_UNESCAPED = /%(?:3A|2F|3F|23|5B|5D|40|24|26|2C|3B|3D|2B)/g;

/** `encodeURLParameter(spaceToPlus = true)`: documents and cookies. */
export function encodeForm(text: string): string {
  if (FORM_LITERAL.test(text)) return text;
  return encodeOctets(text)
    .replace(UNESCAPED_BY_JAVASCRIPT, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, '+');
}

/** `encodeURLQueryComponent()`: inside collections. Ktor does not escape `&`, `=`, `#` and `+`. */
export function encodeQuery(text: string): string {
  if (QUERY_LITERAL.test(text)) return text;
  return encodeOctets(text).replace(QUERY_UNESCAPED, (escape) =>
    String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
  );
}

// Java writes `?` for a lone surrogate.
function encodeOctets(text: string): string {
  return encodeURIComponent(text.replace(LONE_SURROGATE, '?'));
}

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;
const HEX_DIGITS = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  HEX_DIGITS[digit.toString(16).charCodeAt(0)] = digit;
  HEX_DIGITS[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** `decodeURLQueryComponent(plusIsSpace)`. Unlike in decodeURIComponent, invalid UTF-8 becomes U+FFFD. */
export function decodeQuery(text: string, plus: 'plus-is-space' | 'plus-is-plus' = 'plus-is-plus'): string {
  const plusIsSpace = plus === 'plus-is-space' && text.includes('+');
  if (!plusIsSpace && !text.includes('%')) return text;
  const octets = Buffer.from(text, 'utf8');
  let length = 0;
  let all = octets.length === text.length ? 0 : 0x80;
  let plain = 0;
  for (let index = 0; index < octets.length; index++) {
    let octet = octets[index]!;
    if (octet === PERCENT) {
      octet = octetAt(octets, index + 1);
      all |= octet;
      index += 2;
      plain = 0;
    } else if (octet === PLUS && plusIsSpace) octet = SPACE;
    else if (++plain === LONG_PLAIN && !plusIsSpace) {
      const escape = octets.indexOf(PERCENT, index);
      const end = escape === -1 ? octets.length : escape;
      octets.copyWithin(length, index, end);
      length += end - index;
      index = end - 1;
      plain = 0;
      continue;
    }
    octets[length++] = octet;
  }
  return all < 0x80 ? octets.toString('latin1', 0, length) : javaText(octets.subarray(0, length));
}

const LONG_PLAIN = 64;

function octetAt(octets: Buffer, index: number): number {
  const high = HEX_DIGITS[octets[index] ?? 0]!;
  const low = HEX_DIGITS[octets[index + 1] ?? 0]!;
  if (high < 0 || low < 0) throw new Unreadable('a percent sign without two hex digits');
  return (high << 4) | low;
}

// Java reads an encoded lone surrogate as one U+FFFD, Node.js as three.
function javaText(octets: Buffer): string {
  const text = octets.toString('utf8');
  if (!text.includes('\ufffd') || !octets.includes(0xed)) return text;
  return Buffer.from(octets.toString('latin1').replace(/\xed[\xa0-\xbf][\x80-\xbf]?/g, '\xff'), 'latin1').toString(
    'utf8',
  );
}

/** Ktor ignores further pairs. */
export const MAX_PAIRS = 1000;

/** `parseQueryString`: case-insensitive names, the first value wins. */
export class FormDocument {
  readonly #pairs = new Map<string, { readonly name: string; values: string[] }>();

  constructor(text: string) {
    let count = 0;
    for (let start = 0; start <= text.length && count < MAX_PAIRS; count++) {
      const ampersand = text.indexOf('&', start);
      const end = ampersand === -1 ? text.length : ampersand;
      this.#add(text.slice(start, end));
      start = end + 1;
    }
  }

  get names(): readonly string[] {
    return Array.from(this.#pairs.values(), ({ name }) => name);
  }

  has(name: string): boolean {
    return this.#pairs.has(name.toLowerCase());
  }

  get(name: string): string | undefined {
    return this.#pairs.get(name.toLowerCase())?.values[0];
  }

  getAll(name: string): readonly string[] {
    return this.#pairs.get(name.toLowerCase())?.values ?? [];
  }

  #add(part: string): void {
    const equals = part.indexOf('=');
    const name = decodeQuery(trimmed(equals === -1 ? part : part.slice(0, equals)));
    if (name === '') return;
    const key = name.toLowerCase();
    let entry = this.#pairs.get(key);
    if (!entry) this.#pairs.set(key, (entry = { name, values: [] }));
    if (equals !== -1) entry.values.push(decodeQuery(trimmed(part.slice(equals + 1)), 'plus-is-space'));
  }
}

// As in Kotlin: without the byte order mark, with U+001C to U+001F.
const SEPARATOR = /\p{Z}/u;

function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpace(text, start)) start++;
  while (end > start && isWhiteSpace(text, end - 1)) end--;
  return text.slice(start, end);
}

function isWhiteSpace(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  if (code >= 0x80) return SEPARATOR.test(text[index]!);
  return code === SPACE || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f);
}

export function formPair(name: string, value: string): string {
  return `${encodeForm(name)}=${encodeForm(value)}`;
}

/** Ktor 1.4.3 to 1.5.x does not escape `=`. */
export function formPairOfKtor1(name: string, value: string): string {
  return `${encodeForm(name)}=${encodeForm(value).replaceAll('%3D', '=')}`;
}

export function splitForm(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const pair of text === '' ? [] : text.split('&')) {
    const equals = pair.indexOf('=');
    fields.set(equals === -1 ? pair : pair.slice(0, equals), equals === -1 ? '' : pair.slice(equals + 1));
  }
  return fields;
}

export function joinForm(fields: ReadonlyMap<string, string>): string {
  return Array.from(fields, ([name, value]) => `${name}=${value}`).join('&');
}
