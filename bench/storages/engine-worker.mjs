// Measures one storage outside of the heap: node engine-worker.mjs NAME; answers `measure`.
import { randomBytes } from 'node:crypto';
import { answer } from '../lib/answer.mjs';
import { newPlainSession } from '../lib/session-data.mjs';
import { ENGINES } from './engines.mjs';

const { name, open } = ENGINES.find((engine) => engine.name === process.argv[2]);
const SESSIONS = 2000;
/** Calls under way at once, as in a server with some visitors. */
const PARALLEL = 8;
const value = JSON.stringify(newPlainSession('small'));

async function measure() {
  const engine = await open();
  if (!engine) return undefined;
  const { storage, close } = engine;
  try {
    const ids = Array.from({ length: SESSIONS }, () => randomBytes(32).toString('base64url'));
    const expiresAt = Date.now() + 3_600_000;
    const versions = new Map();
    const operations = {
      write: async (id) => versions.set(id, await storage.write(id, { value, expiresAt })),
      read: (id) => storage.read(id),
      replace: async (id) => {
        const { status, version } = await storage.replace(id, { value, expiresAt }, versions.get(id));
        if (status !== 'replaced') throw new Error(`${name}: replace says ${status}.`);
        versions.set(id, version);
      },
      touch: (id) => storage.touch(id, expiresAt + 60_000),
      invalidate: (id) => storage.invalidate(id),
    };
    const rows = {};
    for (const [operation, run] of Object.entries(operations)) rows[operation] = await timed(ids, run);
    return { name, sessions: SESSIONS, parallel: PARALLEL, operations: rows };
  } finally {
    await close();
  }
}

/** CPU µs of this process for one call, and calls per second. */
async function timed(ids, run) {
  const waiting = [...ids];
  const before = process.cpuUsage();
  const started = performance.now();
  const lane = async () => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await run(id);
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
  const elapsed = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / ids.length, perSecond: Math.round((ids.length / elapsed) * 1000) };
}

answer({ measure });
