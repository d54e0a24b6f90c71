import { parseArgs } from 'node:util';

const TABLES = ['requests', 'blocks', 'storages', 'decoders'];
/** Slow tables, the first of which needs gigabytes: only on request. */
const NAMED_TABLES = ['scale', 'contention'];
const LOADS = ['polling', 'wrk'];

/** The options of `npm run bench -- …`. */
export const USAGE = `npm run bench -- [options]
  --only NAME,NAME    contestants by a part of their name, as "redis" or "by-value@fastify"; bare always runs
  --cells NAME,NAME   columns by a part of their name, as "read" or "write small"
  --tables NAME,NAME  of ${TABLES.join(', ')}, by default all of these, and ${NAMED_TABLES.join(', ')}
  --rounds N          rounds of the first table, 1 to 50; default 5
  --seconds S         seconds of load on each cell in each round, 1 to 30; default 1
  --check             starts each contestant of the first table once, without measuring
  --load NAME         what makes the load: polling, which needs nothing, or wrk; default polling
  --json FILE         writes all figures to FILE
REDIS_URL, DATABASE_URL and MYSQL_URL say where Redis, PostgreSQL and MySQL are; without them their rows are left out.`;

/** Reads the command line. Prints the usage and exits for unknown options. */
export function readOptions(args = process.argv.slice(2)) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        only: { type: 'string', default: '' },
        cells: { type: 'string', default: '' },
        tables: { type: 'string', default: TABLES.join(',') },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '1' },
        check: { type: 'boolean', default: false },
        load: { type: 'string', default: 'polling' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) throw new Error('');
    const tables = list(values.tables);
    const unknown = tables.find((table) => ![...TABLES, ...NAMED_TABLES].includes(table));
    if (unknown !== undefined) throw new Error(`There is no table "${unknown}".`);
    if (!LOADS.includes(values.load)) throw new Error(`--load is ${LOADS.join(' or ')}.`);
    return {
      only: list(values.only),
      cells: list(values.cells),
      tables,
      rounds: wholeNumber('--rounds', values.rounds, 50),
      seconds: wholeNumber('--seconds', values.seconds, 30),
      check: values.check,
      load: values.load,
      json: values.json,
    };
  } catch (error) {
    process.stderr.write(`${error.message ? `${error.message}\n` : ''}${USAGE}\n`);
    process.exit(error.message ? 1 : 0);
  }
}

function list(text) {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function wholeNumber(name, text, most) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`${name} is a whole number from 1 to ${most}.`);
}
