/** In the client's order (RFC 6265, 4.2). Names are not decoded: `__%48ost-x` is not `__Host-x`. */
export function cookieValues(header: string, name: string, limit = Infinity): string[] {
  const values: string[] = [];
  for (let start = 0; start < header.length && values.length < limit;) {
    const semicolon = header.indexOf(';', start);
    const end = semicolon === -1 ? header.length : semicolon;
    const nameStart = skipSpaces(header, start, end);
    if (header.startsWith(name, nameStart)) {
      const equals = skipSpaces(header, nameStart + name.length, end);
      if (equals < end && header.charCodeAt(equals) === 0x3d) values.push(header.slice(equals + 1, end).trim());
    }
    start = end + 1;
  }
  return values;
}

function skipSpaces(text: string, from: number, end: number): number {
  let index = from;
  while (index < end && (text.charCodeAt(index) === 0x20 || text.charCodeAt(index) === 0x09)) index++;
  return index;
}
