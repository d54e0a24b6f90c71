// node bench/lost-updates.mjs [--json FILE]: counts changes that parallel requests of one visitor lose, over HTTP with
// real servers.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { prepare } from './lib/prepare.mjs';

const { values } = parseArgs({ options: { json: { type: 'string' } } });
prepare();
const { APPLICATIONS } = await import('./lost-updates/applications.mjs');
const { PARALLEL, ROUNDS, LOGOUTS, play } = await import('./lost-updates/play.mjs');
const { textTable } = await import('./lib/text-table.mjs');

const results = [];
const leftOut = [];
for (const application of APPLICATIONS) {
  const running = await application.start();
  if (!running) {
    leftOut.push(application.name);
    continue;
  }
  try {
    results.push({ name: application.name, ...(await play(running.url)) });
  } finally {
    await running.close();
  }
}

const updates = PARALLEL * ROUNDS;
process.stdout.write(
  `${textTable([
    [
      'lost',
      `of ${updates} fields`,
      `of ${updates} increments, update`,
      `of ${updates}, counter`,
      `of ${LOGOUTS} logouts undone`,
    ],
    ...results.map(({ name, fields, updates: lost, counter, undone }) => [
      name,
      fields,
      lost ?? 'no such call',
      counter,
      undone,
    ]),
  ])}\n`,
);
if (leftOut.length > 0) process.stdout.write(`Left out, REDIS_URL or DATABASE_URL is not set: ${leftOut.join(', ')}\n`);
if (values.json)
  writeFileSync(values.json, `${JSON.stringify({ parallel: PARALLEL, rounds: ROUNDS, results }, undefined, 2)}\n`);
