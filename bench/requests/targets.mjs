/** Smaller values, in CPU µs, are noise, so they are not used as divisors. */
const NOISE = 1;

/** Adds to `rows` one target: measured against at most `limit`. */
function target(rows, text, measured, limit) {
  if (measured === undefined || Number.isNaN(measured)) return;
  rows.push([text, measured.toFixed(2), `≤ ${limit}`, measured <= limit ? 'met' : 'not met']);
}

const WORK = ['read small', 'read large', 'write small', 'write large'];

/** The targets with the figures of this run. The first row is the head. */
export function targetRows(results, cells) {
  const rows = [['target', 'measured', 'asked', '']];
  const work = WORK.filter((cell) => cells.includes(cell));
  // `NaN` if it was not measured.
  const overhead = (id, cell) => results.find((result) => result.id === id)?.cells[cell]?.overhead ?? NaN;
  const ratio = (left, right, cell) => quotient(overhead(left, cell), overhead(right, cell));

  for (const { id, side, cells: measured } of results) {
    if (side !== 'ours') continue;
    const untouched = measured.untouched;
    if (untouched) target(rows, `${id}: untouched route ÷ bare`, untouched.ratioToBare, 1.03);
  }
  for (const cell of work) {
    const limit = cell.startsWith('read') ? 0.45 : 0.4;
    target(
      rows,
      `by id, memory ÷ @fastify/session memory: ${cell}`,
      ratio('by-id-memory@fastify', 'fastify-session-memory@fastify', cell),
      limit,
    );
  }
  for (const cell of cells.filter((name) => !name.startsWith('untouched'))) {
    target(
      rows,
      `by id, Redis ÷ connect-redis on Fastify: ${cell}`,
      ratio('by-id-redis@fastify', 'fastify-session-redis@fastify', cell),
      1,
    );
    target(
      rows,
      `by id, Redis ÷ connect-redis on Express: ${cell}`,
      ratio('by-id-redis@express', 'express-session-redis@express', cell),
      1,
    );
  }
  for (const cell of work) {
    target(
      rows,
      `sealed ÷ @fastify/secure-session: ${cell}`,
      ratio('by-value@fastify', 'fastify-secure-session@fastify', cell),
      1,
    );
    target(rows, `sealed ÷ iron-session: ${cell}`, ratio('by-value@fastify', 'iron-session@fastify', cell), 0.3);
    target(
      rows,
      `signed ÷ cookie-session: ${cell}`,
      ratio('by-value-signed@express', 'cookie-session@express', cell),
      0.5,
    );
  }
  for (const result of results.filter(({ side, platform }) => side === 'ours' && platform === 'express')) {
    for (const cell of work) target(rows, `${result.id} ÷ best peer: ${cell}`, toBestPeer(results, result, cell), 1);
  }
  for (const [ours, floor] of [
    ['by-id-memory', 'floor-by-id'],
    ['by-value', 'floor-sealed'],
    ['by-value-signed', 'floor-signed'],
  ]) {
    for (const cell of work) {
      const own = overhead(`${ours}@fastify`, cell) - overhead('bare-interceptor@fastify', cell);
      const measured = quotient(own, overhead(`${floor}@fastify`, cell));
      target(rows, `(${ours} − an interceptor) ÷ floor: ${cell}`, measured, 1.25);
    }
  }
  return rows;
}

function toBestPeer(results, result, cell) {
  const peers = results.filter(({ side, platform }) => side === 'peer' && platform === result.platform);
  if (peers.length === 0) return undefined;
  return quotient(result.cells[cell].overhead, Math.min(...peers.map((peer) => peer.cells[cell].overhead)));
}

function quotient(ours, other) {
  return other < NOISE ? undefined : Math.max(ours, 0) / other;
}
