import { median } from '../lib/statistics.mjs';

/** Length of a slice in milliseconds; short, so that most slices are not disturbed. */
const SLICE = 8;
const SLICES = 40;

/**
 * CPU µs of one call of `run`, the median of the faster half of some short slices. @param run may return a promise,
 * which is awaited with `asynchronous`.
 */
export async function microseconds(run, asynchronous = false) {
  const times = [];
  let calls = 64;
  for (let slice = 0; slice < SLICES; slice++) {
    const before = process.cpuUsage();
    const started = performance.now();
    if (asynchronous) for (let call = 0; call < calls; call++) await run();
    else for (let call = 0; call < calls; call++) run();
    const elapsed = performance.now() - started;
    const { user, system } = process.cpuUsage(before);
    // The first quarter warms up the compiler and determines the calls per slice.
    if (slice >= SLICES / 4) times.push((user + system) / calls);
    else calls = Math.max(1, Math.round((calls * SLICE) / Math.max(elapsed, 0.05)));
  }
  const faster = times.sort((left, right) => left - right).slice(0, times.length >> 1);
  return median(faster);
}
