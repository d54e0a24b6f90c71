// npm run bench: see lib/options.mjs for the options.
import { writeFileSync } from 'node:fs';
import { describeMachine } from './lib/machine.mjs';
import { readOptions, USAGE } from './lib/options.mjs';
import { prepare } from './lib/prepare.mjs';

const options = readOptions();
const say = (line) => process.stderr.write(`${line}\n`);
prepare();

const report = {
  date: new Date().toISOString().slice(0, 10),
  machine: describeMachine(),
  load: options.load,
  command: commandLine(),
  rounds: options.rounds,
  seconds: options.seconds,
};
process.stdout.write(`${report.date}, ${report.machine}\n\n`);

// The packages are installed now.
const tables = {
  requests: () => import('./requests/run.mjs'),
  blocks: () => import('./blocks/run.mjs'),
  storages: () => import('./storages/run.mjs'),
  decoders: () => import('./decoders/run.mjs'),
  contention: () => import('./contention/run.mjs'),
  scale: () => import('./scale/run.mjs'),
};
for (const name of options.tables) {
  const { run } = await tables[name]();
  report[name] = await run(options, say);
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
if (options.tables.length === 0) say(USAGE);

/** The command for the documents, without the output file. */
function commandLine() {
  const args = process.argv.slice(2);
  const file = args.indexOf('--json');
  if (file >= 0) args.splice(file, 2);
  return args.length > 0 ? `npm run bench -- ${args.join(' ')}` : 'npm run bench';
}
