/**
 * By top-level field.
 * @param base read by this request.
 * @param mine wins a conflict.
 * @param theirs stored by another request.
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

function fieldsOf(text: string): Map<string, string> {
  return new Map(Object.entries(JSON.parse(text) as object).map(([name, value]) => [name, JSON.stringify(value)]));
}
