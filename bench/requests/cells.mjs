/** The columns: route and session size. */
export const CELLS = [
  { name: 'untouched', route: 'untouched', size: 'small' },
  { name: 'read small', route: 'read', size: 'small' },
  { name: 'read large', route: 'read', size: 'large' },
  { name: 'write small', route: 'write', size: 'small' },
  { name: 'write large', route: 'write', size: 'large' },
  { name: 'anonymous', route: 'read', size: undefined },
];

/** The columns whose name contains one of `parts`; all columns without `parts`. */
export function chosenCells(parts) {
  return CELLS.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
}
