// Measures the decoders: answers `measure` with rows `{ decoder, input, milliseconds, result }`.
import { answer } from '../lib/answer.mjs';
import { median } from '../lib/statistics.mjs';
import { inputs } from './inputs.mjs';

/** Number of runs, of which the median is reported; the first ones are not compiled yet. */
const TIMES = 9;

async function measure() {
  const rows = [];
  for (const [decoder, input, run] of await inputs()) {
    const times = [];
    let result;
    for (let time = 0; time < TIMES; time++) {
      const before = process.cpuUsage();
      result = decoded(run);
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1000);
    }
    rows.push({ decoder, input, milliseconds: median(times), result });
  }
  return rows;
}

function decoded(run) {
  try {
    const value = run();
    return value === undefined || (Array.isArray(value) && value.every((one) => one === undefined))
      ? 'refused'
      : 'read';
  } catch {
    return 'refused';
  }
}

answer({ measure });
