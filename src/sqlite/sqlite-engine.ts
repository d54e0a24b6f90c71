import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SqlEngine, SqlRow, SqlValue } from '../sql/sql-engine.js';

/** A `DatabaseSync` of node:sqlite, a `Database` of better-sqlite3, or an object with their methods. */
export interface SqliteDatabase {
  readonly prepare: (statement: string) => {
    readonly all: (...values: never[]) => unknown[];
    readonly run: (...values: never[]) => { readonly changes: number | bigint };
  };
  readonly exec: (statements: string) => unknown;
}

interface Statement {
  all(...values: SqlValue[]): SqlRow[];
  run(...values: SqlValue[]): { readonly changes: number | bigint };
}

/**
 * Timeout for another process's lock. It blocks this process; {@link SqlDialect.isBusy} waits asynchronously after it.
 */
const BUSY_TIMEOUT_IN_MILLISECONDS = 20;

/** @throws {SessionConfigurationError} for an invalid database. */
export function sqliteEngine(database: SqliteDatabase): SqlEngine {
  if (typeof database?.prepare !== 'function' || typeof database.exec !== 'function') {
    throw new SessionConfigurationError(
      'The database of sqliteSessionStorage must be a DatabaseSync of node:sqlite or a Database of better-sqlite3, as in ' +
        `sqliteSessionStorage({ database: new DatabaseSync('sessions.db') }). Found: ${describe(database)}.`,
    );
  }
  const prepared = new Map<string, Statement>();
  const prepare = (text: string): Statement => {
    let statement = prepared.get(text);
    if (!statement) prepared.set(text, (statement = database.prepare(text) as unknown as Statement));
    return statement;
  };
  // Async functions turn the database's exceptions into rejections.
  return {
    select: async (statement, values) => {
      const rows = prepare(statement).all(...values);
      if (Array.isArray(rows)) return rows;
      throw new SessionConfigurationError(
        'The database of sqliteSessionStorage answers by callbacks. Give it one that answers at once: a DatabaseSync of ' +
          'node:sqlite or a Database of better-sqlite3.',
      );
    },
    change: async (statement, values) => Number(prepare(statement).run(...values).changes),
    define: async (statement) => database.exec(statement),
  };
}

/**
 * Configures a database for many small changes by several processes.
 * @throws {SessionConfigurationError} if that fails: it is read-only or locked.
 */
export function setUpSqlite(database: SqliteDatabase): void {
  try {
    // Longer at start: another process may be configuring the database too.
    database.exec('PRAGMA busy_timeout = 1000');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_IN_MILLISECONDS}`);
  } catch (cause) {
    throw new SessionConfigurationError(
      'The database of sqliteSessionStorage could not be switched to journal_mode WAL. See that it can be written and ' +
        "that nobody holds a lock on it, or say { pragmas: 'keep' }.",
      { cause },
    );
  }
}

// Types and names only.
function describe(found: unknown): string {
  if (typeof found !== 'object' || found === null) return found === null ? 'null' : typeof found;
  const name: unknown = found.constructor?.name;
  return typeof name === 'string' && name !== '' ? `an instance of ${name} without prepare and exec` : 'an object';
}
