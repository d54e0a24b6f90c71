import { definitionText, SessionStorageSql, type SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
import { closerOf } from '../storage/owned-client.js';
import { sqlTableName } from '../sql/sql-table-name.js';
import { mysqlDialect } from './mysql-dialect.js';
import { mysqlEngine, type MysqlExecute, type MysqlPool } from './mysql-engine.js';

export interface SessionStorageMysqlOptions extends SessionStorageSqlOptions {
  /**
   * Executes statements; the application creates and closes it. Pass a pool of mysql2 (promises or callbacks) or
   * mariadb. Its character set must be utf8mb4, the default of both.
   */
  readonly pool: MysqlPool | MysqlExecute;
  /**
   * {@link close} closes the pool; `SessionsModule` calls it last, after all requests. Default `false`: the application
   * closes it, in `onApplicationShutdown`.
   */
  readonly ownClient?: boolean;
  /** Creates the table on first use, if missing. Default `false`: see {@link mysqlSessionTable}. */
  readonly createTable?: boolean;
}

/**
 * Keeps sessions in a table of MySQL 8 or MariaDB 10.6 and newer.
 *
 * | column | type | |
 * |---|---|---|
 * | `id` | varbinary(255) | primary key |
 * | `version` | int | incremented by every change |
 * | `value` | mediumtext, utf8mb4 | up to 16 MiB, and `max_allowed_packet` |
 * | `owner` | blob | indexed by its first 255 bytes |
 * | `expires_at`, `expires_hour` | bigint, int | epoch milliseconds; the hour is indexed, for sweeping |
 *
 * **Cost.** `read` is one `SELECT` by primary key; `replace`, `touch`, `write` and `invalidate` of a live session are
 * one statement each, without a transaction.
 *
 * **Guarantees.** Versions, `replace`, `touch` and the owner's list are exact for any number of processes. A statement
 * that loses a deadlock is retried. `owners.invalidateAll` repeats its statement until it finds nothing. Expired rows
 * read as absent at once; {@link sweep} removes them in batches and also runs automatically, see `sweepEveryInSeconds`.
 *
 * **A crash** of the server loses nothing that was acknowledged, unless `innodb_flush_log_at_trx_commit` is not 1.
 */
export class SessionStorageMysql extends SessionStorageSql {
  /** @throws {SessionConfigurationError} for an invalid pool or table name. */
  constructor(options: SessionStorageMysqlOptions) {
    super(
      mysqlEngine(options?.pool),
      mysqlDialect,
      options,
      closerOf('mysqlSessionStorage', options.pool, options.ownClient),
    );
  }

  /** Without the flag FOUND_ROWS an unchanged row is not counted, so the row is read. */
  override async touch(id: string, expiresAt: number, version?: string): Promise<boolean> {
    if (await super.touch(id, expiresAt, version)) return true;
    const present = await this.read(id);
    return present !== undefined && present.expiresAt >= expiresAt && (version ?? present.version) === present.version;
  }
}

/** {@link SessionStorageMysql} on the application's pool. */
export function mysqlSessionStorage(options: SessionStorageMysqlOptions): SessionStorageMysql {
  return new SessionStorageMysql(options);
}

/** The statement that creates the table with its indexes, for a migration. */
export function mysqlSessionTable(table = 'sessions'): string {
  return definitionText(mysqlDialect.definition(sqlTableName(table, mysqlDialect)));
}
