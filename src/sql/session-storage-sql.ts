import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { SessionConfigurationError } from '../errors/session.errors.js';
import {
  expiryOf,
  TOMBSTONE_IN_MILLISECONDS,
  type OwnerIndex,
  type ReplaceResult,
  type SessionStorage,
  type SessionToStore,
  type StoredSession,
} from '../storage/session-storage.js';
import { assertBoolean } from '../storage/option-checks.js';
import type { SqlDialect, SqlEngine, SqlRow, SqlValue } from './sql-engine.js';
import { encodeSqlText, hourOf, sessionOf, textOf, versionNumber } from './sql-row.js';
import { sqlStatements, type SqlStatements } from './sql-statements.js';
import { SqlSweep } from './sql-sweep.js';
import { sqlTableName } from './sql-table-name.js';

/** Common options of the SQL storages. */
export interface SessionStorageSqlOptions {
  /** A name, or schema and name (`auth.sessions`). Quoted, so case-sensitive. Default `sessions`. */
  readonly table?: string;
  /** Creates the table on first use, if missing. */
  readonly createTable?: boolean;
  /**
   * Seconds between background sweeps of expired sessions in each process. Default 3600; 0: never, call `sweep()`
   * instead.
   */
  readonly sweepEveryInSeconds?: number;
  /** Clock, epoch milliseconds, for tests. Default: the clock of the database server; with SQLite `Date.now`. */
  readonly now?: () => number;
}

/** Milliseconds to wait for another process's lock, and between attempts. */
const BUSY_WAIT_IN_MILLISECONDS = 900;
const BUSY_PAUSE_IN_MILLISECONDS = 10;
/** The database rolled it back because another succeeded. */
const MAX_ATTEMPTS = 10;

export abstract class SessionStorageSql implements SessionStorage {
  readonly owners: OwnerIndex;
  protected readonly now: () => number;
  readonly #engine: SqlEngine;
  readonly #dialect: SqlDialect;
  readonly #definition: readonly string[];
  readonly #statements: SqlStatements;
  readonly #sweep: SqlSweep;
  readonly #createTable: boolean;
  readonly ownsClient: boolean;
  readonly #close: (() => Promise<void>) | undefined;
  #created: Promise<void> | undefined;

