import { definitionText, SessionStorageSql, type SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
import { closerOf } from '../storage/owned-client.js';
import { sqlTableName } from '../sql/sql-table-name.js';
import { mysqlDialect } from './mysql-dialect.js';
import { mysqlEngine, type MysqlExecute, type MysqlPool } from './mysql-engine.js';

export interface SessionStorageMysqlOptions extends SessionStorageSqlOptions {
  /**
   * A pool of mysql2 or mariadb, or a function that executes a statement. Character set utf8mb4, the default of both.
   */
  readonly pool: MysqlPool | MysqlExecute;
  /** Closes the pool in {@link close}. Default `false`. */
  readonly ownClient?: boolean;
  /** Creates a missing table. Default `false`: see {@link mysqlSessionTable}. */
  readonly createTable?: boolean;
}

/**
 * Keeps sessions in a table of MySQL 8 or MariaDB 10.6 and newer; see docs/mysql.md.
 *
 * A crash of the server loses no acknowledged change, unless `innodb_flush_log_at_trx_commit` is not 1.
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

export function mysqlSessionStorage(options: SessionStorageMysqlOptions): SessionStorageMysql {
  return new SessionStorageMysql(options);
}

/** For a migration. */
export function mysqlSessionTable(table = 'sessions'): string {
  return definitionText(mysqlDialect.definition(sqlTableName(table, mysqlDialect)));
}
