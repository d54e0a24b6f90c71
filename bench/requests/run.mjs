import { textTable } from '../lib/text-table.mjs';
import { chosenCells } from './cells.mjs';
import { chosen } from './contestants.mjs';
import { checkRequests, measureRequests } from './measure.mjs';
import { ratioRows, requestRows } from './table.mjs';
import { targetRows } from './targets.mjs';

/** The first table: whole requests of this package and its peers. Prints it and returns its figures. */
export async function run(options, say) {
  const { running, leftOut } = chosen(options.only);
  if (options.check) return checkRequests(running, say);
  const cells = chosenCells(options.cells);
  const names = cells.map(({ name }) => name);
  const contestants = await measureRequests(running, cells, options, say);
  const print = (rows) => rows.length > 1 && process.stdout.write(`${textTable(rows)}\n\n`);
  for (const platform of ['fastify', 'express']) {
    print(requestRows(contestants, platform, names));
    print(ratioRows(contestants, platform, names));
  }
  const targets = targetRows(contestants, names);
  print(targets);
  if (leftOut.length > 0) {
    process.stdout.write(`Left out, no REDIS_URL: ${leftOut.map(({ id }) => id).join(', ')}\n\n`);
  }
  const disturbed = contestants.reduce((sum, contestant) => sum + contestant.disturbed, 0);
  if (disturbed > 0) process.stdout.write(`${disturbed} measurements were made although the machine was not free.\n\n`);
  return { cells: names, contestants, targets: targets.slice(1), leftOut: leftOut.map(({ id }) => id), disturbed };
}
