// One fail-over under load.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SessionStorageResilient } from 'nestjs-sessions/core';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { killServers } from './servers.mjs';
import { Visitors } from './visitors.mjs';

export { groupsOf } from './visitors.mjs';

const KILLED_AFTER = 8000;
const VISITORS = 20;

/** Runs visitors while a primary fails. @returns the counts. */
export async function measure(startServers, connect, end, { server, seconds }) {
  const folder = mkdtempSync(join(tmpdir(), 'failover-'));
  try {
    const started = await startServers(server, folder);
    const { client, close } = await connect(started.ports);
    const visitors = new Visitors(new SessionStorageResilient(redisSessionStorage({ client })), started);
    const visiting = visitors.run(VISITORS, performance.now() + seconds * 1000);
    await sleep(KILLED_AFTER);
    started.primary.kill(end);
    await visiting;
    await visitors.verify();
    close();
    return visitors.groups;
  } finally {
    await killServers();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
