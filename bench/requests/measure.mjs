import { fileURLToPath } from 'node:url';
import { Child } from '../lib/child.mjs';
import { startLoad } from '../lib/load-generator.mjs';
import { newCalibration, waitUntilFree } from '../lib/machine.mjs';
import { commandsDuring, redisUrl, removeKeys } from '../lib/redis.mjs';
import { median, spread } from '../lib/statistics.mjs';
import { checkSurvival, newSessions, Visitor } from './visitor.mjs';

const SERVER = fileURLToPath(new URL('server.mjs', import.meta.url));
/** Warm-up per cell, which is not counted. */
const WARM_UP_SECONDS = 2;
/** Sequential requests of one session whose Redis commands are counted. */
const COUNTED_REQUESTS = 20;
/** A `Cookie` header without a session, as long as one with an id. */
const ID_COOKIE = `bench=${'x'.repeat(43)}`;

/**
 * Runs the rounds: each measures every cell for all contestants and the bare frameworks in turn, so that other load
 * affects all of them.
 *
 * @param say is called with progress lines.
 * @returns one result per contestant: `{ id, label, side, platform, cells: { [cell]: { total, overhead, … } }, redis }`.
 */
export async function measureRequests(contestants, cells, { rounds, seconds, load }, say) {
  const generator = startLoad(load);
  const servers = [];
  try {
    for (const contestant of contestants) servers.push(await start(contestant, say));
    const calibration = newCalibration();
    for (let round = 0; round <= rounds; round++) {
      for (const cell of cells) {
        for (const server of servers)
          await measureCell(generator, server, cell, round === 0 ? WARM_UP_SECONDS : seconds, round, calibration);
      }
      // The first round is a warm-up.
      say(round === 0 ? 'warmed up' : `round ${round} of ${rounds}`);
    }
    for (const { contestant, url } of servers) if (contestant.side !== 'bare') await checkSurvival(contestant.id, url);
    return servers.map((server) => resultOf(server, servers, cells));
  } finally {
    await Promise.all([generator, ...servers.map(({ child }) => child)].map((child) => child.stop()));
    if (redisUrl) await removeKeys();
  }
}

/** Starts each contestant and checks that sessions survive. @throws {Error} for the first that fails. */
export async function checkRequests(contestants, say) {
  try {
    for (const contestant of contestants) await (await start(contestant, say)).child.stop();
  } finally {
    if (redisUrl) await removeKeys();
  }
}

async function start(contestant, say) {
  const child = new Child(SERVER, [contestant.id], { env: { NODE_ENV: 'production' } });
  try {
    const url = await child.ask('url');
    const session = contestant.side !== 'bare';
    if (session) await checkSurvival(contestant.id, url);
    const cookies = {
      small: session ? await newSessions(url, 'small') : [ID_COOKIE],
      large: session ? await newSessions(url, 'large') : [ID_COOKIE],
    };
    const redis = contestant.redis ? await countCommands(url) : undefined;
    say(`${contestant.id}: ${session ? 'sessions survive' : 'started'}`);
    return { contestant, child, url, cookies, redis, samples: new Map(), disturbed: 0 };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

async function countCommands(url) {
  const counted = {};
  for (const route of ['untouched', 'read', 'write']) {
    const visitor = new Visitor(url);
    await visitor.ask('/fill/small', 'POST');
    const commands = await commandsDuring(async () => {
      for (let index = 0; index < COUNTED_REQUESTS; index++) await visitor.ask(`/${route}`);
    });
    counted[route] = perRequest(commands);
  }
  return counted;
}

/** Number of commands per request by name: `{ GET: 1, SET: 1 }`. */
function perRequest(commands) {
  const counts = {};
  for (const command of commands) counts[command] = (counts[command] ?? 0) + 1 / COUNTED_REQUESTS;
  for (const command of Object.keys(counts)) counts[command] = Math.round(counts[command] * 100) / 100;
  return counts;
}

async function measureCell(generator, server, cell, seconds, round, calibration) {
  const cookies = cell.size ? server.cookies[cell.size] : [''];
  const url = `${server.url}/${cell.route}`;
  // The engine may have discarded compiled code while the others were measured.
  if (round > 0) await generator.load(url, cookies, 1);
  const free = await waitUntilFree(() => server.child.ask('spin'), calibration);
  const before = await server.child.ask('cpu');
  const answered = await generator.load(url, cookies, seconds);
  const cpu = (await server.child.ask('cpu')) - before;
  if (round === 0) return;
  if (!free) server.disturbed++;
  const samples = server.samples.get(cell.name) ?? [];
  samples.push(cpu / answered);
  server.samples.set(cell.name, samples);
}

function resultOf(server, servers, cells) {
  const { contestant, redis, disturbed } = server;
  const base = servers.find(
    ({ contestant: { name, platform } }) => name === 'bare' && platform === contestant.platform,
  );
  const measured = {};
  for (const { name } of cells) {
    const totals = server.samples.get(name);
    const overheads = totals.map((total, round) => total - base.samples.get(name)[round]);
    const ratios = totals.map((total, round) => total / base.samples.get(name)[round]);
    measured[name] = {
      total: median(totals),
      totalSpread: spread(totals),
      overhead: median(overheads),
      overheadSpread: spread(overheads),
      ratioToBare: median(ratios),
      totals,
    };
  }
  const { id, name, label, side, platform } = contestant;
  return { id, name, label, side, platform, disturbed, cells: measured, ...(redis ? { redis } : {}) };
}
