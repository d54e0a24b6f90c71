import { definitionText, SessionStorageSql, type SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
import { closerOf } from '../storage/owned-client.js';
import { sqlTableName } from '../sql/sql-table-name.js';
import { sqliteDialect } from './sqlite-dialect.js';
import { setUpSqlite, sqliteEngine, type SqliteDatabase } from './sqlite-engine.js';

export interface SessionStorageSqliteOptions extends SessionStorageSqlOptions {
  /**
   * A `DatabaseSync` of node:sqlite (Node 22.13 and newer) or a `Database` of better-sqlite3, which the application
   * opens and closes. Better one of its own than one in whose transactions a session's change could get caught.
   */
  readonly database: SqliteDatabase;
  /**
   * The storage closes the database with {@link close}, which `SessionsModule` calls last of all: when the server has answered
   * every request. Default `false`: the application closes it, in `onApplicationShutdown`.
   */
  readonly ownClient?: boolean;
  /** Makes the table, at the first use, if it is not there. Default `true`. */
  readonly createTable?: boolean;
  /**
   * `set`: `journal_mode = WAL`, `synchronous = NORMAL`, and a `busy_timeout` of at least a second. `keep`: the
   * database stays as it is. Default `set`.
   */
  readonly pragmas?: 'set' | 'keep';
}

/**
 * Keeps sessions in a table of SQLite: one file, no server, any number of processes of one machine.
 *
 * The columns are `id` (primary key), `version`, `value`, `owner` (indexed where there is one), `expires_at` (epoch
 * milliseconds) and `expires_hour` (indexed, for sweeping).
 *
 * **Cost.** One statement for every call; each blocks the process for the microseconds that it takes.
 *
 * **Promises.** Versions, `replace`, `touch` and the owner's list are exact, also between processes. Expired rows read
 * as absent at once; they are removed in batches by {@link sweep}, which also runs by the way, see
 * `sweepEveryInSeconds`.
 *
 * **A crash** of the process loses nothing. One of the machine may lose the last commits, as `synchronous = NORMAL`
 * means, a logout among them, and never damages the file; with `pragmas: 'keep'` and `synchronous = FULL` it loses
 * nothing, at a third of the speed or less.
 *
 * Not on network file systems: their locks are not to be relied on.
 */
export class SessionStorageSqlite extends SessionStorageSql {
  /**
   * @throws {SessionConfigurationError} for a database that is none or cannot be set up, or a table's name that cannot
   * be used.
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

/** {@link SessionStorageSqlite} on a database of the application's. */
export function sqliteSessionStorage(options: SessionStorageSqliteOptions): SessionStorageSqlite {
  return new SessionStorageSqlite(options);
}

/** The statements that make the table and its indexes, for a migration. */
export function sqliteSessionTable(table = 'sessions'): string {
  return definitionText(sqliteDialect.definition(sqlTableName(table, sqliteDialect)));
}
