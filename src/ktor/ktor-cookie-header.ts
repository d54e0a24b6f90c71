// Ktor's own pattern (ktor-http, Cookie.kt): a value in quotes may hold semicolons.
const COOKIE = /(?:^|;)[ \t\n\v\f\r]*([^;={} \t\n\v\f\r]+)[ \t\n\v\f\r]*(?:=[ \t\n\v\f\r]*("[^"]*"|[^;]*))?/g;
/** How many cookies of our name are tried. */
const MOST_DUPLICATES = 8;

/**
 * The values of every cookie called `name` in a `Cookie` header, as Ktor takes it apart, the last one first: it is the
 * one that Ktor sees. Names that begin with `$` are none; a name without `=` has an empty value.
 */
export function ktorCookieValues(header: string, name: string): readonly string[] {
  const values: string[] = [];
  for (const [, found, value = ''] of header.matchAll(COOKIE)) {
    if (found === name && !found.startsWith('$')) values.push(withoutQuotes(value));
  }
  return values.slice(-MOST_DUPLICATES).reverse();
}

function withoutQuotes(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
