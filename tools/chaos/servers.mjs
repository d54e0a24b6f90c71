// Starts installed servers in a temporary folder.
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProxy } from './proxy.mjs';

const READY_WITHIN = 30_000;

/** A binary is not installed. */
export class MissingBinaryError extends Error {}

function binary(name) {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    '/usr/sbin',
    ...versions.map((version) => `/usr/lib/postgresql/${version}/bin`),
  ];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (!found) throw new MissingBinaryError(`${name} is not on this machine: install its package.`);
  return found;
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const running = new Set();

/** Kills every running server, for an interrupted run. */
export function killServers() {
  for (const server of running) server.signal('SIGKILL');
}

/** One server process and the faults that it can have. */
class ServerProcess {
  constructor(command, args, { user, crashSignal = 'SIGKILL', isReady }) {
    Object.assign(this, { command, args, user, crashSignal, isReady });
  }

  async start() {
    const options = { stdio: 'ignore', detached: true, ...this.user };
    this.child = spawn(this.command, this.args, options);
    running.add(this);
    this.child.once('exit', () => running.delete(this));
    const until = Date.now() + READY_WITHIN;
    while (!(await this.isReady())) {
      if (Date.now() > until || this.child.exitCode !== null) throw new Error(`${this.command} did not start.`);
      await sleep(50);
    }
  }

  get isRunning() {
    return running.has(this);
  }

  /** Includes children: PostgreSQL has one per connection. */
  signal(name) {
    process.kill(0 - this.child.pid, name);
  }

  async crash(signal = this.crashSignal) {
    if (!this.isRunning) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    await gone;
  }
}

