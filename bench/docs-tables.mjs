// node bench/docs-tables.mjs FILE…: writes the figures of `npm run bench -- --json FILE` between the marker comments of
// the documents.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blockRows } from './blocks/run.mjs';
import { contentionRows } from './contention/run.mjs';
import { decoderRows } from './decoders/run.mjs';
import { packageFolder } from './lib/prepare.mjs';
import { markdownTable } from './lib/text-table.mjs';
import { ratioRows, requestRows } from './requests/table.mjs';
import { targetRows } from './requests/targets.mjs';
import { scaleRows } from './scale/run.mjs';
import { engineRows, memoryRows } from './storages/run.mjs';

const LOADS = { polling: 'a client that never sleeps', wrk: 'wrk' };

/** The places in the documents: the part of the report that each needs, and its text. */
const PLACES = [
  { path: 'docs/performance.md', name: 'requests', of: 'requests', text: requestTables },
  { path: 'docs/performance-targets.md', name: 'targets', of: 'requests', text: targetTable },
  {
    path: 'docs/performance-parts.md',
    name: 'blocks',
    of: 'blocks',
    text: ({ blocks }) => markdownTable(blockRows(blocks)),
  },
  { path: 'docs/performance-parts.md', name: 'storages', of: 'storages', text: storageTables },
  {
    path: 'docs/performance-parts.md',
    name: 'decoders',
    of: 'decoders',
    text: ({ decoders }) => markdownTable(decoderRows(decoders)),
  },
  {
    path: 'docs/performance-parts.md',
    name: 'contention',
    of: 'contention',
    text: ({ contention }) => markdownTable(contentionRows(contention.measured)),
  },
  { path: 'docs/scale.md', name: 'scale', of: 'scale', text: ({ scale }) => markdownTable(scaleRows(scale.measured)) },
];

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write('node bench/docs-tables.mjs FILE…, each written by npm run bench -- --json FILE\n');
  process.exit(1);
}
for (const file of files) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  for (const { path, name, of, text } of PLACES) if (report[of]) put(path, name, `${made(report)}\n\n${text(report)}`);
}

function put(path, name, text) {
  const begin = `<!-- ${name}: begin, made by bench/docs-tables.mjs -->`;
  const end = `<!-- ${name}: end -->`;
  const whole = join(packageFolder, path);
  const document = readFileSync(whole, 'utf8');
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) return void process.stderr.write(`${path} has no lines\n${begin}\n${end}\n`);
  writeFileSync(whole, `${document.slice(0, from)}${begin}\n\n${text}\n\n${document.slice(to)}`);
}

function made({ date, machine, load, command, rounds, seconds, requests }) {
  const line = `Measured on ${date} by \`${command}\`: ${machine}`;
  if (!requests) return `${line}.`;
  const noise = requests.disturbed > 0 ? ` The machine was not free in ${requests.disturbed} of the measurements.` : '';
  return `${line}; load by ${LOADS[load]}; median of ${rounds} rounds of ${seconds} s.${noise}`;
}

function requestTables({ requests: { contestants, cells } }) {
  return ['fastify', 'express']
    .flatMap((platform) => [requestRows(contestants, platform, cells), ratioRows(contestants, platform, cells)])
    .filter((rows) => rows.length > 2)
    .map(markdownTable)
    .join('\n\n');
}

function targetTable({ requests: { contestants, cells } }) {
  return markdownTable(targetRows(contestants, cells));
}

function storageTables({ storages: { memory, engines } }) {
  return `${markdownTable(memoryRows(memory))}\n\n${markdownTable(engineRows(engines))}`;
}