  /**
   * @param close closes the engine's client, if the storage owns it.
   * @throws {SessionConfigurationError} for an invalid table name or a negative period.
   */
  constructor(engine: SqlEngine, dialect: SqlDialect, options: SessionStorageSqlOptions, close?: () => Promise<void>) {
    const table = sqlTableName(options.table ?? 'sessions', dialect);
    assertBoolean(`createTable of a ${dialect.name} session storage`, options.createTable);
    this.#close = close;
    this.ownsClient = close !== undefined;
    this.#engine = engine;
    this.#dialect = dialect;
    this.#definition = dialect.definition(table);
    this.#statements = sqlStatements(table, dialect, options.now ? undefined : dialect.clock);
    this.#createTable = options.createTable ?? false;
    this.now = options.now ?? (() => Date.now());
    const removeBatch = (until: number, limit: number): Promise<number> =>
      this.#change(this.#statements.sweep(limit), [hourOf(until), until]);
    this.#sweep = new SqlSweep(removeBatch, sweepPeriod(options.sweepEveryInSeconds ?? 3600), this.now, () =>
      this.#expiryTime(),
    );
    this.owners = {
      list: (owner) => this.#list(owner),
      invalidateAll: (owner, except) => this.#invalidateAll(owner, except),
    };
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const [row] = await this.#select(this.#statements.read, [id, ...this.#nowParameter()]);
    return row && sessionOf(row);
  }

  async write(id: string, session: SessionToStore): Promise<string> {
    const { version, values } = newRow(id, session, absoluteExpiry(session));
    await this.#change(this.#statements.write, values);
    this.#sweep.runIfDue();
    return String(version);
  }

  async create(id: string, session: SessionToStore): Promise<string | undefined> {
    const relative = this.#relativeExpiry(session);
    const { version, values } = newRow(id, session, relative ?? this.#absoluteExpiry(session));
    const statement = relative ? this.#statements.createFor : this.#statements.create;
    for (;;) {
      if ((await this.#insert(statement, values)) > 0) break;
      if ((await this.#change(this.#statements.endExpired, [id, ...this.#nowParameter()])) === 0) return undefined;
    }
    this.#sweep.runIfDue();
    return String(version);
  }

  async invalidate(id: string): Promise<boolean> {
    if ((await this.#writeTombstone(id)) > 0) return true;
    // After a failover, a slower clock may still see it.
    await this.#change(this.#statements.end, [id]);
    return false;
  }

  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    if (version !== undefined) return this.#replaceVersion(id, session, version);
    for (;;) {
      const current = await this.read(id);
      if (!current) return { status: 'gone' };
      const result = await this.#replaceVersion(id, session, current.version!);
      if (result.status !== 'conflict') return result;
    }
  }

  async touch(id: string, expiresAt: number, version?: string): Promise<boolean> {
    const values = [...absoluteExpiry({ expiresAt }), id, ...this.#nowParameter()];
    const touched =
      version === undefined
        ? await this.#change(this.#statements.touch, values)
        : await this.#change(this.#statements.touchVersion, [...values, versionNumber(version)]);
    return touched > 0;
  }

  async sweep(limit = Number.POSITIVE_INFINITY): Promise<number> {
    return this.#sweep.run(Math.trunc(limit));
  }

  async ping(): Promise<void> {
    await this.#select(this.#statements.ping, []);
  }

  async inspect(): Promise<readonly string[]> {
    if (this.#createTable) return [];
    try {
      await this.ping();
      return [];
    } catch (error) {
      if (error instanceof SessionConfigurationError) return [error.message];
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#sweep.idle();
    await this.#close?.();
  }

  async #insert(statement: string, values: readonly SqlValue[]): Promise<number> {
    try {
      return await this.#change(statement, values);
    } catch (error) {
      if (this.#dialect.isTaken(error)) return 0;
      throw error;
    }
  }

  /** Ends it without a tombstone if that cannot be written, such as on a full disk. */
  async #writeTombstone(id: string): Promise<number> {
    const values = [id, ...this.#nowParameter()];
    try {
      return await this.#change(this.#statements.writeTombstone, [...this.#tombstoneExpiry(), ...values]);
    } catch (error) {
      return this.#change(this.#statements.endLive, values).catch(() => {
        throw error;
      });
    }
  }

  async #writeOwnerTombstones(owner: string, except: string): Promise<number> {
    try {
      return await this.#change(this.#statements.writeOwnerTombstones, [...this.#tombstoneExpiry(), owner, except]);
    } catch (error) {
      return this.#change(this.#statements.endOwner, [owner, except]).catch(() => {
        throw error;
      });
    }
  }

  async #replaceVersion(id: string, session: SessionToStore, version: string): Promise<ReplaceResult> {
    const present = versionNumber(version);
    const relative = this.#relativeExpiry(session);
    const statement = relative ? this.#statements.replaceFor : this.#statements.replace;
    const values = [
      session.value,
      ...(relative ?? this.#absoluteExpiry(session)),
      id,
      ...this.#nowParameter(),
      present,
    ];
    if ((await this.#change(statement, values)) > 0) {
      return { status: 'replaced', version: String(present + 1) };
    }
    const current = await this.read(id);
    return current ? { status: 'conflict', current } : { status: 'gone' };
  }

  async #list(owner: string): Promise<Array<{ readonly id: string; readonly session: StoredSession }>> {
    const rows = await this.#select(this.#statements.list, [encodeSqlText(owner), ...this.#nowParameter()]);
    // The client's array may belong to another realm.
    return Array.from(rows, (row) => ({ id: textOf(row['id']), session: sessionOf(row) }));
  }

  async #invalidateAll(owner: string, except = ''): Promise<number> {
    const stored = encodeSqlText(owner);
    await this.#change(this.#statements.endExpiredOfOwner, [stored, ...this.#nowParameter()]);
    let total = 0;
    // A rotating session inserts its new row before the old one ends: a statement that begins before may miss both.
    for (let attempt = 1; ; attempt++) {
      const ended = await this.#writeOwnerTombstones(stored, except);
      if (ended === 0 && attempt > 1) return total;
      total += ended;
    }
  }

  #nowParameter(): readonly SqlValue[] {
    return this.#statements.clock === undefined ? [this.now()] : [];
  }

  #tombstoneExpiry(): readonly SqlValue[] {
    if (this.#statements.clock !== undefined) return [];
    return absoluteExpiry({ expiresAt: this.now() + TOMBSTONE_IN_MILLISECONDS });
  }

  #absoluteExpiry(session: SessionToStore): Expiry {
    return absoluteExpiry({ expiresAt: expiryOf(session, this.now()) });
  }

  #relativeExpiry({ expiresIn }: SessionToStore): Expiry | undefined {
    if (expiresIn === undefined || this.#statements.clock === undefined) return undefined;
    return [Math.trunc(expiresIn), Math.trunc(expiresIn)];
  }

  /** One moment for all batches, as a parameter: a clock in the statement would not use the index. */
  #expiryTime(): number | Promise<number> {
    const { clock } = this.#statements;
    if (clock === undefined) return this.now();
    return this.#select(clock, []).then(([row]) => Number(row?.['now']) || 0);
  }

  #select(statement: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return this.#run(() => this.#engine.select(statement, values));
  }

  #change(statement: string, values: readonly SqlValue[]): Promise<number> {
    return this.#run(() => this.#engine.change(statement, values));
  }

  async #run<T>(run: () => Promise<T>): Promise<T> {
    if (this.#createTable) await (this.#created ??= this.#create());
    const start = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        if (this.#dialect.isBusy(error) && performance.now() - start < BUSY_WAIT_IN_MILLISECONDS) {
          await setTimeout(BUSY_PAUSE_IN_MILLISECONDS);
          continue;
        }
        if (this.#dialect.isMissingTable(error)) throw this.#missingTable(error);
        if (attempt >= MAX_ATTEMPTS || !this.#dialect.isUndone(error)) throw error;
      }
    }
  }

  async #create(): Promise<void> {
    try {
      for (const statement of this.#definition) await this.#runDefinition(statement);
    } catch (error) {
      this.#created = undefined; // the next call tries again
      throw error;
    }
  }

  /** Two processes may create the table at once. */
  async #runDefinition(statement: string): Promise<void> {
    await this.#engine.define(statement).catch(() => this.#engine.define(statement));
  }

  #missingTable(cause: unknown): SessionConfigurationError {
    return new SessionConfigurationError(
      `The table of the ${this.#dialect.name} session storage does not exist. Set createTable: true, or run:\n` +
        definitionText(this.#definition),
      { cause },
    );
  }
}

type Expiry = readonly [expiry: number, hour: number];

function absoluteExpiry({ expiresAt }: Pick<SessionToStore, 'expiresAt'>): Expiry {
  return [Math.trunc(expiresAt), hourOf(expiresAt)];
}

/** Random, so that an older version never matches if an id is reused. */
function newRow(id: string, { value, owner }: SessionToStore, expiry: Expiry): { version: number; values: SqlValue[] } {
  const version = randomInt(1, 1_000_000_000);
  const storedOwner = owner === undefined ? null : encodeSqlText(owner);
  return { version, values: [id, version, value, storedOwner, ...expiry] };
}

export function definitionText(statements: readonly string[]): string {
  return statements.map((statement) => `${statement};\n`).join('');
}

function sweepPeriod(seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
  throw new SessionConfigurationError(
    'sweepEveryInSeconds of a session storage must be a number of seconds, or 0 for an application that calls sweep().',
  );
}
