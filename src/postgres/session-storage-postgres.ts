import { definitionText, SessionStorageSql, type SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
import { closerOf } from '../storage/owned-client.js';
import { sqlTableName } from '../sql/sql-table-name.js';
import { postgresDialect } from './postgres-dialect.js';
import { postgresEngine, type PostgresPool, type PostgresQuery } from './postgres-engine.js';

export interface SessionStoragePostgresOptions extends SessionStorageSqlOptions {
  /**
   * What runs statements; the application makes and closes it. A `Pool` of pg, a PGlite and a TypeORM `DataSource` are
   * taken as they are; for Prisma say
   * `pool: (text, values) => prisma.$queryRawUnsafe(text, ...values)`.
   */
  readonly pool: PostgresPool | PostgresQuery;
  /**
   * The storage closes the pool with {@link close}, which `SessionsModule` calls last of all: when the server has answered
   * every request. Default `false`: the application closes it, in `onApplicationShutdown`.
   */
  readonly ownClient?: boolean;
  /** Makes the table, at the first use, if it is not there. Default `false`: see {@link postgresSessionTable}. */
  readonly createTable?: boolean;
}

/**
 * Keeps sessions in a table of PostgreSQL.
 *
 * | column | type | |
 * |---|---|---|
 * | `id` | text | primary key |
 * | `version` | integer | counts up with every change |
 * | `value` | text | without NUL characters, which our serializers do not write |
 * | `owner` | text | indexed where there is one; up to 2,600 bytes |
 * | `expires_at`, `expires_hour` | bigint, integer | epoch milliseconds; the hour is indexed, for sweeping |
 *
 * **Cost.** `read` is one `SELECT` by primary key; `replace`, `touch`, `write` and `invalidate` of a live session are
 * one statement each, without a transaction around it.
 *
 * **Promises.** Versions, `replace`, `touch` and the owner's list are exact, whatever the number of processes.
 * `owners.invalidateAll` repeats its `DELETE` until it finds nothing. Expired rows read as absent at once; they are
 * removed in batches by {@link sweep}, which also runs by the way, see `sweepEveryInSeconds`.
 *
 * **A crash** of the server loses nothing that was acknowledged, unless `synchronous_commit` is off.
 */
export class SessionStoragePostgres extends SessionStorageSql {
  /** @throws {SessionConfigurationError} for a pool that cannot query, or a table's name that cannot be used. */
  constructor(options: SessionStoragePostgresOptions) {
    super(
      postgresEngine(options?.pool),
      postgresDialect,
      options,
      closerOf('postgresSessionStorage', options.pool, options.ownClient),
    );
  }
}

/** {@link SessionStoragePostgres} on a pool of the application's. */
export function postgresSessionStorage(options: SessionStoragePostgresOptions): SessionStoragePostgres {
  return new SessionStoragePostgres(options);
}

/** The statements that make the table and its indexes, for a migration. */
export function postgresSessionTable(table = 'sessions'): string {
  return definitionText(postgresDialect.definition(sqlTableName(table, postgresDialect)));
}
