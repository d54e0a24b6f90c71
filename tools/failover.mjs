// node tools/failover.mjs --setup cluster --server valkey-server --seconds 25 Starts a primary with a replica and three
// sentinels, or a cluster of three primaries with a replica each. Visitors create, change and end sessions while a
// primary is killed or stopped; then the stored sessions are compared with the answers. Lists are separated by commas;
// `--setup`, `--client` and `--end` take `all`.
import { parseArgs } from 'node:util';
import { chosen } from './chosen.mjs';
import { build, isStale } from './dist.mjs';
import { clients } from './failover/clients.mjs';
import { killServers, startCluster, startSentinel, versionOf } from './failover/servers.mjs';

const setups = { sentinel: startSentinel, cluster: startCluster };
const ends = { kill: 'SIGKILL', stop: 'SIGSTOP' };

function readOptions() {
  const { values } = parseArgs({
    options: {
      setup: { type: 'string', default: 'all' },
      client: { type: 'string', default: 'all' },
      end: { type: 'string', default: 'kill' },
      server: { type: 'string', default: 'redis-server' },
      seconds: { type: 'string', default: '25' },
    },
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 10)) throw new Error(`--seconds is a number above 10. Found: ${values.seconds}.`);
  return {
    setups: chosen(values.setup, Object.keys(setups), 'setup'),
    clients: chosen(values.client, Object.keys(clients), 'client'),
    ends: chosen(values.end, Object.keys(ends), 'end'),
    server: values.server,
    seconds,
  };
}

const COLUMNS = [
  'Setup',
  'Client',
  'Primary',
  'Sessions of',
  'Answered',
  '503',
  'Other errors',
  'Lost',
  'Revived',
  'Unreadable',
  'Gap, s',
];

function lineOf(cells) {
  return `| ${cells.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)).join(' | ')} |`;
}

async function main() {
  const options = readOptions();
  if (isStale()) build();
  // Needs the built package.
  const { groupsOf, measure } = await import('./failover/measure.mjs');
  let isBroken = false;
  console.log(`${versionOf(options.server)}\n\n${lineOf(COLUMNS)}\n${lineOf(COLUMNS.map(() => '---'))}`);
  for (const setup of options.setups) {
    for (const name of options.clients.filter((each) => clients[each][setup])) {
      for (const end of options.ends) {
        const groups = await measure(setups[setup], clients[name][setup], ends[end], options);
        for (const group of groupsOf(setup)) {
          const { answered, unavailable, failed, lost, revived, unreadable, gap } = groups[group];
          isBroken ||= lost + revived + failed + unreadable > 0;
          const cells = [answered, unavailable, failed, lost, revived, unreadable, (gap / 1000).toFixed(1)];
          console.log(lineOf([setup, name, end === 'kill' ? 'killed' : 'stopped', group, ...cells]));
        }
      }
    }
  }
  if (isBroken) process.exitCode = 1;
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void killServers().then(() => process.exit(1)));
}
try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
process.exit();
