import { figure } from '../lib/text-table.mjs';

const SIDES = ['bare', 'ours', 'peer', 'floor'];

/** The rows of one platform: CPU µs over the bare framework, with spread. */
export function requestRows(results, platform, cells) {
  const ofPlatform = results
    .filter((result) => result.platform === platform)
    .sort((left, right) => SIDES.indexOf(left.side) - SIDES.indexOf(right.side));
  const withRedis = ofPlatform.some(({ redis }) => redis);
  const head = [
    `${platform === 'fastify' ? 'Fastify' : 'Express'}, CPU µs per request`,
    ...cells,
    ...(withRedis ? ['Redis on read', 'on write'] : []),
  ];
  const rows = ofPlatform.map((result) => [
    result.name === 'bare' ? `${result.label} (its own)` : result.label,
    ...cells.map((cell) => cellText(result, cell)),
    ...(withRedis ? [commandsText(result.redis?.read), commandsText(result.redis?.write)] : []),
  ]);
  return [head, ...rows];
}

/** The rows with the ratios of nestjs-sessions to the best peer of the platform. */
export function ratioRows(results, platform, cells) {
  const ours = results.filter((result) => result.platform === platform && result.side === 'ours');
  const peers = results.filter((result) => result.platform === platform && result.side === 'peer');
  if (ours.length === 0 || peers.length === 0) return [];
  const best = (cell) =>
    peers.reduce((found, peer) => (peer.cells[cell].overhead < found.cells[cell].overhead ? peer : found));
  return [
    ['nestjs-sessions ÷ best peer', ...cells],
    ...ours.map((result) => [
      result.label,
      ...cells.map((cell) => ratioText(result.cells[cell].overhead, best(cell).cells[cell].overhead)),
    ]),
    ['best peer', ...cells.map((cell) => best(cell).name)],
  ];
}

function cellText(result, cell) {
  const { total, totalSpread, overhead, overheadSpread } = result.cells[cell];
  return result.name === 'bare'
    ? `${figure(total)} ±${figure(totalSpread)}`
    : `+${figure(overhead)} ±${figure(overheadSpread)}`.replace('+-', '−');
}

// A ratio of two zeros has no meaning.
const NOTHING = 1;

function ratioText(ours, peer) {
  if (ours < NOTHING) return '0';
  return peer < NOTHING ? '–' : (ours / peer).toFixed(2);
}

function commandsText(commands) {
  if (!commands) return '';
  const entries = Object.entries(commands);
  if (entries.length === 0) return 'none';
  return entries.map(([command, count]) => (count === 1 ? command : `${count} ${command}`)).join(' + ');
}
