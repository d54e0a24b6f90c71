import { SessionConfigurationError } from '../errors/session.errors.js';
import { describeClient } from '../storage/owned-client.js';
import type { SqlEngine, SqlRow, SqlValue } from '../sql/sql-engine.js';

/** @returns the rows: directly, as `rows` of an object, or first in a list with their number. */
export type PostgresQuery = (text: string, values: SqlValue[]) => Promise<unknown>;

/** A pool of `pg`, a PGlite or a TypeORM DataSource. */
export interface PostgresPool {
  readonly query: (text: string, values: never[]) => unknown;
}

/** @throws {SessionConfigurationError} for an invalid pool. */
export function postgresEngine(pool: PostgresPool | PostgresQuery): SqlEngine {
  const query = queryOf(pool);
  return {
    select: async (statement, values) => rowsOf(await query(statement, [...values])),
    // Some clients do not report the number of changed rows.
    change: async (statement, values) => rowsOf(await query(`${statement} RETURNING 1`, [...values])).length,
    define: async (statement) => query(statement, []),
  };
}

function queryOf(pool: PostgresPool | PostgresQuery): PostgresQuery {
  if (typeof pool === 'function') return pool;
  if (typeof pool?.query === 'function') {
    surviveIdleErrors(pool);
    const queryable = pool as { query(text: string, values: SqlValue[]): Promise<unknown> };
    return async (text, values) => queryable.query(text, values);
  }
  throw new SessionConfigurationError(
    'The pool of postgresSessionStorage must have query(text, values), as a Pool of pg or a PGlite, or be a function ' +
      `(text, values) => rows, as in postgresSessionStorage({ pool: new Pool() }). Found: ${describeClient(pool, 'query')}.`,
  );
}

/** pg's pool emits `error` when an idle connection breaks; without a listener the process ends. */
function surviveIdleErrors(pool: object): void {
  const { on, listenerCount } = pool as Partial<NodeJS.EventEmitter>;
  if (typeof on !== 'function' || typeof listenerCount !== 'function') return;
  if (listenerCount.call(pool, 'error') === 0) on.call(pool, 'error', () => undefined);
}

function rowsOf(result: unknown): readonly SqlRow[] {
  if (Array.isArray(result)) {
    // TypeORM returns the rows of an UPDATE or DELETE with their number.
    const withCount = result.length === 2 && Array.isArray(result[0]) && typeof result[1] === 'number';
    return (withCount ? result[0] : result) as readonly SqlRow[];
  }
  const rows = (result as { rows?: unknown } | null | undefined)?.rows;
  if (Array.isArray(rows)) return rows as readonly SqlRow[];
  throw new SessionConfigurationError(
    'The query of postgresSessionStorage must return a list of rows, or an object with a list as `rows`.',
  );
}
