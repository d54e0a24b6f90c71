import { fileURLToPath } from 'node:url';
import { Child } from '../lib/child.mjs';
import { figure, textTable } from '../lib/text-table.mjs';
import { ENGINES } from './engines.mjs';

const MEMORY_WORKER = fileURLToPath(new URL('memory-worker.mjs', import.meta.url));
const ENGINE_WORKER = fileURLToPath(new URL('engine-worker.mjs', import.meta.url));
const MEMORIES = ['nestjs-sessions', 'express-session MemoryStore', 'lru-cache, with ttl'];
const COUNTS = [10_000, 100_000, 1_000_000];
const FLAGS = ['--expose-gc', '--max-old-space-size=4096'];

/** The third table: storages. Prints it and returns its figures. */
export async function run(_options, say) {
  const memory = [];
  for (const name of MEMORIES) {
    for (const count of COUNTS) {
      const child = new Child(MEMORY_WORKER, [name, String(count)], { flags: FLAGS });
      memory.push(await child.askOnce('measure'));
      say(`memory: ${name}, ${count} sessions`);
    }
  }
  const engines = [];
  const leftOut = [];
  for (const { name } of ENGINES) {
    const child = new Child(ENGINE_WORKER, [name]);
    const result = await child.askOnce('measure');
    if (result) engines.push(result);
    else leftOut.push(name);
    say(`storage: ${name}`);
  }
  process.stdout.write(`${textTable(memoryRows(memory))}\n\n${textTable(engineRows(engines))}\n\n`);
  if (leftOut.length > 0) process.stdout.write(`Left out, not to be had here: ${leftOut.join(', ')}\n\n`);
  return { memory, engines, leftOut };
}

/** `bytes` are of the heap for one session; the others CPU µs per call. */
export function memoryRows(memory) {
  const [first] = memory;
  return [
    [
      `memory storages (${first.payload} B of text and id)`,
      'sessions',
      'bytes',
      'read',
      'touch',
      'replace',
      'write',
      'longest pause, all expired',
    ],
    ...memory.map(({ name, count, bytes, read, touch, replace, write, expiry }) => [
      name,
      count,
      bytes.toFixed(0),
      ...[read, touch, replace, write].map(figure),
      expiry ? `${figure(expiry.longestPause)} ms, ${expiry.left} left` : '–',
    ]),
  ];
}

/** CPU µs of the application's process for one call, and calls per second. */
export function engineRows(engines) {
  const operations = ['write', 'read', 'replace', 'touch', 'invalidate'];
  return [
    ['storage, CPU µs (calls per second)', ...operations],
    ...engines.map((engine) => [
      engine.name,
      ...operations.map((operation) => {
        const { cpu, perSecond } = engine.operations[operation];
        return `${figure(cpu)} (${perSecond})`;
      }),
    ]),
  ];
}