/** Sends a command to a Redis server. @returns its answer as text. */
export function sendRedis(port, ...words) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const command = words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`).join('');
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer')));
    socket.on('error', reject).on('data', (chunk) => {
      socket.destroy();
      const text = String(chunk);
      if (text.startsWith('-')) reject(new Error(text.trim()));
      else resolve(text);
    });
    socket.write(`*${words.length}\r\n${command}`);
  });
}

async function startRedisNode(folder, { cluster = false } = {}) {
  const command = binary('redis-server');
  const [port, bus] = [await freePort(), await freePort()];
  const proxy = await startProxy({ host: '127.0.0.1', port });
  const own = join(folder, `redis-${port}`);
  mkdirSync(own, { recursive: true });
  // A killed server must keep acknowledged writes.
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--maxmemory-policy', 'noeviction'];
  const member = ['--cluster-enabled', 'yes', '--cluster-port', bus, '--cluster-node-timeout', 2000];
  const announced = ['--cluster-announce-port', proxy.port, '--cluster-announce-bus-port', bus];
  const args = ['--port', port, '--bind', '127.0.0.1', '--dir', own, ...durable];
  if (cluster) args.push(...member, ...announced, '--cluster-require-full-coverage', 'no');
  const isReady = () =>
    sendRedis(port, 'PING').then(
      (answer) => answer.includes('PONG'),
      () => false,
    );
  const node = new ServerProcess(command, args.map(String), { isReady });
  await node.start();
  const full = (bytes) => sendRedis(port, 'CONFIG', 'SET', 'maxmemory', bytes);
  return { port, bus, proxy, node, full };
}

function together(nodes) {
  const each = (task) => Promise.all(nodes.map(task));
  return {
    where: { ports: nodes.map(({ proxy }) => proxy.port) },
    proxies: nodes.map(({ proxy }) => proxy),
    nodes: nodes.map(({ node }) => node),
    ...(nodes[0].full && {
      fill: () => each(({ full }) => full(1)),
      empty: () => each(({ full }) => full(0)),
    }),
    async close() {
      await each(({ node }) => node.crash());
      for (const { proxy } of nodes) proxy.close();
    },
  };
}

async function startCluster(folder) {
  const nodes = await Promise.all([1, 2, 3].map(() => startRedisNode(folder, { cluster: true })));
  const slots = [
    [0, 5460],
    [5461, 10_922],
    [10_923, 16_383],
  ];
  for (const [index, { port }] of nodes.entries()) await sendRedis(port, 'CLUSTER', 'ADDSLOTSRANGE', ...slots[index]);
  // Through the proxy, whose address the nodes announce.
  for (const { proxy, bus } of nodes.slice(1)) {
    await sendRedis(nodes[0].port, 'CLUSTER', 'MEET', '127.0.0.1', proxy.port, bus);
  }
  for (const { port } of nodes) {
    while (!(await sendRedis(port, 'CLUSTER', 'INFO')).includes('cluster_known_nodes:3')) await sleep(100);
    while (!(await sendRedis(port, 'CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(100);
  }
  return together(nodes);
}

/** A user for servers that refuse to run as root. */
function userOf(name) {
  if (process.getuid() !== 0) return {};
  const id = (option) => Number(spawnSync('id', [option, name], { encoding: 'utf8' }).stdout);
  return { uid: id('-u'), gid: id('-g') };
}

function runOnce(command, args, options) {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

async function startPostgres(folder) {
  const [command, initdb] = [binary('postgres'), binary('initdb')];
  const [user, port, data] = [userOf('postgres'), await freePort(), join(folder, 'postgres')];
  mkdirSync(data, { mode: 0o700 });
  if (user.uid) chownSync(data, user.uid, user.gid);
  const options = { ...user, cwd: '/' };
  runOnce(initdb, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], options);
  const { default: pg } = await import('pg');
  const isReady = async () => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
    client.on('error', () => {});
    return client.connect().then(
      () => client.end().then(() => true),
      () => false,
    );
  };
  // A small log, which fits on the disk of the fault `full`.
  const small = ['-c', 'min_wal_size=32MB', '-c', 'max_wal_size=32MB'];
  const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', data, ...small];
  // An immediate shutdown: like a crash, but its children end too.
  const node = new ServerProcess(command, args, { user: options, crashSignal: 'SIGQUIT', isReady });
  await node.start();
  return together([{ node, proxy: await startProxy({ host: '127.0.0.1', port }) }]);
}

async function startMysql(folder) {
  const [command, install] = [binary('mariadbd'), binary('mariadb-install-db')];
  const [user, port, data] = [userOf('mysql'), await freePort(), join(folder, 'mysql')];
  mkdirSync(data, { mode: 0o700 });
  if (user.uid) chownSync(data, user.uid, user.gid);
  // Small files, which fit on the disk of the fault `full`.
  const common = ['--no-defaults', `--datadir=${data}`, '--innodb-log-file-size=8M'];
  runOnce(install, [...common, '--auth-root-authentication-method=normal', '--skip-test-db'], { ...user, cwd: '/' });
  const { createConnection } = await import('mysql2/promise');
  const isReady = async () => {
    try {
      const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' });
      await connection.query('CREATE DATABASE IF NOT EXISTS test');
      await connection.end();
      return true;
    } catch {
      return false;
    }
  };
  const args = [...common, `--port=${port}`, '--bind-address=127.0.0.1', `--socket=${data}/socket`];
  const node = new ServerProcess(command, args, { user: { ...user, cwd: '/' }, isReady });
  await node.start();
  return together([{ node, proxy: await startProxy({ host: '127.0.0.1', port }) }]);
}

const single = async (folder) => together([await startRedisNode(folder)]);

/** Storages without an entry have no server. */
const starters = {
  redis: single,
  ioredis: single,
  cluster: startCluster,
  postgres: startPostgres,
  mysql: startMysql,
};

/** @returns the server or folder of a storage. @throws {MissingBinaryError} */
export async function startServer(storage, folder) {
  const start = starters[storage];
  return start ? start(folder) : { where: { folder }, proxies: [], nodes: [], close: async () => {} };
}
