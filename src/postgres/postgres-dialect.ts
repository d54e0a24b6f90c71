import type { SqlDialect } from '../sql/sql-engine.js';
import { insertOnNoConflict, upsertOnConflict } from '../sql/sql-statements.js';

/**
 * With an index on the hour, not the moment, almost every touch is a heap-only update; the fill factor leaves room for
 * those.
 */
export const postgresDialect: SqlDialect = {
  name: 'PostgreSQL',
  quote: '"',
  longestName: 48,
  greatest: 'GREATEST',
  parameter: (position) => `$${position}`,
  upsert: upsertOnConflict,
  insertNew: insertOnNoConflict,
  isTaken: () => false,
  sweep: (table, limit) =>
    `DELETE FROM ${table} WHERE id = ANY (ARRAY(SELECT id FROM ${table} ` +
    `WHERE expires_hour <= ? AND expires_at <= ? LIMIT ${limit} FOR UPDATE SKIP LOCKED))`,
  definition: ({ name, quoted, quote }) => [
    `CREATE TABLE IF NOT EXISTS ${quoted} (
  id text COLLATE "C" PRIMARY KEY,
  version integer NOT NULL,
  value text NOT NULL,
  owner text COLLATE "C",
  expires_at bigint NOT NULL,
  expires_hour integer NOT NULL
) WITH (fillfactor = 75)`,
    `CREATE INDEX IF NOT EXISTS ${quote(`${name}_owner`)} ON ${quoted} (owner) WHERE owner IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${quote(`${name}_expires_hour`)} ON ${quoted} (expires_hour)`,
  ],
  // now() is the start of the transaction.
  clock: 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint',
  // https://www.postgresql.org/docs/current/errcodes-appendix.html
  isMissingTable: (error) => codeOf(error) === '42P01',
  isUndone: (error) => ['40001', '40P01'].includes(codeOf(error)),
  isBusy: () => false,
};

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null | undefined)?.code);
}
