import { COLUMNS, type SqlDialect } from '../sql/sql-engine.js';

/**
 * Ids and owners are bytes: collations equate texts such as `a` and `A`. `REPLACE` is the only upsert of both MySQL and
 * MariaDB.
 */
export const mysqlDialect: SqlDialect = {
  name: 'MySQL',
  quote: '`',
  longestName: 48,
  greatest: 'GREATEST',
  parameter: () => '?',
  upsert: (table) => `REPLACE INTO ${table} (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`,
  insertNew: (table, values) => `INSERT INTO ${table} (${COLUMNS}) VALUES (${values})`,
  // INSERT IGNORE would also ignore invalid data.
  isTaken: (error) => numberOf(error) === 1062,
  sweep: (table, limit) => `DELETE FROM ${table} WHERE expires_hour <= ? AND expires_at <= ? LIMIT ${limit}`,
  definition: ({ quoted }) => [
    `CREATE TABLE IF NOT EXISTS ${quoted} (
  id varbinary(255) NOT NULL PRIMARY KEY,
  version int NOT NULL,
  value mediumtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  owner blob,
  expires_at bigint NOT NULL,
  expires_hour int NOT NULL,
  KEY owner (owner(255)),
  KEY expires_hour (expires_hour)
) ENGINE=InnoDB`,
  ],
  // A local time occurs twice when summer time ends.
  clock: "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)",
  // https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
  isMissingTable: (error) => numberOf(error) === 1146,
  // Deadlock; MariaDB's "record has changed since last read".
  isUndone: (error) => [1213, 1020].includes(numberOf(error)),
  isBusy: () => false,
};

function numberOf(error: unknown): number {
  return Number((error as { errno?: unknown } | null | undefined)?.errno);
}
