import type { SqlDialect } from '../sql/sql-engine.js';
import { insertOnNoConflict, upsertOnConflict } from '../sql/sql-statements.js';

export const sqliteDialect: SqlDialect = {
  name: 'SQLite',
  quote: '"',
  longestName: 128,
  greatest: 'max',
  parameter: () => '?',
  upsert: upsertOnConflict,
  insertNew: insertOnNoConflict,
  isTaken: () => false,
  sweep: (table, limit) =>
    `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} ` +
    `WHERE expires_hour <= ? AND expires_at <= ? LIMIT ${limit})`,
  definition: ({ schema, name, quoted, quote }) => {
    // SQLite puts the schema before the index name, not before its table.
    const index = (column: string): string =>
      `${schema === undefined ? '' : `${quote(schema)}.`}${quote(`${name}_${column}`)} ON ${quote(name)} (${column})`;
    return [
      `CREATE TABLE IF NOT EXISTS ${quoted} (
  id TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  value TEXT NOT NULL,
  owner TEXT,
  expires_at INTEGER NOT NULL,
  expires_hour INTEGER NOT NULL
)`,
      `CREATE INDEX IF NOT EXISTS ${index('owner')} WHERE owner IS NOT NULL`,
      `CREATE INDEX IF NOT EXISTS ${index('expires_hour')}`,
    ];
  },
  clock: undefined,
  isMissingTable: (error) => messageOf(error).includes('no such table'),
  isUndone: () => false,
  isBusy: (error) => {
    const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
    return (typeof code === 'string' && code.startsWith('SQLITE_BUSY')) || (Number(errcode) & 0xff) === 5;
  },
};

// By shape: a native error may belong to another realm.
function messageOf(error: unknown): string {
  return String((error as { message?: unknown } | null | undefined)?.message);
}
