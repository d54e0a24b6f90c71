// npm run chaos -- --storage redis --fault kill --seconds 60 Runs two processes of an application, users and faults,
// checks them with an oracle, and prints a table. Lists are separated by commas; `all` selects every storage or fault.
// `--out FILE` writes the table.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mountDisk, unmountDisk } from './chaos/disk.mjs';
import { faultNames, impossible, needsServerOnDisk } from './chaos/faults.mjs';
import { runChaos } from './chaos/run.mjs';
import { killServers, MissingBinaryError, startServer } from './chaos/servers.mjs';
import { storageNames } from './chaos/storages.mjs';
import { isBroken, markdownTable } from './chaos/table.mjs';
import { chosen } from './chosen.mjs';
import { build, isStale } from './dist.mjs';

const say = (line) => process.stderr.write(`${line}\n`);
const SHOWN_FINDINGS = 10;

function readOptions() {
  const { values } = parseArgs({
    options: {
      storage: { type: 'string', default: 'redis' },
      fault: { type: 'string', default: 'kill' },
      seconds: { type: 'string', default: '60' },
      out: { type: 'string' },
    },
  });
  const seconds = Number(values.seconds);
  if (!(seconds >= 1)) throw new Error(`--seconds is a number from 1. Found: ${values.seconds}.`);
  const storages = chosen(values.storage, storageNames, 'storage');
  return { storages, faults: chosen(values.fault, faultNames, 'fault'), seconds, out: values.out };
}

async function runStorage(storage, { faults, seconds }, root) {
  const base = join(root, storage);
  mkdirSync(base);
  const server = await startServer(storage, base);
  const results = [];
  try {
    for (const fault of faults) {
      const result = await runFault(storage, fault, seconds, server, base);
      if (result) results.push(result);
    }
  } finally {
    await server.close();
  }
  return results;
}

async function runFault(storage, fault, seconds, server, base) {
  const folder = join(base, fault);
  mkdirSync(folder);
  const onDisk = needsServerOnDisk(fault, storage);
  const hasDisk = fault === 'full' && mountDisk(folder, onDisk);
  let serverOnDisk;
  try {
    const reason = impossible(fault, storage, { hasDisk });
    if (reason !== undefined) {
      say(`${storage}, ${fault}: left out, ${reason}.`);
      return undefined;
    }
    // The other faults share a server; files have a folder per fault.
    if (onDisk) serverOnDisk = await startServer(storage, folder);
    const own = serverOnDisk ?? (server.where.folder === undefined ? server : { ...server, where: { folder } });
    const result = await runChaos({ storage, fault, seconds, server: own, folder });
    say(`${storage}, ${fault}: ${JSON.stringify({ ...result.counts, recovery: result.recovery })}`);
    for (const finding of result.findings.slice(0, SHOWN_FINDINGS)) say(`  ${finding}`);
    return result;
  } finally {
    await serverOnDisk?.close();
    if (hasDisk) unmountDisk(folder);
  }
}

/** Servers have their own process groups, so an interrupt does not reach them. */
function cleanUpWhenInterrupted(root, { storages }) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      killServers();
      for (const storage of storages) unmountDisk(join(root, storage, 'full'));
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
      process.exit(1);
    });
  }
}

async function main() {
  const options = readOptions();
  if (isStale()) build();
  const root = mkdtempSync(join(tmpdir(), 'chaos-'));
  // Servers may run as another user.
  chmodSync(root, 0o755);
  cleanUpWhenInterrupted(root, options);
  const results = [];
  try {
    for (const storage of options.storages) {
      try {
        results.push(...(await runStorage(storage, options, root)));
      } catch (error) {
        if (!(error instanceof MissingBinaryError)) throw error;
        say(`${storage}: ${error.message}`);
        process.exitCode = 1;
      }
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  const table = markdownTable(results);
  process.stdout.write(`${table}\n`);
  if (options.out) writeFileSync(options.out, `${table}\n`);
  if (results.some(isBroken)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
process.exit();
