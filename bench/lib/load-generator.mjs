import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.mjs';
import { benchFolder } from './prepare.mjs';
import { onLoadCore } from './machine.mjs';

const CONNECTIONS = 8;
const POLLING = fileURLToPath(new URL('polling-load.mjs', import.meta.url));

/** Creates load by a process that never sleeps; see polling-load.mjs. */
class PollingLoad {
  #child = new Child(POLLING, [], { core: onLoadCore });

  /**
   * Requests `url` over several connections for some seconds, with each of `cookies` in turn.
   * @param cookies `Cookie` headers; `''` for a request without one.
   * @returns the number of answered requests. @throws {Error} if one failed.
   */
  load(url, cookies, seconds) {
    return this.#child.ask('load', { url, cookies, connections: CONNECTIONS, seconds });
  }

  stop() {
    return this.#child.stop();
  }
}

/** The same with wrk, if it is installed. */
class WrkLoad {
  async load(url, cookies, seconds) {
    const folder = mkdtempSync(join(tmpdir(), 'sessions-bench-'));
    try {
      const file = join(folder, 'cookies');
      writeFileSync(file, cookies.map((cookie) => `${cookie}\n`).join(''));
      const script = join(benchFolder, 'lib', 'cookies.lua');
      const output = await run('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script, url, '--', file]);
      const refused = /Non-2xx or 3xx responses: (\d+)|Socket errors: (.+)/.exec(output);
      if (refused) throw new Error(`${url}: ${refused[0]}`);
      return Number(/(\d+) requests in/.exec(output)[1]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async stop() {}
}

/** @param name `polling` or `wrk`. @throws {Error} if wrk is not installed. */
export function startLoad(name) {
  if (name === 'polling') return new PollingLoad();
  if (spawnSync('wrk', ['-v']).error) throw new Error('wrk is not installed; leave --load out, which needs nothing.');
  return new WrkLoad();
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
