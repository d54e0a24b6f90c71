import { fileURLToPath } from 'node:url';
import { Child } from '../lib/child.mjs';
import { figure, textTable } from '../lib/text-table.mjs';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));
/** Limit per megabyte, in milliseconds. */
const TARGET = 50;

/** The fourth table: every decoder with a megabyte of its worst input. Prints it and returns all figures. */
export async function run(_options, say) {
  const child = new Child(WORKER, []);
  const rows = await child.askOnce('measure');
  say('decoders measured');
  process.stdout.write(`${textTable(decoderRows(rows))}\n\n`);
  return rows;
}

/** One row for each decoder: its slowest input. */
export function decoderRows(rows) {
  const byDecoder = grouped(rows);
  return [
    ['1 MB into a decoder', 'inputs', 'slowest input', 'CPU ms', `under ${TARGET} ms`],
    ...[...byDecoder].map(([decoder, all]) => {
      const [slowest] = [...all].sort((left, right) => right.milliseconds - left.milliseconds);
      const under = all.filter(({ milliseconds }) => milliseconds < TARGET).length;
      return [decoder, all.length, slowest.input, figure(slowest.milliseconds), `${under} of ${all.length}`];
    }),
  ];
}

function grouped(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(row.decoder, [...(groups.get(row.decoder) ?? []), row]);
  return groups;
}
