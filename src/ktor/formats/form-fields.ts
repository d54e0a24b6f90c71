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
