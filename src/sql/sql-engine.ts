/** A statement parameter. */
export type SqlValue = string | number | null;

/** A row, by column name. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** The database interface of {@link SessionStorageSql}. */
export interface SqlEngine {
  /** The rows of a SELECT. */
  select(statement: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** @returns the number of rows changed by an INSERT, UPDATE or DELETE. */
  change(statement: string, values: readonly SqlValue[]): Promise<number>;
  /** Runs a statement of the table definition. */
  define(statement: string): Promise<unknown>;
}

/** The differences between databases. */
export interface SqlDialect {
  /** Name in messages. */
  readonly name: string;
  /** Quote character of identifiers. */
  readonly quote: string;
  /** Maximum length of a table name, minus the suffixes of index names. */
  readonly longestName: number;
  /** Function for the larger of two values. */
  readonly greatest: string;
  /** Placeholder of a parameter, counted from 1. */
  parameter(position: number): string;
  /** Stores a row unconditionally. Parameters: the columns in the order of {@link COLUMNS}. */
  upsert(table: string): string;
  /**
   * Stores a row, or none if the id is taken. Parameters: the columns in the order of {@link COLUMNS}.
   * @param values the list of expressions, with a parameter in each.
   */
  insertNew(table: string, values: string): string;
  /** The id is taken, for databases that report this as an error. */
  isTaken(error: unknown): boolean;
  /** Removes up to `limit` expired rows. Parameters: hour, moment. */
  sweep(table: string, limit: number): string;
  /** Statements that create the table and its indexes if missing. */
  definition(table: SqlTableName): readonly string[];
  /** Expression of the server's clock: an integer, epoch milliseconds. `undefined`: the clock is this machine's. */
  readonly clock: string | undefined;
  /** The table does not exist. */
  isMissingTable(error: unknown): boolean;
  /** The database rolled back the statement because of another one; retry it. */
  isUndone(error: unknown): boolean;
  /** Another process holds a lock; the statement had no effect. */
  isBusy(error: unknown): boolean;
}

/** A table name, in parts and quoted. */
export interface SqlTableName {
  readonly schema: string | undefined;
  readonly name: string;
  /** Schema and name, quoted. */
  readonly quoted: string;
  /** Quotes another identifier. */
  readonly quote: (identifier: string) => string;
}

export const COLUMNS = 'id, version, value, owner, expires_at, expires_hour';
