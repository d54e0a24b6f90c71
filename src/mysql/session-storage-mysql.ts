import { definitionText, SessionStorageSql, type SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
import { closerOf } from '../storage/owned-client.js';
import { sqlTableName } from '../sql/sql-table-name.js';
import { mysqlDialect } from './mysql-dialect.js';
import { mysqlEngine, type MysqlExecute, type MysqlPool } from './mysql-engine.js';

export interface SessionStorageMysqlOptions extends SessionStorageSqlOptions {
  /**
   * What executes statements; the application makes and closes it. A pool of mysql2, with promises or without, and one
   * of mariadb are taken as they are. Its character set must be utf8mb4, which is the default of both.
   */
  readonly pool: MysqlPool | MysqlExecute;
  /**
   * The storage closes the pool with {@link close}, which `SessionsModule` calls last of all: when the server has answered
   * every request. Default `false`: the application closes it, in `onApplicationShutdown`.
   */
  readonly ownClient?: boolean;
  /** Makes the table, at the first use, if it is not there. Default `false`: see {@link mysqlSessionTable}. */
  readonly createTable?: boolean;
}

/**
 * Keeps sessions in a table of MySQL 8 or MariaDB 10.6 and newer.
 *
 * | column | type | |
 * |---|---|---|
 * | `id` | varbinary(255) | primary key |
 * | `version` | int | counts up with every change |
 * | `value` | mediumtext, utf8mb4 | up to 16 MiB, and `max_allowed_packet` |
 * | `owner` | blob | indexed by its first 255 bytes |
 * | `expires_at`, `expires_hour` | bigint, int | epoch milliseconds; the hour is indexed, for sweeping |
 *
 * **Cost.** `read` is one `SELECT` by primary key; `replace`, `touch`, `write` and `invalidate` of a live session are
 * one statement each, without a transaction around it.
 *
 * **Promises.** Versions, `replace`, `touch` and the owner's list are exact, whatever the number of processes. A
 * statement that loses a deadlock is sent again. `owners.invalidateAll` repeats its `DELETE` until it finds nothing.
 * Expired rows read as absent at once; they are removed in batches by {@link sweep}, which also runs by the way, see
 * `sweepEveryInSeconds`.
 *
 * **A crash** of the server loses nothing that was acknowledged, unless `innodb_flush_log_at_trx_commit` is not 1.
 */
export class SessionStorageMysql extends SessionStorageSql {
  /** @throws {SessionConfigurationError} for a pool that cannot execute, or a table's name that cannot be used. */
  constructor(options: SessionStorageMysqlOptions) {
    super(
      mysqlEngine(options?.pool),
      mysqlDialect,
      options,
      closerOf('mysqlSessionStorage', options.pool, options.ownClient),
    );
  }

  /** A client without the flag FOUND_ROWS does not count a row that stays as it is: then it is looked at. */
  override async touch(id: string, expiresAt: number, version?: string): Promise<boolean> {
    if (await super.touch(id, expiresAt, version)) return true;
    const present = await this.read(id);
    return present !== undefined && present.expiresAt >= expiresAt && (version ?? present.version) === present.version;
  }
}

/** {@link SessionStorageMysql} on a pool of the application's. */
export function mysqlSessionStorage(options: SessionStorageMysqlOptions): SessionStorageMysql {
  return new SessionStorageMysql(options);
}

/** The statement that makes the table with its indexes, for a migration. */
export function mysqlSessionTable(table = 'sessions'): string {
  return definitionText(mysqlDialect.definition(sqlTableName(table, mysqlDialect)));
}
