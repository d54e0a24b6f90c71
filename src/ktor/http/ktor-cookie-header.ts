const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const DOLLAR = 0x24;

/** As ktor-http, last first: ignores names that begin with `$`; quoted values may contain semicolons. */
export function ktorCookieValues(header: string, name: string): readonly string[] {
  if (name.charCodeAt(0) === DOLLAR) return [];
  const values: string[] = [];
  for (let start = 0; start <= header.length;) {
    const nameStart = skipSpace(header, start);
    const nameEnd = endOfName(header, nameStart);
    let end = nameEnd;
    if (nameEnd > nameStart) {
      const hasName = nameEnd - nameStart === name.length && header.startsWith(name, nameStart);
      const equals = skipSpace(header, nameEnd);
      if (header.charCodeAt(equals) === EQUALS) {
        const valueStart = skipSpace(header, equals + 1);
        end = endOfValue(header, valueStart);
        if (hasName) values.push(withoutQuotes(header.slice(valueStart, end)));
      } else if (hasName) values.push('');
    }
    const semicolon = header.indexOf(';', end);
    if (semicolon === -1) break;
    start = semicolon + 1;
  }
  return values.reverse();
}

function skipSpace(header: string, start: number): number {
  let index = start;
  while (isSpace(header.charCodeAt(index))) index++;
  return index;
}

function endOfName(header: string, start: number): number {
  let index = start;
  while (index < header.length && !endsName(header.charCodeAt(index))) index++;
  return index;
}

function endOfValue(header: string, start: number): number {
  if (header.charCodeAt(start) === QUOTE) {
    const closing = header.indexOf('"', start + 1);
    if (closing !== -1) return closing + 1;
  }
  const semicolon = header.indexOf(';', start);
  return semicolon === -1 ? header.length : semicolon;
}

/** Java's `\s`. */
function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function endsName(code: number): boolean {
  return code === SEMICOLON || code === EQUALS || code === 0x7b || code === 0x7d || isSpace(code);
}

export function withoutQuotes(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
