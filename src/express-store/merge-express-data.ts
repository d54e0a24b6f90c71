/**
 * Merges parallel changes by top-level field.
 * @param base the text that this request read.
 * @param mine the text to store; wins a conflict.
 * @param theirs the text that another request stored.
 */
export function mergeExpressData(base: string, mine: string, theirs: string): string {
  const [was, ours, present] = [fieldsOf(base), fieldsOf(mine), fieldsOf(theirs)];
  for (const name of new Set([...was.keys(), ...ours.keys()])) {
    const value = ours.get(name);
    if (value === was.get(name)) continue;
    if (value === undefined) present.delete(name);
    else present.set(name, value);
  }
  return `{${[...present].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

/** JSON by field name. */
function fieldsOf(text: string): Map<string, string> {
  return new Map(Object.entries(JSON.parse(text) as object).map(([name, value]) => [name, JSON.stringify(value)]));
}
