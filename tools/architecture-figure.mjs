// node tools/architecture-figure.mjs: draws the folders of src and their imports into ARCHITECTURE.md. With `--check`,
// it fails if the figure is out of date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { root } from './dist.mjs';

const page = join(root, 'ARCHITECTURE.md');
const begin = '<!-- figure: begin, made by tools/architecture-figure.mjs -->';
const end = '<!-- figure: end -->';

/** `folder -> folder` of every import between two folders of src, without errors. */
function edges() {
  const src = join(root, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const found = new Set();
  for (const file of files.filter((name) => name.includes('/') && !name.endsWith('index.ts'))) {
    for (const [, specifier] of readFileSync(join(src, file), 'utf8').matchAll(/from '(\.{1,2}\/[^']+)'/g)) {
      const from = file.split('/')[0];
      const to = normalize(join(dirname(file), specifier)).split('/')[0];
      if (from !== to && to !== 'errors') found.add(`${from} --> ${to}`);
    }
  }
  return [...found].sort((one, other) => (one < other ? -1 : 1));
}

/** Omits edges that follow from others: a --> c if a --> b and b --> c. */
function reduced(all) {
  const next = new Map();
  for (const edge of all) {
    const [from, to] = edge.split(' --> ');
    next.set(from, [...(next.get(from) ?? []), to]);
  }
  const reaches = (from, to) => (next.get(from) ?? []).some((middle) => middle === to || reaches(middle, to));
  return all.filter((edge) => {
    const [from, to] = edge.split(' --> ');
    return !next.get(from).some((middle) => middle !== to && reaches(middle, to));
  });
}

const text = readFileSync(page, 'utf8');
const figure = ['```mermaid', 'flowchart TD', ...reduced(edges()).map((edge) => `  ${edge}`), '```'].join('\n');
const fresh = `${text.slice(0, text.indexOf(begin))}${begin}\n\n${figure}\n\n${text.slice(text.indexOf(end))}`;
if (!process.argv.includes('--check')) writeFileSync(page, fresh);
else if (fresh !== text) {
  process.stderr.write('ARCHITECTURE.md: the figure is out of date. Run `node tools/architecture-figure.mjs`.\n');
  process.exitCode = 1;
}
