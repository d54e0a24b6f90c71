import { definitionText, SessionStorageSql, type SessionStorageSqlOptions } from '../sql/session-storage-sql.js';
import { closerOf } from '../storage/owned-client.js';
import { sqlTableName } from '../sql/sql-table-name.js';
import { postgresDialect } from './postgres-dialect.js';
import { postgresEngine, type PostgresPool, type PostgresQuery } from './postgres-engine.js';

export interface SessionStoragePostgresOptions extends SessionStorageSqlOptions {
  /**
   * A `Pool` of pg, a PGlite, a TypeORM `DataSource`, or a function; for Prisma: `(text, values) =>
   * prisma.$queryRawUnsafe(text, ...values)`.
   */
  readonly pool: PostgresPool | PostgresQuery;
  /** Closes the pool in {@link close}. Default `false`. */
  readonly ownClient?: boolean;
  /** Creates a missing table. Default `false`: see {@link postgresSessionTable}. */
  readonly createTable?: boolean;
}

/**
 * Keeps sessions in a table of PostgreSQL; see docs/postgres.md. An owner has at most 2,600 bytes.
 *
 * A crash of the server loses no acknowledged change, unless `synchronous_commit` is off.
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

export function postgresSessionStorage(options: SessionStoragePostgresOptions): SessionStoragePostgres {
  return new SessionStoragePostgres(options);
}

/** For a migration. */
export function postgresSessionTable(table = 'sessions'): string {
  return definitionText(postgresDialect.definition(sqlTableName(table, postgresDialect)));
}
