import { SessionConfigurationError } from '../errors/session.errors.js';
import { describeClient } from '../storage/owned-client.js';
import type { SqlEngine, SqlRow, SqlValue } from '../sql/sql-engine.js';

/** A database of node:sqlite or better-sqlite3. */
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

/** Blocks this process; {@link SqlDialect.isBusy} waits on. */
const BUSY_TIMEOUT_IN_MILLISECONDS = 20;

/** @throws {SessionConfigurationError} for an invalid database. */
export function sqliteEngine(database: SqliteDatabase): SqlEngine {
  if (typeof database?.prepare !== 'function' || typeof database.exec !== 'function') {
    throw new SessionConfigurationError(
      'The database of sqliteSessionStorage must be a DatabaseSync of node:sqlite or a Database of better-sqlite3, as in ' +
        `sqliteSessionStorage({ database: new DatabaseSync('sessions.db') }). Found: ${describeClient(database, 'prepare and exec')}.`,
    );
  }
  const prepared = new Map<string, Statement>();
  const prepare = (text: string): Statement => {
    let statement = prepared.get(text);
    if (!statement) prepared.set(text, (statement = database.prepare(text) as unknown as Statement));
    return statement;
  };
  // Asynchronous: errors become rejections.
  return {
    select: async (statement, values) => {
      const rows = prepare(statement).all(...values);
      if (Array.isArray(rows)) return rows;
      throw new SessionConfigurationError(
        'The database of sqliteSessionStorage returns results by callbacks. Pass a synchronous one: a DatabaseSync of ' +
          'node:sqlite or a Database of better-sqlite3.',
      );
    },
    change: async (statement, values) => {
      const run = (): number => Number(prepare(statement).run(...values).changes);
      return leavesBusyStatements(database) ? locked(database, run) : run();
    },
    define: async (statement) => database.exec(statement),
  };
}

/**
 * libsql does not reset a statement that failed because of another's lock; until it runs again, no write of the
 * connection is committed.
 */
function leavesBusyStatements(database: SqliteDatabase): boolean {
  return 'maxWriteReplicationIndex' in database && !('inTransaction' in database && database.inTransaction === true);
}

/** `exec` leaves no statement behind when it fails. */
function locked<T>(database: SqliteDatabase, run: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = run();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, such as on a full disk.
    }
    throw error;
  }
}

/** @throws {SessionConfigurationError} if the database is read-only or locked. */
export function setUpSqlite(database: SqliteDatabase): void {
  try {
    // Longer at the start: another process may be switching the database, too.
    database.exec('PRAGMA busy_timeout = 1000');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_IN_MILLISECONDS}`);
  } catch (cause) {
    throw new SessionConfigurationError(
      'The database of sqliteSessionStorage could not be switched to journal_mode WAL. Check that it is writable and ' +
        "not locked, or set pragmas: 'keep'.",
      { cause },
    );
  }
}
