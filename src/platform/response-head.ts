import type { RawResponse } from './raw-exchange.js';

interface Entry {
  readonly name: string;
  value: string;
}

const NONE: readonly Entry[] = [];
/** Of the names that every session sets. */
const LOWER_CASE: ReadonlyMap<string, string> = new Map([
  ['Vary', 'vary'],
  ['Cache-Control', 'cache-control'],
]);

/**
 * The headers that sessions want on a response, kept apart from it until its head leaves: platforms and applications
 * replace headers wholesale until then, and neither side's may be lost.
 */
export class ResponseHead {
  // Three headers at most, in nearly every request: a list is smaller than a map, and as fast.
  #cookies: readonly Entry[] = NONE;
  #headers: readonly Entry[] = NONE;
  #order: readonly string[] = [];

  /** One `Set-Cookie` for each name; a later line replaces the earlier one. */
  setCookie(name: string, line: string): void {
    const present = find(this.#cookies, name);
    if (present) present.value = line;
    else this.#cookies = withEntry(this.#cookies, { name, value: line });
  }

  /** Writes the `Set-Cookie` lines of these names in this order, however they come; others follow. */
  orderCookies(names: readonly string[]): void {
    this.#order = names;
  }

  /** `Vary` and `Access-Control-Expose-Headers` add up, `Cache-Control` only gets stricter, others are replaced. */
  setHeader(name: string, value: string): void {
    const key = LOWER_CASE.get(name) ?? name.toLowerCase();
    const present = find(this.#headers, key);
    if (present) present.value = isList(key) ? addToList(present.value, value) : value;
    else this.#headers = withEntry(this.#headers, { name: key, value });
  }

  /** Puts everything on `response`, beside what the application has set there. */
  applyTo(response: RawResponse): void {
    for (const { name, value } of this.#headers) {
      response.setHeader(name, merged(name, textOf(response.getHeader(name)), value));
    }
    if (this.#cookies.length > 0) response.setHeader('set-cookie', this.#withCookies(response.getHeader('set-cookie')));
  }

  #withCookies(present: number | string | readonly string[] | undefined): string[] {
    const own = present === undefined ? [] : Array.isArray(present) ? present : [String(present)];
    return own.concat(this.#lines());
  }

  #lines(): string[] {
    const lines = this.#cookies.map(({ value }) => value);
    if (lines.length === 1 || this.#order.length === 0) return lines;
    const placeOf = ({ name }: Entry): number => {
      const place = this.#order.indexOf(name);
      return place === -1 ? this.#order.length : place;
    };
    return [...this.#cookies].sort((left, right) => placeOf(left) - placeOf(right)).map(({ value }) => value);
  }
}

// An array that grows by push() takes room for seventeen.
function withEntry(entries: readonly Entry[], entry: Entry): readonly Entry[] {
  return entries.length === 0 ? [entry] : [...entries, entry];
}

function find(entries: readonly Entry[], name: string): Entry | undefined {
  for (const entry of entries) if (entry.name === name) return entry;
  return undefined;
}

function merged(name: string, present: string | undefined, value: string): string {
  if (present === undefined || present === '') return value;
  if (isList(name)) return addToList(present, value);
  if (name !== 'cache-control') return value;
  if (hasDirective(present, 'no-store')) return present;
  // Says nothing about caching: what compresses or rewrites bodies on the way must still leave this one alone.
  return hasDirective(present, 'no-transform') ? `${value}, no-transform` : value;
}

function hasDirective(list: string, directive: string): boolean {
  return list.split(',').some((member) => member.trim().toLowerCase() === directive);
}

function isList(name: string): boolean {
  return name === 'vary' || name === 'access-control-expose-headers';
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
