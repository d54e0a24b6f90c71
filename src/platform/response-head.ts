import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import type { RawResponse } from './raw-exchange.js';

const BEYOND_ASCII = /[^\u0000-\u007f]/;

export function cookieNameOf(line: string): string {
  return line.slice(0, Math.max(0, line.indexOf('='))).trim();
}

export function isClearing(line: string): boolean {
  const maxAge = /;\s*max-age=([^;]*)/i.exec(line)?.[1];
  if (maxAge !== undefined) return Number(maxAge) <= 0;
  const expires = /;\s*expires=([^;]*)/i.exec(line)?.[1];
  return expires !== undefined && Date.parse(expires) <= Date.now();
}

/** Applied last, because platforms and applications may replace all headers. */
export class ResponseHead {
  readonly #cookies = new Map<string, string>();
  readonly #headers = new Map<string, string>();
  #order: readonly string[] = [];
  #isUnshared = false;
  /** Beyond ASCII. Node would encode them as UTF-8 with a text body. */
  hasBytes = false;

  setCookie(name: string, line: string): void {
    this.#cookies.set(name, line);
    this.hasBytes ||= BEYOND_ASCII.test(line);
  }

  orderCookies(names: readonly string[]): void {
    this.#order = names;
  }

  forbidSharing(): void {
    this.#isUnshared = true;
  }

  /** Lists accumulate, `Cache-Control` only gets stricter, others are replaced. */
  setHeader(name: string, value: string): void {
    this.hasBytes ||= BEYOND_ASCII.test(value);
    const key = name.toLowerCase();
    const present = this.#headers.get(key);
    this.#headers.set(key, present !== undefined && isList(key) ? addToList(present, value) : value);
  }

  applyTo(response: RawResponse): void {
    for (const [name, value] of this.#headers)
      response.setHeader(name, merged(name, textOf(response.getHeader(name)), value));
    if (this.#isUnshared) {
      const present = textOf(response.getHeader('cache-control'));
      const unshared = present && withoutSharing(present);
      if (unshared !== present && unshared !== undefined) response.setHeader('cache-control', unshared);
    }
    if (this.#cookies.size > 0) response.setHeader('set-cookie', this.#cookiesBehind(response.getHeader('set-cookie')));
  }

  /** For headers passed to `writeHead` only. */
  joinedWith(handed: OutgoingHttpHeaders): OutgoingHttpHeaders {
    const joined = { ...handed };
    for (const [name, value] of this.#headers) {
      const key = keyOf(handed, name);
      joined[key] = merged(name, textOf(handed[key]), value);
    }
    if (this.#isUnshared) {
      const key = keyOf(joined, 'cache-control');
      const present = textOf(joined[key]);
      if (present !== undefined) joined[key] = withoutSharing(present);
    }
    if (this.#cookies.size > 0) {
      const key = keyOf(handed, 'set-cookie');
      joined[key] = this.#cookiesBehind(handed[key]);
    }
    return joined;
  }

  #cookiesBehind(present: OutgoingHttpHeader | undefined): string[] {
    const own = present === undefined ? [] : Array.isArray(present) ? present : [String(present)];
    return own.length === 0 ? [...this.#lines()] : [...own, ...[...this.#lines()].filter(isWantedBeside(own))];
  }

  #lines(): Iterable<string> {
    if (this.#cookies.size === 1 || this.#order.length === 0) return this.#cookies.values();
    const placeOf = (name: string): number => {
      const place = this.#order.indexOf(name);
      return place === -1 ? this.#order.length : place;
    };
    return [...this.#cookies].sort(([left], [right]) => placeOf(left) - placeOf(right)).map(([, line]) => line);
  }
}

/** The application's line wins. If both clear it, ours has the attributes. */
function isWantedBeside(own: readonly string[]): (line: string) => boolean {
  return (line) => {
    const name = cookieNameOf(line);
    const theirs = own.filter((one) => cookieNameOf(one) === name);
    return theirs.length === 0 || (isClearing(line) && theirs.every(isClearing));
  };
}

function keyOf(headers: OutgoingHttpHeaders, name: string): string {
  for (const key in headers) if (key.length === name.length && key.toLowerCase() === name) return key;
  return name;
}

function merged(name: string, present: string | undefined, value: string): string {
  if (present === undefined || present === '') return value;
  if (isList(name)) return addToList(present, value);
  if (name !== 'cache-control') return value;
  if (hasDirective(present, 'no-store')) return present;
  return hasDirective(present, 'no-transform') ? `${value}, no-transform` : value;
}

function hasDirective(list: string, directive: string): boolean {
  return list.split(',').some((member) => member.trim().toLowerCase() === directive);
}

function isList(name: string): boolean {
  return name === 'vary' || name === 'access-control-expose-headers' || name === 'server-timing';
}

function addToList(list: string, items: string): string {
  const members = list.split(',').map((member) => member.trim().toLowerCase());
  if (members.includes('*')) return list;
  return items
    .split(', ')
    .reduce((all, item) => (members.includes(item.toLowerCase()) ? all : `${all}, ${item}`), list);
}

function textOf(header: number | string | readonly string[] | undefined): string | undefined {
  return header === undefined || typeof header === 'string'
    ? header
    : typeof header === 'number'
      ? String(header)
      : header.join(', ');
}

/** RFC 9111, 5.2.2.9 and 5.2.2.10. */
const SHARING = /^\s*(?:public|s-maxage)\s*(?:=|$)/i;
const PRIVATE = /^\s*private\s*$/i;

function withoutSharing(cacheControl: string): string {
  const directives = cacheControl.split(',');
  const others = directives.filter((directive) => !SHARING.test(directive));
  if (others.length === directives.length) return cacheControl;
  const rest = others.map((directive) => directive.trim()).filter((directive) => directive !== '');
  return rest.some((directive) => PRIVATE.test(directive)) ? rest.join(', ') : ['private', ...rest].join(', ');
}
