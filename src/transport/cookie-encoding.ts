/**
 * How a cookie value is encoded (Ktor: `CookieEncoding`).
 *
 * - `uri` (default): percent-encoding, `+` for a space; letters, digits and `-._~` are unchanged.
 * - `base64`: standard base64 with padding.
 * - `raw`: unchanged.
 * - `dquotes`: in double quotes if the value contains white space or `,`.
 *
 * The last two reject `;` (browsers cut there, even in quotes), control and non-ASCII characters, and `raw` also
 * surrounding white space or quotes.
 */
export type CookieEncoding = 'uri' | 'base64' | 'raw' | 'dquotes';

const UNRESERVED = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9\-._~]/.test(String.fromCharCode(code)) ? 1 : 0,
);
const UNESCAPED_BY_JAVASCRIPT = /[!'()*]/g;
const NEEDS_QUOTES = /[ ,]/;
const UNCHANGED_VALUE = /^[\u0020-\u003a\u003c-\u007e]*$/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

export function encodeCookieValue(value: string, encoding: CookieEncoding): string | undefined {
  switch (encoding) {
    case 'uri':
      return isUnreserved(value) ? value : percentEncode(value);
    case 'base64':
      return Buffer.from(value, 'utf8').toString('base64');
    case 'raw':
      return UNCHANGED_VALUE.test(value) && withoutQuotes(value) === value && value.trim() === value
        ? value
        : undefined;
    case 'dquotes':
      if (value.includes('"') || !UNCHANGED_VALUE.test(value)) return undefined;
      return NEEDS_QUOTES.test(value) ? `"${value}"` : value;
  }
}

export function decodeCookieValue(text: string, encoding: CookieEncoding): string | undefined {
  switch (encoding) {
    case 'uri':
      return text.includes('%') || text.includes('+') ? percentDecode(text) : text;
    case 'base64':
      return bytesOfBase64(text)?.toString('utf8');
    case 'raw':
    case 'dquotes':
      return withoutQuotes(text);
  }
}

/** Node's decoder skips unknown characters, which the length reveals. */
function bytesOfBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined;
  if (Buffer.byteLength(text) !== text.length) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === (text.length / 4) * 3 - padding ? bytes : undefined;
}

function isUnreserved(value: string): boolean {
  for (let index = 0; index < value.length; index++) if (UNRESERVED[value.charCodeAt(index)] !== 1) return false;
  return true;
}

function percentEncode(value: string): string {
  return encodeURIComponent(value.replace(LONE_SURROGATE, '?'))
    .replace(UNESCAPED_BY_JAVASCRIPT, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

function percentDecode(text: string): string | undefined {
  if (BAD_ESCAPE.test(text)) return undefined;
  const spaced = text.replaceAll('+', '%20');
  try {
    return decodeURIComponent(spaced);
  } catch {
    // U+FFFD for invalid UTF-8, as in browsers.
    const octets = spaced.replace(/%([0-9A-Fa-f]{2})|[^%]+/g, (run, hex?: string) =>
      hex === undefined ? Buffer.from(run, 'utf8').toString('latin1') : String.fromCharCode(parseInt(hex, 16)),
    );
    return Buffer.from(octets, 'latin1').toString('utf8');
  }
}

function withoutQuotes(text: string): string {
  const trimmed = text.trim();
  return trimmed.length >= 2 && trimmed.startsWith('"') && trimmed.endsWith('"') ? trimmed.slice(1, -1) : text;
}
