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
import { assertBoolean } from '../storage/option-type.js';
import type { SqlDialect, SqlEngine, SqlRow, SqlValue } from './sql-engine.js';
import { hourOf, sessionOf, textOf, versionNumber } from './sql-row.js';
import { sqlStatements, type SqlStatements } from './sql-statements.js';
import { SqlSweep } from './sql-sweep.js';
import { sqlTableName } from './sql-table-name.js';
import { encodeSqlText } from './sql-text.js';

/** Common options of the SQL storages. */
export interface SessionStorageSqlOptions {
  /** The table: a name, or schema and name (`auth.sessions`). Quoted, so case-sensitive. Default `sessions`. */
  readonly table?: string;
  /** Creates the table on first use, if missing. */
  readonly createTable?: boolean;
  /**
   * Seconds between sweeps of expired sessions by each process, started by other calls. Default 3600; 0: never, for
   * applications that schedule `sweep()` themselves.
   */
  readonly sweepEveryInSeconds?: number;
  /**
   * Clock, epoch milliseconds; for tests. By default sessions expire by the clock of the database server, so that this
   * machine's may be wrong; with SQLite by `Date.now`.
   */
  readonly now?: () => number;
}

/** Milliseconds to wait for another process's lock, and between two attempts. */
const BUSY_FOR = 900;
const BUSY_PAUSE = 10;
/** Maximum attempts of a statement that the database rolled back; each time another one succeeded. */
const MOST_ATTEMPTS = 10;

