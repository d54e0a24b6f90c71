import { fileURLToPath } from 'node:url';
import { Child } from '../lib/child.mjs';
import { figure, textTable } from '../lib/text-table.mjs';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** The second table: building blocks, CPU µs per operation. Prints it and returns its figures. */
export async function run(_options, say) {
  const child = new Child(WORKER, []);
  const rows = await child.askOnce('measure');
  say('building blocks measured');
  process.stdout.write(`${textTable(blockRows(rows))}\n\n`);
  return rows;
}

/** One row per action and name, with columns for small and large sessions. */
export function blockRows(rows) {
  const byName = new Map();
  for (const { action, name, size, microseconds } of rows) {
    const key = `${action}: ${name}`;
    const sizes = byName.get(key) ?? {};
    sizes[size ?? 'small'] = microseconds;
    byName.set(key, sizes);
  }
  return [
    ['CPU µs per operation', 'small', 'large'],
    ...[...byName].map(([key, { small, large }]) => [key, figure(small), large === undefined ? '' : figure(large)]),
  ];
}
