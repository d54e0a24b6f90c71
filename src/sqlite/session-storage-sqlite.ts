import { definitionText, SessionStorageSql, type SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
import { closerOf } from '../storage/owned-client.js';
import { sqlTableName } from '../sql/sql-table-name.js';
import { sqliteDialect } from './sqlite-dialect.js';
import { setUpSqlite, sqliteEngine, type SqliteDatabase } from './sqlite-engine.js';

export interface SessionStorageSqliteOptions extends SessionStorageSqlOptions {
  /**
   * A database of node:sqlite or better-sqlite3, separate from the application's, whose transactions would include
   * session changes.
   */
  readonly database: SqliteDatabase;
  /** Closes the database in {@link close}. Default `false`. */
  readonly ownClient?: boolean;
  /** Creates the table on first use, if missing. Default `true`. */
  readonly createTable?: boolean;
  /** `set`: `journal_mode = WAL`, `synchronous = NORMAL`, and a `busy_timeout` of at least a second. Default `set`. */
  readonly pragmas?: 'set' | 'keep';
}

/**
 * Keeps sessions in a table of SQLite, for any number of processes of one machine; see docs/sqlite.md.
 *
 * A crash of the machine may lose the last commits, including logouts; not with `pragmas: 'keep'` and `synchronous =
 * FULL`. Not for network file systems: their locks are unreliable.
 */
export class SessionStorageSqlite extends SessionStorageSql {
  /**
   * @throws {SessionConfigurationError} for a database that is invalid or cannot be set up, or an invalid table name.
   */
  constructor(options: SessionStorageSqliteOptions) {
    super(
      sqliteEngine(options?.database),
      sqliteDialect,
      { ...options, createTable: options?.createTable ?? true },
      closerOf('sqliteSessionStorage', options.database, options.ownClient),
    );
    if (options.pragmas !== 'keep') setUpSqlite(options.database);
  }
}

export function sqliteSessionStorage(options: SessionStorageSqliteOptions): SessionStorageSqlite {
  return new SessionStorageSqlite(options);
}

/** The statements that create the table, for a migration. */
export function sqliteSessionTable(table = 'sessions'): string {
  return definitionText(sqliteDialect.definition(sqlTableName(table, sqliteDialect)));
}
