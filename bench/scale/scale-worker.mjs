// Fills one storage step by step: node --expose-gc scale-worker.mjs NAME; answers `next(count)` with the figures.
import { createHash } from 'node:crypto';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { answer } from '../lib/answer.mjs';
import { newPlainSession } from '../lib/session-data.mjs';
import { median } from '../lib/statistics.mjs';
import { ENGINES } from './engines.mjs';

const OF_ONE_OWNER = 10;
/** Parallel calls while filling. */
const PARALLEL = 64;
const HOUR = 3_600_000;
const SHORT_LIVED = 5000;
const template = JSON.stringify(newPlainSession('small'));

const hashed = (text) => createHash('sha256').update(text).digest('base64url');
const idOf = (index) => hashed(`session ${index}`);
const ownerOf = (index) => `bench:u-${Math.floor(index / OF_ONE_OWNER)}`;
const valueOf = (index) => Buffer.from(template.replace('u-48213', `u-${index}`)).toString('latin1');
const sessionOf = (index, lifetime = HOUR) => ({
  value: valueOf(index),
  owner: ownerOf(index),
  expiresAt: Date.now() + lifetime,
});

const engine = await ENGINES.find(({ name }) => name === process.argv[2]).open();
let filled = 0;
const empty = engine && (await engine.bytes());

async function next({ count }) {
  if (!engine) return undefined;
  const { storage } = engine;
  const first = filled;
  const started = performance.now();
  await inParallel(count - filled, (index) => storage.write(idOf(first + index), sessionOf(first + index)));
  const fill = (performance.now() - started) / 1000;
  filled = count;
  const bytes = ((await engine.bytes()) - empty) / count;
  await engine.settle?.();
  const random = randomBelow(count);
  const read = await timed(2000, () => {
    const id = idOf(random());
    return () => storage.read(id);
  });
  const replace = await timed(2000, () => {
    const index = random();
    const [id, session] = [idOf(index), sessionOf(index)];
    return () => storage.replace(id, session);
  });
  const list = await timed(500, () => {
    const owner = ownerOf(random());
    return () => storage.owners.list(owner);
  });
  const revoked = new Set();
  const revokeAll = await timed(200, () => {
    const index = Math.floor(random() / OF_ONE_OWNER) * OF_ONE_OWNER;
    revoked.add(index);
    return () => storage.owners.invalidateAll(ownerOf(index), idOf(index));
  });
  // Restores the revoked sessions for the next step.
  for (const index of revoked) {
    for (let other = 1; other < OF_ONE_OWNER; other++)
      await storage.write(idOf(index + other), sessionOf(index + other));
  }
  return { fill, bytes, read, replace, list, revokeAll, sweep: await sweep(storage, count) };
}

/** µs per expired session, among live ones; `undefined` if the engine removes them itself. */
async function sweep(storage, count) {
  if (!storage.sweep) return undefined;
  await inParallel(SHORT_LIVED, (index) => storage.write(hashed(`short ${count} ${index}`), sessionOf(index, 500)));
  await setTimeout(1000);
  const started = performance.now();
  const removed = await storage.sweep();
  return removed === 0 ? undefined : ((performance.now() - started) * 1000) / removed;
}

async function inParallel(count, run) {
  let index = 0;
  const lane = async () => {
    while (index < count) {
      await run(index++);
      if (index % 1000 === 0) await setImmediate();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
}

/** Sequential calls: `{ median, slowest }` in µs; `slowest` is the 99th percentile. */
async function timed(times, prepare) {
  const taken = [];
  for (let index = 0; index < times; index++) {
    const call = prepare();
    const started = performance.now();
    await call();
    taken.push((performance.now() - started) * 1000);
  }
  const sorted = taken.toSorted((left, right) => left - right);
  return { median: median(taken), slowest: sorted[Math.floor(times * 0.99)] };
}

// The same numbers in every run.
function randomBelow(count) {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % count;
  };
}

async function end() {
  await engine?.close();
}

answer({ next, end });
