import { definitionText, SessionStorageSql, type SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
import { closerOf } from '../storage/owned-client.js';
import { sqlTableName } from '../sql/sql-table-name.js';
import { postgresDialect } from './postgres-dialect.js';
import { postgresEngine, type PostgresPool, type PostgresQuery } from './postgres-engine.js';

export interface SessionStoragePostgresOptions extends SessionStorageSqlOptions {
  /**
   * Runs statements; the application creates and closes it. Pass a `Pool` of pg, a PGlite or a TypeORM `DataSource`;
   * for Prisma: `pool: (text, values) => prisma.$queryRawUnsafe(text, ...values)`.
   */
  readonly pool: PostgresPool | PostgresQuery;
  /**
   * {@link close} closes the pool; `SessionsModule` calls it last, after all requests. Default `false`: the application
   * closes it, in `onApplicationShutdown`.
   */
  readonly ownClient?: boolean;
  /** Creates the table on first use, if missing. Default `false`: see {@link postgresSessionTable}. */
  readonly createTable?: boolean;
}

/**
 * Keeps sessions in a table of PostgreSQL.
 *
 * | column | type | |
 * |---|---|---|
 * | `id` | text | primary key |
 * | `version` | integer | incremented by every change |
 * | `value` | text | without NUL characters, which our serializers do not write |
 * | `owner` | text | indexed if present; up to 2,600 bytes |
 * | `expires_at`, `expires_hour` | bigint, integer | epoch milliseconds; the hour is indexed, for sweeping |
 *
 * **Cost.** `read` is one `SELECT` by primary key; `replace`, `touch`, `write` and `invalidate` of a live session are
 * one statement each, without a transaction.
 *
 * **Guarantees.** Versions, `replace`, `touch` and the owner's list are exact for any number of processes.
 * `owners.invalidateAll` repeats its statement until it finds nothing. Expired rows read as absent at once;
 * {@link sweep} removes them in batches and also runs automatically, see `sweepEveryInSeconds`.
 *
 * **A crash** of the server loses nothing that was acknowledged, unless `synchronous_commit` is off.
 */
export class SessionStoragePostgres extends SessionStorageSql {
  /** @throws {SessionConfigurationError} for an invalid pool or table name. */
  constructor(options: SessionStoragePostgresOptions) {
    super(
      postgresEngine(options?.pool),
      postgresDialect,
      options,
      closerOf('postgresSessionStorage', options.pool, options.ownClient),
    );
  }
}

/** {@link SessionStoragePostgres} on the application's pool. */
export function postgresSessionStorage(options: SessionStoragePostgresOptions): SessionStoragePostgres {
  return new SessionStoragePostgres(options);
}

/** The statements that create the table and its indexes, for a migration. */
export function postgresSessionTable(table = 'sessions'): string {
  return definitionText(postgresDialect.definition(sqlTableName(table, postgresDialect)));
}
