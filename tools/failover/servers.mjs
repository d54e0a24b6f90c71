// Servers of Redis or Valkey with replicas, in a temporary folder.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, sendRedis } from '../chaos/servers.mjs';

const SLOTS = 16_384;
const PRIMARIES = 3;
const children = new Set();

/** @throws if the binary cannot be started. */
export function versionOf(binary) {
  const { stdout, error } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (error) throw new Error(`${binary} cannot be started: ${error.message}`);
  return stdout.trim();
}

export async function killServers() {
  for (const child of children) child.kill('SIGKILL');
  while (children.size > 0) await sleep(10);
}

async function start(binary, folder, lines, ...args) {
  const port = await freePort();
  const own = join(folder, String(port));
  mkdirSync(own);
  const file = join(own, 'server.conf');
  writeFileSync(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${own}`, ...lines].join('\n'));
  const child = spawn(binary, [file, ...args], { stdio: 'ignore' });
  children.add(child);
  child.once('exit', () => children.delete(child));
  await until(async () => (await sendRedis(port, 'PING')).includes('PONG'));
  return { port, kill: (signal) => child.kill(signal) };
}

/** Waits until the condition is true; an error counts as false. */
async function until(isTrue) {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await isTrue().catch(() => false)) return;
    await sleep(50);
  }
  throw new Error('The servers were not ready within 30 seconds.');
}

const isLinked = (port) => async () => (await sendRedis(port, 'INFO', 'replication')).includes('master_link_status:up');
const volatile = ['save ""', 'appendonly no', 'repl-diskless-sync-delay 0'];

/** A primary, a replica, three sentinels. */
export async function startSentinel(binary, folder) {
  const primary = await start(binary, folder, volatile);
  const replica = await start(binary, folder, [...volatile, `replicaof 127.0.0.1 ${primary.port}`]);
  await until(isLinked(replica.port));
  const watch = [
    `sentinel monitor main 127.0.0.1 ${primary.port} 2`,
    'sentinel down-after-milliseconds main 1000',
    'sentinel failover-timeout main 5000',
  ];
  const sentinels = [];
  for (let index = 0; index < 3; index++) sentinels.push(await start(binary, folder, watch, '--sentinel'));
  // They discover each other and the replica after some time.
  for (const { port } of sentinels) {
    await until(async () => {
      const answer = await sendRedis(port, 'SENTINEL', 'MASTER', 'main');
      return /num-slaves\r\n\$1\r\n1\r\n/.test(answer) && /num-other-sentinels\r\n\$1\r\n2\r\n/.test(answer);
    });
  }
  return { ports: sentinels.map(({ port }) => port), primary, isOfPrimary: () => true };
}

/** Three primaries with a third of the slots and a replica each. */
export async function startCluster(binary, folder) {
  const nodes = [];
  for (let index = 0; index < 2 * PRIMARIES; index++) {
    const member = [`cluster-port ${await freePort()}`, 'cluster-enabled yes', 'cluster-node-timeout 2000'];
    nodes.push(await start(binary, folder, [...volatile, ...member, 'cluster-require-full-coverage no']));
  }
  const bounds = Array.from({ length: PRIMARIES + 1 }, (_, index) => Math.floor((index * SLOTS) / PRIMARIES));
  for (const [index, { port }] of nodes.slice(0, PRIMARIES).entries()) {
    await sendRedis(port, 'CLUSTER', 'ADDSLOTSRANGE', bounds[index], bounds[index + 1] - 1);
  }
  await meet(nodes);
  for (const [index, { port }] of nodes.slice(PRIMARIES).entries()) {
    const id = /[0-9a-f]{40}/.exec(await sendRedis(nodes[index].port, 'CLUSTER', 'MYID'))[0];
    await until(async () => (await sendRedis(port, 'CLUSTER', 'REPLICATE', id)).includes('OK'));
    await until(isLinked(port));
  }
  // Every node knows all replicas.
  for (const { port } of nodes) {
    await until(async () => (await sendRedis(port, 'CLUSTER', 'NODES')).match(/slave/g)?.length === PRIMARIES);
    await until(async () => (await sendRedis(port, 'CLUSTER', 'INFO')).includes('cluster_state:ok'));
  }
  return {
    ports: nodes.map(({ port }) => port),
    primary: nodes[0],
    isOfPrimary: (keys) => keys.some((key) => slotOf(key) < bounds[1]),
  };
}

async function meet([first, ...others]) {
  for (const { port } of others) {
    const bus = await busOf(port);
    await sendRedis(first.port, 'CLUSTER', 'MEET', '127.0.0.1', port, bus);
  }
  for (const { port } of [first, ...others]) {
    const known = `cluster_known_nodes:${others.length + 1}\r`;
    await until(async () => (await sendRedis(port, 'CLUSTER', 'INFO')).includes(known));
  }
}

async function busOf(port) {
  const answer = await sendRedis(port, 'CONFIG', 'GET', 'cluster-port');
  return answer.trim().split('\r\n').at(-1);
}

/** The hash slot of a key without braces: CRC-16/XMODEM. */
function slotOf(key) {
  let crc = 0;
  for (const byte of Buffer.from(key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc % SLOTS;
}