/** Sessions as rows of one table: the part common to all databases. */
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
      this.#time(),
    );
    this.owners = {
      list: (owner) => this.#list(owner),
      invalidateAll: (owner, except) => this.#invalidateAll(owner, except),
    };
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const [row] = await this.#select(this.#statements.read, [id, ...this.#present()]);
    return row && sessionOf(row);
  }

  async write(id: string, session: SessionToStore): Promise<string> {
    const { version, values } = newRow(id, session, absolute(session));
    await this.#change(this.#statements.write, values);
    this.#sweep.runIfDue();
    return String(version);
  }

  async create(id: string, session: SessionToStore): Promise<string | undefined> {
    const relative = this.#relative(session);
    const { version, values } = newRow(id, session, relative ?? this.#absolute(session));
    const statement = relative ? this.#statements.createFor : this.#statements.create;
    for (;;) {
      if ((await this.#insert(statement, values)) > 0) break;
      // Remove only what has expired, no tombstone or live session.
      if ((await this.#change(this.#statements.endExpired, [id, ...this.#present()])) === 0) return undefined;
    }
    this.#sweep.runIfDue();
    return String(version);
  }

  async invalidate(id: string): Promise<boolean> {
    if ((await this.#bury(id)) > 0) return true;
    // Expired; after a failover, the slower clock of another server may still see it.
    await this.#change(this.#statements.end, [id]);
    return false;
  }

  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    if (version !== undefined) return this.#replaceVersion(id, session, version);
    for (;;) {
      const current = await this.read(id);
      if (!current) return { status: 'gone' };
      const result = await this.#replaceVersion(id, session, current.version!);
      // A conflict means that another request succeeded, so the loop ends.
      if (result.status !== 'conflict') return result;
    }
  }

  async touch(id: string, expiresAt: number, version?: string): Promise<boolean> {
    const values = [...absolute({ expiresAt }), id, ...this.#present()];
    const touched =
      version === undefined
        ? await this.#change(this.#statements.touch, values)
        : await this.#change(this.#statements.touchVersion, [...values, versionNumber(version)]);
    return touched > 0;
  }

  /** In batches of 500 rows, a minute after they expired. */
  async sweep(limit = Number.POSITIVE_INFINITY): Promise<number> {
    return this.#sweep.run(Math.trunc(limit));
  }

  /** Resolves if the database answers and the table exists. */
  async ping(): Promise<void> {
    await this.#select(this.#statements.ping, []);
  }

  /** Reports a missing table; see {@link SessionStorage.inspect}. */
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

  /** Waits for background work. Closes the client only with `ownClient: true`. */
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

  /** Ends the session without a tombstone if none can be written, such as on a full disk. */
  async #bury(id: string): Promise<number> {
    const values = [id, ...this.#present()];
    try {
      return await this.#change(this.#statements.bury, [...this.#tombstoneExpiry(), ...values]);
    } catch (error) {
      return this.#change(this.#statements.endLive, values).catch(() => {
        throw error;
      });
    }
  }

  async #buryOwner(owner: string, except: string): Promise<number> {
    try {
      return await this.#change(this.#statements.buryOwner, [...this.#tombstoneExpiry(), owner, except]);
    } catch (error) {
      return this.#change(this.#statements.endOwner, [owner, except]).catch(() => {
        throw error;
      });
    }
  }

  async #replaceVersion(id: string, session: SessionToStore, version: string): Promise<ReplaceResult> {
    const present = versionNumber(version);
    const relative = this.#relative(session);
    const statement = relative ? this.#statements.replaceFor : this.#statements.replace;
    const values = [session.value, ...(relative ?? this.#absolute(session)), id, ...this.#present(), present];
    if ((await this.#change(statement, values)) > 0) {
      return { status: 'replaced', version: String(present + 1) };
    }
    const current = await this.read(id);
    return current ? { status: 'conflict', current } : { status: 'gone' };
  }

  async #list(owner: string): Promise<Array<{ readonly id: string; readonly session: StoredSession }>> {
    const rows = await this.#select(this.#statements.list, [encodeSqlText(owner), ...this.#present()]);
    // A new array: the client's may belong to another realm.
    return Array.from(rows, (row) => ({ id: textOf(row['id']), session: sessionOf(row) }));
  }

  async #invalidateAll(owner: string, except = ''): Promise<number> {
    const stored = encodeSqlText(owner);
    await this.#change(this.#statements.endExpiredOfOwner, [stored, ...this.#present()]);
    let total = 0;
    // A rotating session inserts its new row before the old one ends, so the next pass finds it.
    for (;;) {
      const ended = await this.#buryOwner(stored, except);
      if (ended === 0) return total;
      total += ended;
    }
  }

  /** The parameter `now` of statements without a clock of the server. */
  #present(): readonly SqlValue[] {
    return this.#statements.clock === undefined ? [this.now()] : [];
  }

  /** The expiry and hour of a tombstone, for statements without a clock of the server. */
  #tombstoneExpiry(): readonly SqlValue[] {
    if (this.#statements.clock !== undefined) return [];
    return absolute({ expiresAt: this.now() + TOMBSTONE_IN_MILLISECONDS });
  }

  #absolute(session: SessionToStore): Expiry {
    return absolute({ expiresAt: expiryOf(session, this.now()) });
  }

  /** The expiry of a short life, counted by the clock of the server. */
  #relative({ expiresIn }: SessionToStore): Expiry | undefined {
    if (expiresIn === undefined || this.#statements.clock === undefined) return undefined;
    return [Math.trunc(expiresIn), Math.trunc(expiresIn)];
  }

  /** A sweep uses one moment for all batches, as a parameter: a clock in the statement would not use the index. */
  #time(): number | Promise<number> {
    const { clock } = this.#statements;
    if (clock === undefined) return this.now();
    // A server that does not tell its time removes nothing.
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
        if (this.#dialect.isBusy(error) && performance.now() - start < BUSY_FOR) {
          // Yields to other requests.
          await setTimeout(BUSY_PAUSE);
          continue;
        }
        if (this.#dialect.isMissingTable(error)) throw this.#missingTable(error);
        if (attempt >= MOST_ATTEMPTS || !this.#dialect.isUndone(error)) throw error;
      }
    }
  }

  async #create(): Promise<void> {
    try {
      for (const statement of this.#definition) await this.#define(statement);
    } catch (error) {
      this.#created = undefined; // the next call tries again
      throw error;
    }
  }

  /** If two processes create the table at once, one may fail; its retry finds the table. */
  async #define(statement: string): Promise<void> {
    await this.#engine.define(statement).catch(() => this.#engine.define(statement));
  }

  #missingTable(cause: unknown): SessionConfigurationError {
    return new SessionConfigurationError(
      `The table of the ${this.#dialect.name} session storage is not there. Say { createTable: true }, or run:\n` +
        definitionText(this.#definition),
      { cause },
    );
  }
}

/** The parameters of a statement for expiry and hour. */
type Expiry = readonly [expiry: number, hour: number];

function absolute({ expiresAt }: Pick<SessionToStore, 'expiresAt'>): Expiry {
  return [Math.trunc(expiresAt), hourOf(expiresAt)];
}

/** The initial version is random, so that an older version never matches if an id is reused. */
function newRow(id: string, { value, owner }: SessionToStore, expiry: Expiry): { version: number; values: SqlValue[] } {
  const version = randomInt(1, 1_000_000_000);
  const storedOwner = owner === undefined ? null : encodeSqlText(owner);
  return { version, values: [id, version, value, storedOwner, ...expiry] };
}

/** Joins statements into one text. */
export function definitionText(statements: readonly string[]): string {
  return statements.map((statement) => `${statement};\n`).join('');
}

function sweepPeriod(seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
  throw new SessionConfigurationError(
    'sweepEveryInSeconds of a session storage must be a number of seconds, or 0 for an application that calls sweep().',
  );
}
