// One storage under one fault.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Actor } from './actors.mjs';
import { inject, SKEW } from './faults.mjs';
import { Oracle } from './oracle.mjs';
import { ApplicationProcess } from './processes.mjs';
import { Recovery } from './recovery.mjs';

const ACTORS = 8;
const LIMIT = 3;
const QUIET = 700;
const RECOVERED_WITHIN = 5000;

/**
 * @param run `{ storage, fault, seconds, server, folder }`
 * @returns a row of the table, with descriptions of the errors.
 */
export async function runChaos({ storage, fault, seconds, server, folder }) {
  const key = randomBytes(32).toString('base64url');
  const leniency = fault === 'skew' ? SKEW : 0;
  const processes = [0, leniency].map(
    (skew) => new ApplicationProcess({ storage, where: server.where, key, skew, limit: LIMIT }),
  );
  // One after the other: the first creates the table.
  for (const process of processes) await process.start();
  try {
    const [oracle, recovery] = [new Oracle(), new Recovery()];
    const run = randomBytes(3).toString('hex');
    const actors = Array.from({ length: ACTORS }, (_, index) => {
      // Some users have more browsers than allowed sessions.
      const browsers = index % 4 === 3 ? LIMIT + 1 : 2;
      return new Actor(`${run}u${index}`, browsers, { processes, oracle, recovery, limit: LIMIT, leniency });
    });
    const until = Date.now() + seconds * 1000;
    const isOver = () => Date.now() >= until;
    const ended = (concerned, at) => recovery.ended(concerned, at);
    const injecting = injectUntil(isOver, fault, { processes, server, storage, folder, ended }, recovery);
    await Promise.all([...actors.map((actor) => actor.run(isOver)), injecting]);
    const injected = await injecting;
    await sleep(QUIET);
    await Promise.all(actors.map((actor) => actor.verify()));
    const { counts, findings } = oracle;
    return { storage, fault, seconds, injected, counts, findings, recovery: recovery.longest };
  } finally {
    await Promise.all(processes.map((process) => process.kill()));
  }
}

/** @returns the number of faults. */
async function injectUntil(isOver, fault, context, recovery) {
  let turn = 0;
  for (; !isOver(); turn++) {
    await sleep(QUIET);
    await inject(fault, { ...context, turn });
    const until = Date.now() + RECOVERED_WITHIN;
    while (recovery.open > 0 && Date.now() < until && !isOver()) await sleep(10);
  }
  return fault === 'skew' ? 1 : turn;
}
