export type SqlValue = string | number | null;

export type SqlRow = Readonly<Record<string, unknown>>;

export interface SqlEngine {
  select(statement: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** @returns the number of changed rows. */
  change(statement: string, values: readonly SqlValue[]): Promise<number>;
  define(statement: string): Promise<unknown>;
}

export interface SqlDialect {
  readonly name: string;
  readonly quote: string;
  /** Without the suffixes of index names. */
  readonly longestName: number;
  readonly greatest: string;
  /** Placeholder of a parameter, counted from 1. */
  parameter(position: number): string;
  /** Stores a row unconditionally. Parameters: {@link COLUMNS}. */
  upsert(table: string): string;
  /**
   * Stores a row unless the id is taken. Parameters: {@link COLUMNS}.
   * @param values the expressions of the row.
   */
  insertNew(table: string, values: string): string;
  /** For databases that report a taken id as an error. */
  isTaken(error: unknown): boolean;
  /** Parameters: hour, moment. */
  sweep(table: string, limit: number): string;
  definition(table: SqlTableName): readonly string[];
  /** Expression for epoch milliseconds; `undefined`: this machine's clock. */
  readonly clock: string | undefined;
  isMissingTable(error: unknown): boolean;
  /** Another statement won; retry this one. */
  isUndone(error: unknown): boolean;
  /** Another process holds a lock; the statement had no effect. */
  isBusy(error: unknown): boolean;
}

export interface SqlTableName {
  readonly schema: string | undefined;
  readonly name: string;
  readonly quoted: string;
  /** Quotes another identifier. */
  readonly quote: (identifier: string) => string;
}

export const COLUMNS = 'id, version, value, owner, expires_at, expires_hour';
