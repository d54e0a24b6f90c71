import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchFolder } from './prepare.mjs';
import { onLoadCore } from './machine.mjs';

export const CONNECTIONS = 8;

const hasWrk = spawnSync('wrk', ['-v']).error === undefined;

/** What makes the load: wrk where it is installed, else autocannon. */
export const loadGeneratorName = hasWrk ? 'wrk' : 'autocannon';

/**
 * Asks for `url` over {@link CONNECTIONS} connections for some seconds, with each of `cookies` in turn.
 * @param cookies `Cookie` headers; `''` for a request without one.
 * @returns how many requests were answered. @throws {Error} when one failed.
 */
export async function load(url, cookies, seconds) {
  const folder = mkdtempSync(join(tmpdir(), 'sessions-bench-'));
  try {
    const file = join(folder, 'cookies');
    writeFileSync(file, cookies.map((cookie) => `${cookie}\n`).join(''));
    return hasWrk ? await wrk(url, file, seconds) : await autocannon(url, file, seconds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function wrk(url, file, seconds) {
  const script = join(benchFolder, 'lib', 'cookies.lua');
  const output = await run('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script, url, '--', file]);
  const refused = /Non-2xx or 3xx responses: (\d+)|Socket errors: (.+)/.exec(output);
  if (refused) throw new Error(`${url}: ${refused[0]}`);
  return Number(/(\d+) requests in/.exec(output)[1]);
}

async function autocannon(url, file, seconds) {
  const script = join(benchFolder, 'lib', 'autocannon.mjs');
  const output = await run(process.execPath, [script, url, file, String(CONNECTIONS), String(seconds)]);
  const { answered, failed } = JSON.parse(output);
  if (failed > 0) throw new Error(`${url}: ${failed} requests failed.`);
  return answered;
}

function run(command, args) {
  const [pinned, all] = onLoadCore(command, args);
  return new Promise((resolve, reject) => {
    const child = spawn(pinned, all, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}.`))));
  });
}
