// node bench/readme-table.mjs FILE: puts the figures of `npm run bench -- --json FILE` into README.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from './lib/prepare.mjs';
import { markdownTable } from './lib/text-table.mjs';
import { ratioRows, requestRows } from './requests/table.mjs';

const BEGIN = '<!-- performance: begin, made by bench/readme-table.mjs -->';
const END = '<!-- performance: end -->';

const file = process.argv[2];
if (file === undefined) {
  process.stderr.write('node bench/readme-table.mjs FILE, where FILE was written by npm run bench -- --json FILE\n');
  process.exit(1);
}
const report = JSON.parse(readFileSync(file, 'utf8'));
const path = join(packageFolder, 'README.md');
const readme = readFileSync(path, 'utf8');
const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
if (begin < 0 || end < begin) throw new Error(`README.md has no lines\n${BEGIN}\n${END}`);
writeFileSync(path, `${readme.slice(0, begin)}${BEGIN}\n\n${section(report)}\n\n${readme.slice(end)}`);

function section({ date, machine, load, command, rounds, seconds, requests }) {
  const { contestants, cells, disturbed } = requests;
  const tables = ['fastify', 'express'].flatMap((platform) => [
    markdownTable(requestRows(contestants, platform, cells)),
    markdownTable(ratioRows(contestants, platform, cells)),
  ]);
  const made = `Measured on ${date} by \`${command}\`: ${machine}; load by ${load}; median of ${rounds} rounds of ${seconds} s.`;
  const noise = disturbed > 0 ? ` The machine was not free in ${disturbed} of the measurements.` : '';
  return [made + noise, ...tables].join('\n\n');
}
