import { SessionConfigurationError } from '../errors/session.errors.js';
import { describeClient } from '../storage/owned-client.js';
import type { SqlEngine, SqlRow, SqlValue } from '../sql/sql-engine.js';

/** @returns the rows, or an object with `affectedRows`; directly or first in a list. */
export type MysqlExecute = (statement: string, values: SqlValue[]) => Promise<unknown>;

/** A pool of mysql2 or mariadb. */
export interface MysqlPool {
  readonly execute: (...args: never[]) => unknown;
  /** mysql2's callback pool returns its promise pool. */
  readonly promise?: () => unknown;
}

/** @throws {SessionConfigurationError} for an invalid pool. */
export function mysqlEngine(pool: MysqlPool | MysqlExecute): SqlEngine {
  const execute = executeOf(pool);
  return {
    select: async (statement, values) => rowsOf(await execute(statement, [...values])),
    change: async (statement, values) => affectedOf(await execute(statement, [...values])),
    define: async (statement) => execute(statement, []),
  };
}

function executeOf(pool: MysqlPool | MysqlExecute): MysqlExecute {
  if (typeof pool === 'function') return pool;
  const found = typeof pool?.promise === 'function' ? (pool.promise() as MysqlPool) : pool;
  if (typeof found?.execute === 'function') {
    const executing = found as { execute(statement: string, values: SqlValue[]): Promise<unknown> };
    return async (statement, values) => executing.execute(statement, values);
  }
  throw new SessionConfigurationError(
    'The pool of mysqlSessionStorage must have execute(statement, values), as a pool of mysql2 or mariadb, or be a ' +
      'function (statement, values) => result, as in mysqlSessionStorage({ pool: createPool(options) }). ' +
      `Found: ${describeClient(pool, 'execute')}.`,
  );
}

function rowsOf(result: unknown): readonly SqlRow[] {
  if (!Array.isArray(result)) throw unknownResult();
  // mysql2 returns rows and columns; mariadb only rows.
  return (Array.isArray(result[0]) ? result[0] : result) as readonly SqlRow[];
}

function affectedOf(result: unknown): number {
  const header = (Array.isArray(result) ? result[0] : result) as { affectedRows?: unknown } | null | undefined;
  const affected = Number(header?.affectedRows);
  if (Number.isInteger(affected)) return affected;
  throw unknownResult();
}

function unknownResult(): SessionConfigurationError {
  return new SessionConfigurationError(
    'The execute of mysqlSessionStorage must return a list of rows, or an object with affectedRows, directly or first in a list.',
  );
}
