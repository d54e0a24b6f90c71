import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';

const canPin = process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0;
const cores = availableParallelism();

/** The core of the measured server and that of the load; the same on a single-core machine. */
const SERVER_CORE = cores - 1;
const LOAD_CORE = 0;

/** The command line that runs `command` on the server's core, if the machine supports pinning. */
export function onServerCore(command, args) {
  return pinned(SERVER_CORE, command, args);
}

/** The same on the core of the load. */
export function onLoadCore(command, args) {
  return pinned(LOAD_CORE, command, args);
}

/** A description of the machine, in one line. */
export function describeMachine() {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  const pin = canPin ? 'server and load pinned to one core each' : 'not pinned';
  return `${cores} × ${model}, ${memory} GB, ${process.platform} ${process.arch}, Node.js ${process.version}, ${pin}`;
}

/** A fixed piece of work, to measure the speed of the core. @returns milliseconds. */
export function spin() {
  const started = process.hrtime.bigint();
  let state = 1;
  for (let index = 0; index < 4_000_000; index++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  const elapsed = Number(process.hrtime.bigint() - started) / 1e6;
  return state === 0 ? 0 : elapsed;
}

/** Maximum total wait for an idle machine, and length of one wait, in milliseconds. */
const MOST_WAITING = 120_000;
const MOST_AT_ONCE = 1500;
const PAUSE = 250;

/**
 * Waits until `spinThere` is as fast as its best time, so that other load is not measured. Gives up after a while.
 * @returns whether the machine was idle.
 */
export async function waitUntilFree(spinThere, calibration) {
  for (let waited = 0; ; waited += PAUSE) {
    const elapsed = await spinThere();
    calibration.best = Math.min(calibration.best, elapsed);
    if (elapsed <= calibration.best * calibration.tolerance) return true;
    if (waited >= MOST_AT_ONCE || calibration.waited >= MOST_WAITING) return false;
    calibration.waited += PAUSE;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** The best time, for {@link waitUntilFree}. */
export function newCalibration() {
  return { best: Number.POSITIVE_INFINITY, tolerance: 1.2, waited: 0 };
}

function pinned(core, command, args) {
  return canPin ? ['taskset', ['-c', String(core), command, ...args]] : [command, args];
}
