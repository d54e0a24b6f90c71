import { decodeCookieValue, encodeCookieValue, type CookieEncoding } from '../../transport/cookie-encoding.js';
import { javaUtf8 } from '../../transformer/ktor-text.js';
import { decodeQuery } from '../formats/form-encoding.js';
import { withoutQuotes } from './ktor-cookie-header.js';
import { isBefore, type KtorVersion } from '../ktor-version.js';

const CONTROL = /[\u0000-\u001f\u007f]/;
const CONTROL_BUT_TAB = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const NEEDS_QUOTES = /[\s,;]/;
const REFUSED_RAW = /[\s,"]/;
const BEYOND_ASCII = /[\u0080-\uffff]/;

export function encodeKtorCookie(value: string, encoding: CookieEncoding, version: KtorVersion): string | undefined {
  switch (encoding) {
    case 'uri':
      return isBefore(version, '2.2') ? encodeUriOfKtor1(value) : encodeCookieValue(value, 'uri');
    case 'base64':
      return javaUtf8(value).toString('base64');
    case 'raw':
      if (CONTROL.test(value) || value.includes(';') || value !== withoutQuotes(value.trim())) return undefined;
      return isBefore(version, '3.4') && REFUSED_RAW.test(value) ? undefined : headerOfText(value);
    case 'dquotes':
      if (value.includes('"') || CONTROL_BUT_TAB.test(value)) return undefined;
      return headerOfText(NEEDS_QUOTES.test(value) ? `"${value}"` : value);
  }
}

export function decodeKtorCookie(received: string, encoding: CookieEncoding, version: KtorVersion): string | undefined {
  // 1.x reads every cookie as URI_ENCODING (KTOR-524).
  const read = isBefore(version, '2.2') ? 'uri' : encoding;
  const text = textOfHeader(received);
  switch (read) {
    case 'uri':
      return decodeUri(text);
    case 'base64':
      // Before 3.4, padding may be missing (KTOR-5241).
      return decodeCookieValue(isBefore(version, '3.4') ? padded(text) : text, 'base64');
    case 'raw':
    case 'dquotes': {
      const trimmed = text.trim();
      return trimmed.startsWith('"') && trimmed.endsWith('"') ? withoutQuotes(trimmed) : text;
    }
  }
}

function decodeUri(text: string): string | undefined {
  try {
    return decodeQuery(text, 'plus-is-space');
  } catch {
    return undefined;
  }
}

/** Before 2.1.3, only ASCII letters and digits are unescaped. */
function encodeUriOfKtor1(value: string): string | undefined {
  return encodeCookieValue(value, 'uri')?.replace(
    /[-._~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function padded(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x3d) end--;
  const bare = text.slice(0, end);
  return bare.padEnd(Math.ceil(bare.length / 4) * 4, '=');
}

// Node.js exposes header bytes as Latin-1.
export function textOfHeader(received: string): string {
  return BEYOND_ASCII.test(received) ? Buffer.from(received, 'latin1').toString('utf8') : received;
}

function headerOfText(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
