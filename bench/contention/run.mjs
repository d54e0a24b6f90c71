import { fileURLToPath } from 'node:url';
import { Child } from '../lib/child.mjs';
import { onLoadCore } from '../lib/machine.mjs';
import { median } from '../lib/statistics.mjs';
import { figure, textTable } from '../lib/text-table.mjs';
import { ENGINES } from '../storages/engines.mjs';

const SERVER = fileURLToPath(new URL('server.mjs', import.meta.url));
const VISITORS = fileURLToPath(new URL('visitors.mjs', import.meta.url));
const WRITERS = [10, 100, 1000];
/** Other users, whose requests are timed; one user gives too few samples. */
const BYSTANDERS = 4;
const PAUSE = 2;
const LEAST_SECONDS = 2;
/** Number of runs, of which the median is reported. */
const ROUNDS = 3;
const WARM_UP = 1000;
/** Length of a warm-up for the other users, repeated until they get no error. */
const QUIET = 300;
const MOST_QUIET = 30;

/**
 * Measures the cost of many parallel writers of one session and their effect on other users, compared with the same
 * load without contention: a session per writer.
 */
export async function run(options, say) {
  const milliseconds = Math.max(LEAST_SECONDS, options.seconds) * 1000;
  const measured = [];
  const leftOut = [];
  for (const name of ['memory', ...ENGINES.map((engine) => engine.name)]) {
    const rows = await measureEngine(name, milliseconds, say);
    if (rows) measured.push(...rows);
    else leftOut.push(name);
  }
  process.stdout.write(`${textTable(contentionRows(measured))}\n\n`);
  if (leftOut.length > 0) process.stdout.write(`Left out, not to be had here: ${leftOut.join(', ')}\n\n`);
  return { measured, seconds: milliseconds / 1000, leftOut };
}

async function measureEngine(name, milliseconds, say) {
  const server = new Child(SERVER, [name]);
  const visitors = [];
  try {
    const started = await server.ask('start');
    if (!started) return undefined;
    const newVisitors = (core) => {
      const child = new Child(VISITORS, [String(started.port)], { core });
      visitors.push(child);
      return child;
    };
    const [writers, others] = [newVisitors(onLoadCore), newVisitors(onLoadCore)];
    const cookies = await others.ask('signIn', { count: BYSTANDERS });
    const own = await writers.ask('signIn', { count: Math.max(...WRITERS) });
    const waiting = (length) => others.ask('load', { cookies, milliseconds: length, pause: PAUSE });
    await Promise.all([waiting(WARM_UP), writers.ask('load', { cookies: own.slice(0, 10), milliseconds: WARM_UP })]);
    // Removes the data of the previous load.
    const settle = async () => {
      for (let tries = 0; tries < MOST_QUIET; tries++) if ((await waiting(QUIET)).failed === 0) return;
    };
    const beside = async (writing) => {
      await settle();
      const [flood, user] = await Promise.all([
        writers.ask('load', { cookies: writing, milliseconds }),
        waiting(milliseconds),
      ]);
      return { requests: flood.requests, failed: flood.failed, p99: percentile99(user.times), userFailed: user.failed };
    };
    const [cookie] = own;
    const rows = [];
    for (const count of WRITERS) {
      const [alone, apart, together] = [[], [], []];
      let calls = 0;
      for (let round = 0; round < ROUNDS; round++) {
        await settle();
        alone.push(percentile99((await waiting(milliseconds)).times));
        apart.push((await beside(own.slice(0, count))).p99);
        await settle();
        const before = await server.ask('callsOf', { cookie });
        together.push(await beside(Array.from({ length: count }, () => cookie)));
        calls += (await server.ask('callsOf', { cookie })) - before;
      }
      const sum = (member) => together.reduce((all, one) => all + one[member], 0);
      rows.push({
        name,
        writers: count,
        requests: sum('requests'),
        failed: sum('failed'),
        callsPerRequest: calls / sum('requests'),
        alone: median(alone),
        apart: median(apart),
        together: median(together.map(({ p99 }) => p99)),
        userFailed: sum('userFailed'),
      });
      say(`contention: ${name}, ${count} writers`);
    }
    await server.ask('end');
    return rows;
  } finally {
    await Promise.all([...visitors, server].map((child) => child.stop()));
  }
}

function percentile99(times) {
  const sorted = [...times].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))];
}

export function contentionRows(measured) {
  return [
    [
      'writers of one session',
      'parallel',
      'requests',
      'refused',
      'storage calls per request',
      "other users' p99, ms",
      'with a session for each writer',
      'ratio',
      'without writers',
      "other users' errors",
    ],
    ...measured.map((row) => [
      row.name,
      row.writers,
      row.requests,
      row.failed,
      figure(row.callsPerRequest),
      figure(row.together),
      figure(row.apart),
      figure(row.together / row.apart),
      figure(row.alone),
      row.userFailed,
    ]),
  ];
}
