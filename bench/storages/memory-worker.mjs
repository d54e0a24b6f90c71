// One memory storage with so many sessions: node --expose-gc memory-worker.mjs NAME COUNT; answers `measure`.
import session from 'express-session';
import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { answer } from '../lib/answer.mjs';
import { SessionStorageMemory } from '../lib/package-under-test.mjs';
import { newPlainSession } from '../lib/session-data.mjs';

const [name, countText] = process.argv.slice(2);
const COUNT = Number(countText);
const OPERATIONS = Math.min(COUNT, 50_000);
const DAY = 86_400_000;
const template = JSON.stringify(newPlainSession('small'));

const idOf = (index) => createHash('sha256').update(String(index)).digest('base64url');
// Each session has a text of its own, as real ones do; joined and flattened, so that none shares memory.
const textOf = (index) => Buffer.from(template.replace('u-48213', `u-${index}`)).toString('latin1');

const promised = (run) => new Promise((resolve) => run(resolve));

/** `write(id, text)`, `read(id)`, `replace(id, text)`, `touch(id)`, `expire()` of the storages that are compared. */
const STORAGES = {
  'nestjs-sessions'() {
    let now = Date.now();
    const storage = new SessionStorageMemory({ maxSessions: 2e6, maxBytes: 2 ** 31, now: () => now });
    return {
      write: (id, value) => storage.write(id, { value, expiresAt: now + DAY }),
      read: (id) => storage.read(id),
      replace: (id, value) => storage.replace(id, { value, expiresAt: now + DAY }),
      touch: (id) => storage.touch(id, now + DAY + 1),
      async expire() {
        now += 2 * DAY;
        await storage.sweep();
        return storage.size;
      },
    };
  },
  'express-session MemoryStore'() {
    const store = new session.MemoryStore();
    const parsed = (text) => ({
      ...JSON.parse(text),
      cookie: { originalMaxAge: DAY, expires: new Date(Date.now() + DAY) },
    });
    return {
      write: (id, value) => promised((done) => store.set(id, parsed(value), done)),
      read: (id) => promised((done) => store.get(id, done)),
      replace: (id, value) => promised((done) => store.set(id, parsed(value), done)),
      touch: (id) => promised((done) => store.touch(id, { cookie: { expires: new Date() } }, done)),
    };
  },
  'lru-cache, with ttl'() {
    const cache = new LRUCache({ max: Math.max(COUNT, 2000), ttl: DAY });
    return {
      write: async (id, value) => cache.set(id, value),
      read: async (id) => cache.get(id),
      replace: async (id, value) => cache.set(id, value),
      touch: async (id) => cache.set(id, cache.get(id)),
    };
  },
};

async function measure() {
  const warm = STORAGES[name]();
  await fill(warm, 2000);
  for (const operation of ['read', 'replace', 'touch']) await timed(warm, operation, 2000, 2000);
  const before = heap();
  const storage = STORAGES[name]();
  const write = await fill(storage, COUNT);
  const bytes = (heap() - before) / COUNT;
  const times = { write };
  for (const operation of ['read', 'touch', 'replace'])
    times[operation] = await timed(storage, operation, COUNT, OPERATIONS);
  return { name, count: COUNT, payload: template.length + 43, bytes, ...times, expiry: await expiry(storage) };
}

async function fill(storage, count) {
  let spent = 0;
  for (let index = 0; index < count; index++) {
    const [id, text] = [idOf(index), textOf(index)];
    const started = performance.now();
    await storage.write(id, text);
    spent += performance.now() - started;
    if (index % 5000 === 0) await setImmediate();
  }
  return (spent * 1000) / count;
}

async function timed(storage, operation, count, operations) {
  const work = Array.from({ length: operations }, (_, index) => {
    const position = (index * 7919) % count;
    return [idOf(position), operation === 'replace' ? textOf(position) : undefined];
  });
  const before = process.cpuUsage();
  for (const [id, text] of work) await storage[operation](id, text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / operations;
}

/** All expire at once: the longest time during which nothing else could run, in milliseconds, and what is left. */
async function expiry(storage) {
  if (!storage.expire) return undefined;
  globalThis.gc();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const left = await storage.expire();
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.disable();
  return { longestPause: delay.max / 1e6, left };
}

function heap() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

answer({ measure });
