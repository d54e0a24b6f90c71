// node tools/sentinel-failover.mjs
// Starts a primary, a replica and three sentinels, changes sessions through node-redis and ioredis, ends some of them,
// kills the primary, and counts what was answered and what is there after the fail-over. Needs redis-server, or the
// binary named by REDIS_SERVER, and the built package.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { redisSessionStorage } from 'nestjs-sessions/redis';
import { createClient, createSentinel } from 'redis';

const SECONDS = 25;
const binary = process.env.REDIS_SERVER ?? 'redis-server';
const directory = mkdtempSync(join(tmpdir(), 'sentinel-'));
const children = [];

async function freePort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

async function start(lines, ...args) {
  const port = await freePort();
  const file = join(directory, `${port}.conf`);
  writeFileSync(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${directory}`, ...lines].join('\n'));
  const child = spawn(binary, [file, ...args], { stdio: 'ignore' });
  children.push(child);
  for (;;) {
    const client = createClient({ socket: { port, reconnectStrategy: false } });
    client.on('error', () => undefined);
    try {
      await client.connect();
      client.destroy();
      return { port, child };
    } catch {
      await after(50);
    }
  }
}

async function startAll() {
  const server = ['save ""', 'appendonly no', 'repl-diskless-sync-delay 0'];
  const primary = await start(server);
  await start([...server, `replicaof 127.0.0.1 ${primary.port}`]);
  const watch = [
    `sentinel monitor main 127.0.0.1 ${primary.port} 2`,
    'sentinel down-after-milliseconds main 1000',
    'sentinel failover-timeout main 5000',
  ];
  const sentinels = [];
  for (let index = 0; index < 3; index++) sentinels.push((await start(watch, '--sentinel')).port);
  await after(4000);
  return { primary, sentinels };
}

const clients = {
  async 'node-redis'(ports) {
    const sentinelRootNodes = ports.map((port) => ({ host: '127.0.0.1', port }));
    const client = createSentinel({ name: 'main', sentinelRootNodes });
    client.on('error', () => undefined);
    await client.connect();
    return { storage: redisSessionStorage({ client }), close: () => client.destroy() };
  },
  async ioredis(ports) {
    const client = new Redis({ name: 'main', sentinels: ports.map((port) => ({ host: '127.0.0.1', port })) });
    client.on('error', () => undefined);
    return { storage: redisSessionStorage({ client }), close: () => client.disconnect() };
  },
};

const expiresAt = () => Date.now() + 3_600_000;

/** One visitor: begins a session, adds to it, ends it, and so on. Writes down what was answered with success. */
async function visit(storage, until, seen) {
  while (performance.now() < until) {
    const session = { id: randomUUID(), acknowledged: 0, ended: false };
    const owner = `owner ${session.id}`;
    try {
      await storage.write(session.id, { value: '0', expiresAt: expiresAt(), owner });
      seen.sessions.push(session);
      for (let value = 1; value <= 10; value++) {
        const read = await storage.read(session.id);
        if (!read) break;
        const result = await storage.replace(
          session.id,
          { value: `${value}`, expiresAt: expiresAt(), owner },
          read.version,
        );
        if (result.status !== 'replaced') break;
        session.acknowledged = value;
        answered(seen);
        await after(5);
      }
      if (Math.random() < 0.5) {
        await storage.invalidate(session.id);
        session.ended = true;
        answered(seen);
      }
    } catch {
      seen.failed++;
      await after(20);
    }
  }
}

function answered(seen) {
  const now = performance.now();
  seen.answered++;
  seen.longestGap = Math.max(seen.longestGap, now - seen.last);
  seen.last = now;
}

async function measure(name) {
  const { primary, sentinels } = await startAll();
  const { storage, close } = await clients[name](sentinels);
  const seen = { sessions: [], answered: 0, failed: 0, longestGap: 0, last: performance.now() };
  const until = performance.now() + SECONDS * 1000;
  const visitors = Promise.all(Array.from({ length: 20 }, () => visit(storage, until, seen)));
  await after(8000);
  primary.child.kill('SIGKILL');
  await Promise.race([visitors, after(SECONDS * 1000 + 15_000)]);
  let [lost, revived] = [0, 0];
  for (const { id, acknowledged, ended } of seen.sessions) {
    const read = await storage.read(id);
    if (ended && read) revived++;
    if (!ended && acknowledged > 0 && !(Number(read?.value) >= acknowledged)) lost++;
  }
  close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  const gap = (seen.longestGap / 1000).toFixed(1);
  console.log(`| ${name} | ${seen.answered} | ${seen.failed} | ${lost} | ${revived} | ${gap} s |`);
}

try {
  console.log('| Client | Answered | Failed | Lost | Revived | Longest time without an answer |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const name of Object.keys(clients)) await measure(name);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
}
process.exit();
