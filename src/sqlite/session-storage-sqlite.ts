import { definitionText, SessionStorageSql, type SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
import { closerOf } from '../storage/owned-client.js';
import { sqlTableName } from '../sql/sql-table-name.js';
import { sqliteDialect } from './sqlite-dialect.js';
import { setUpSqlite, sqliteEngine, type SqliteDatabase } from './sqlite-engine.js';

export interface SessionStorageSqliteOptions extends SessionStorageSqlOptions {
  /**
   * A `DatabaseSync` of node:sqlite (Node 22.13 and newer) or a `Database` of better-sqlite3, which the application
   * opens and closes. Use a separate one, so that session changes are not part of the application's transactions.
   */
  readonly database: SqliteDatabase;
  /**
   * {@link close} closes the database; `SessionsModule` calls it last, after all requests. Default `false`: the
   * application closes it, in `onApplicationShutdown`.
   */
  readonly ownClient?: boolean;
  /** Creates the table on first use, if missing. Default `true`. */
  readonly createTable?: boolean;
  /**
   * `set`: `journal_mode = WAL`, `synchronous = NORMAL`, and a `busy_timeout` of at least a second. `keep`: no changes.
   * Default `set`.
   */
  readonly pragmas?: 'set' | 'keep';
}

/**
 * Keeps sessions in a table of SQLite: one file, no server, any number of processes of one machine.
 *
 * The columns are `id` (primary key), `version`, `value`, `owner` (indexed if present), `expires_at` (epoch
 * milliseconds) and `expires_hour` (indexed, for sweeping).
 *
 * **Cost.** One statement per call; each blocks the process for microseconds.
 *
 * **Guarantees.** Versions, `replace`, `touch` and the owner's list are exact, also between processes. Expired rows
 * read as absent at once; {@link sweep} removes them in batches and also runs automatically, see `sweepEveryInSeconds`.
 *
 * **A crash** of the process loses nothing. A crash of the machine may lose the last commits (`synchronous = NORMAL`),
 * including logouts, but never damages the file; with `pragmas: 'keep'` and `synchronous = FULL` it loses nothing, at a
 * third of the speed or less.
 *
 * Not for network file systems: their locks are unreliable.
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

/** {@link SessionStorageSqlite} on the application's database. */
export function sqliteSessionStorage(options: SessionStorageSqliteOptions): SessionStorageSqlite {
  return new SessionStorageSqlite(options);
}

/** The statements that create the table and its indexes, for a migration. */
export function sqliteSessionTable(table = 'sessions'): string {
  return definitionText(sqliteDialect.definition(sqlTableName(table, sqliteDialect)));
}
