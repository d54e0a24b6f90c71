import { fileURLToPath } from 'node:url';
import { Child } from '../lib/child.mjs';
import { figure, textTable } from '../lib/text-table.mjs';
import { ENGINES } from './engines.mjs';

const WORKER = fileURLToPath(new URL('scale-worker.mjs', import.meta.url));
const COUNTS = [10_000, 100_000, 1_000_000];
const FLAGS = ['--expose-gc', '--max-old-space-size=8192'];

/** A million sessions of a hundred thousand owners. Takes minutes. Prints the table and returns its figures. */
export async function run(_options, say) {
  const measured = [];
  for (const { name } of ENGINES) {
    const child = new Child(WORKER, [name], { flags: FLAGS });
    try {
      for (const count of COUNTS) {
        const result = await child.ask('next', { count });
        if (!result) break;
        measured.push({ name, count, ...result });
        say(`${name}: ${count} sessions`);
      }
      await child.ask('end');
    } finally {
      await child.stop();
    }
  }
  process.stdout.write(`${textTable(scaleRows(measured))}\n\n`);
  return { measured };
}

/** µs from call to answer: median and 99th percentile. */
export function scaleRows(measured) {
  const both = (times) => (times ? `${figure(times.median)} / ${figure(times.slowest)}` : '–');
  return [
    ['10 sessions per owner', 'sessions', 'bytes', 'read', 'replace', 'list', 'revokeAll but one', 'sweep, each'],
    ...measured.map(({ name, count, bytes, read, replace, list, revokeAll, sweep }) => [
      name,
      count,
      bytes.toFixed(0),
      both(read),
      both(replace),
      both(list),
      both(revokeAll),
      figure(sweep),
    ]),
  ];
}
