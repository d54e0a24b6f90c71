// npm run fuzz -- --seconds N --seed S [--inputs N] [--decoder NAME] [--only I] Gives broken, forged and random input
// to every decoder of client input, compiled from src. The same seed gives the same inputs; `--only I` repeats input I.
// The exit code is 1 if a decoder throws, accepts a forged value, or takes too long.
import { parseArgs } from 'node:util';
import { compiledSources } from './fuzz/compiled-sources.mjs';
import { freezeWorld } from './fuzz/frozen-world.mjs';
import { mutated } from './fuzz/mutated.mjs';
import { SeededRandom } from './fuzz/seeded-random.mjs';

/** Limit per input, in milliseconds. The largest inputs are 64 kB, four times Node's limit for all headers. */
const BOUND = 25;
/** Repeats of a slow measurement; a fast repeat means that other load caused it. */
const REPEATS = 5;
const MOST_FAULTS = 20;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    inputs: { type: 'string', default: '0' },
    decoder: { type: 'string', default: '' },
    only: { type: 'string' },
  },
});
const seconds = wholeNumber('--seconds', values.seconds, 1);
const seed = wholeNumber('--seed', values.seed, 0);
const most = wholeNumber('--inputs', values.inputs, 0) || Number.POSITIVE_INFINITY;
const only = values.only === undefined ? undefined : wholeNumber('--only', values.only, 0);

const sources = await compiledSources();
freezeWorld(seed);
const { decoders: makeDecoders } = await import('./fuzz/decoders.mjs');
const all = await makeDecoders(sources);
const decoders = all.filter(({ name }) => name.includes(values.decoder));
if (decoders.length === 0)
  throw new Error(`There is no decoder "${values.decoder}": ${all.map(({ name }) => name).join(', ')}`);

const faults = [];
const tallies = new Map(decoders.map(({ name }) => [name, { inputs: 0, read: 0, slowest: 0, index: 0, input: '' }]));
const started = performance.now();
let index = only ?? 0;
for (; only === undefined ? isGoingOn() : index === only; index++) await tryInput(index);
report((performance.now() - started) / 1000);
process.exitCode = faults.length > 0 ? 1 : 0;

function isGoingOn() {
  if (index >= most || faults.length >= MOST_FAULTS) return false;
  return index % 256 !== 0 || performance.now() - started < seconds * 1000;
}

async function tryInput(number) {
  const random = new SeededRandom(seed, number);
  const decoder = decoders[number % decoders.length];
  const input = mutated(random, decoder.valid);
  const tally = tallies.get(decoder.name);
  tally.inputs++;
  let milliseconds = await run(number, decoder, input, tally);
  if (milliseconds <= tally.slowest) return;
  for (let repeat = 0; repeat < REPEATS && milliseconds > tally.slowest; repeat++) {
    milliseconds = Math.min(milliseconds, await run(number, decoder, input));
  }
  if (milliseconds <= tally.slowest) return;
  Object.assign(tally, { slowest: milliseconds, index: number, input });
  if (milliseconds > BOUND) note(number, decoder, input, `takes ${milliseconds.toFixed(1)} ms`);
}

/** @returns the time in milliseconds. */
async function run(number, decoder, input, tally) {
  const before = performance.now();
  let milliseconds;
  try {
    const result = decoder.decode(input);
    const outcome = typeof result?.then === 'function' ? await result : result;
    milliseconds = performance.now() - before;
    if (tally && outcome !== undefined) tally.read++;
    const wrong = decoder.wrong?.(outcome, input);
    if (wrong && tally) note(number, decoder, input, wrong);
  } catch (error) {
    milliseconds = performance.now() - before;
    if (tally && !decoder.refusal?.(error)) note(number, decoder, input, `throws ${error?.stack ?? error}`);
  }
  return milliseconds;
}

function note(number, { name }, input, problem) {
  faults.push(`input ${number}, ${name}: ${problem}\n  ${shown(input)}`);
}

function report(elapsed) {
  const rows = [...tallies].map(([name, tally]) => ({
    decoder: name,
    inputs: tally.inputs,
    read: tally.read,
    'slowest ms': Number(tally.slowest.toFixed(3)),
    bytes: Buffer.byteLength(tally.input),
    input: tally.index,
  }));
  console.table(rows);
  const count = rows.reduce((sum, { inputs }) => sum + inputs, 0);
  const [slowest] = [...tallies].sort(([, left], [, right]) => right.slowest - left.slowest);
  const [name, tally] = slowest;
  process.stdout.write(`seed ${seed}: ${count} inputs in ${elapsed.toFixed(0)} s, ${faults.length} faults\n`);
  process.stdout.write(
    `slowest: input ${tally.index}, ${name}, ${tally.slowest.toFixed(2)} ms\n  ${shown(tally.input)}\n`,
  );
  for (const fault of faults) process.stdout.write(`${fault}\n`);
}

function shown(input) {
  const text = JSON.stringify(input);
  return text.length > 300
    ? `${text.slice(0, 300)}… (${input.length} characters; --only shows it by its number)`
    : text;
}

function wholeNumber(name, text, least) {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`${name} is a whole number from ${least}.`);
}
