// One injection of each fault. `ended` is called with the affected processes.
import { setTimeout as sleep } from 'node:timers/promises';
import { emptyDisk, fillDisk } from './disk.mjs';

/** Longer than the deadline of a storage call and the lock timeout of a directory. */
const STANDSTILL = 1300;
/** Milliseconds ahead of the other process. Clocks may differ by up to a minute. */
export const SKEW = 45_000;

const ofFiles = new Set(['sqlite', 'directory']);
const ofDisks = new Set(['postgres', 'mysql']);

async function kill({ processes, turn, ended }) {
  const process = processes[turn % processes.length];
  await process.kill();
  await sleep(200);
  const at = performance.now();
  await process.start();
  ended([process], at);
}

async function stop({ processes, server, turn, ended }) {
  // In turns: a server, the application.
  const isServer = server.nodes.length > 0 && turn % 2 === 0;
  const stopped = isServer ? server.nodes[(turn / 2) % server.nodes.length] : processes[turn % processes.length];
  stopped.signal('SIGSTOP');
  await sleep(STANDSTILL);
  stopped.signal('SIGCONT');
  ended(isServer ? processes : [stopped]);
}

async function restart({ processes, server, turn, ended }) {
  const node = server.nodes[turn % server.nodes.length];
  await node.crash();
  await sleep(300);
  await node.start();
  ended(processes);
}

async function reset({ processes, server, turn, ended }) {
  for (const proxy of server.proxies) proxy.cut();
  // Every second time, the server is reachable again at once.
  if (turn % 2 === 1) await sleep(400);
  for (const proxy of server.proxies) proxy.heal();
  ended(processes);
}

async function slow({ processes, server, storage, ended, folder }) {
  if (storage === 'sqlite') await holdLock(folder);
  else {
    for (const proxy of server.proxies) proxy.slow(() => Math.random() * 1.5 * STANDSTILL * (Math.random() < 0.2));
    await sleep(2000);
    for (const proxy of server.proxies) proxy.heal();
  }
  ended(processes);
}

/** Another process holds the write lock. */
async function holdLock(folder) {
  const { default: Database } = await import('libsql');
  const database = new Database(`${folder}/sessions.db`);
  for (let began = false; !began;) {
    try {
      database.exec('BEGIN IMMEDIATE');
      began = true;
    } catch {
      await sleep(5);
    }
  }
  await sleep(STANDSTILL);
  database.exec('COMMIT');
  database.close();
}

async function full({ processes, server, folder, ended }) {
  if (server.fill) await server.fill();
  else fillDisk(folder);
  await sleep(1500);
  if (server.empty) await server.empty();
  else emptyDisk(folder);
  // PostgreSQL exits if it cannot write its log.
  for (const node of server.nodes) if (!node.isRunning) await node.start();
  ended(processes);
}

/** The clock of one process is ahead for the whole run. */
async function skew() {
  await sleep(1000);
}

const injections = { kill, stop, restart, reset, slow, full, skew };
export const faultNames = Object.keys(injections);

/** Whether the server's data is on a separate disk for this fault. */
export function needsServerOnDisk(fault, storage) {
  return fault === 'full' && ofDisks.has(storage);
}

/** @returns why a fault is not possible for a storage, or `undefined`. */
export function impossible(fault, storage, { hasDisk }) {
  const hasFiles = ofFiles.has(storage);
  if ((fault === 'restart' || fault === 'reset') && hasFiles) return 'it has no server';
  if (fault === 'slow' && storage === 'directory') return 'it has no server; see stop';
  if (fault !== 'full') return undefined;
  return (hasFiles || ofDisks.has(storage)) && !hasDisk ? 'this process may not mount a small disk' : undefined;
}

export function inject(fault, context) {
  return injections[fault](context);
}
