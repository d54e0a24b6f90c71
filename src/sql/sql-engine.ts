/** A value that a statement is given. */
export type SqlValue = string | number | null;

/** A row, by column name. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** A database as {@link SessionStorageSql} uses it. */
export interface SqlEngine {
  /** The rows of a SELECT. */
  select(statement: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** @returns how many rows an INSERT, UPDATE or DELETE changed. */
  change(statement: string, values: readonly SqlValue[]): Promise<number>;
  /** Runs a statement of a table's definition. */
  define(statement: string): Promise<unknown>;
}

/** What databases say differently. */
export interface SqlDialect {
  /** In messages. */
  readonly name: string;
  /** Stands around an identifier. */
  readonly quote: string;
  /** Longest name of a table: leaves room for what the names of its indexes end with. */
  readonly longestName: number;
  /** The larger of two values. */
  readonly greatest: string;
  /** A parameter, counted from 1. */
  parameter(position: number): string;
  /** Stores a row unconditionally. Parameters: the columns in {@link COLUMNS}' order. */
  upsert(table: string): string;
  /** Stores a row, or changes none where its id is taken. Parameters: the columns in {@link COLUMNS}' order. */
  insertNew(table: string): string;
  /** The row's id is taken: how a database says so that does not simply change no row. */
  isTaken(error: unknown): boolean;
  /** Removes up to `limit` rows whose hour and moment have come. Parameters: hour, moment. */
  sweep(table: string, limit: number): string;
  /** The statements that make the table and its indexes where they are not there. */
  definition(table: SqlTableName): readonly string[];
  /** Selects the server's clock, epoch milliseconds, as `now`; `undefined` where it is this machine's. */
  readonly clock: string | undefined;
  /** The table is not there. */
  isMissingTable(error: unknown): boolean;
  /** The database undid the statement because of another one, and asks to repeat it. */
  isUndone(error: unknown): boolean;
  /** Another process holds a lock, and the statement has done nothing. */
  isBusy(error: unknown): boolean;
}

/** The name of a table, in parts and quoted. */
export interface SqlTableName {
  readonly schema: string | undefined;
  readonly name: string;
  /** Schema and name, quoted. */
  readonly quoted: string;
  /** Quotes another identifier. */
  readonly quote: (identifier: string) => string;
}

export const COLUMNS = 'id, version, value, owner, expires_at, expires_hour';
