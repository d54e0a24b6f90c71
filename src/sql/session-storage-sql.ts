import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { SessionConfigurationError } from '../errors/session.errors.js';
import {
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

/** What the storages in SQL databases have in common. */
export interface SessionStorageSqlOptions {
  /** The table: a name, or a schema and a name as in `auth.sessions`. Quoted, so case counts. Default `sessions`. */
  readonly table?: string;
  /** Makes the table, at the first use, if it is not there. */
  readonly createTable?: boolean;
  /**
   * How often expired sessions are removed as new ones come, by each process. Default 3600; 0: never, for an
   * application that calls `sweep()` by a schedule of its own.
   */
  readonly sweepEveryInSeconds?: number;
  /** The clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/** Milliseconds that a statement waits for another process's lock, and between two attempts. */
const BUSY_FOR = 900;
const BUSY_PAUSE = 10;
/** How often a statement is sent again that the database undid; each time another one got through. */
const MOST_ATTEMPTS = 10;

/** Sessions as rows of one table: what is the same in all databases. */
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
   * @param close closes what the engine works with, where the storage owns it.
   * @throws {SessionConfigurationError} for a table's name that cannot be used, or a negative period.
   */
  constructor(engine: SqlEngine, dialect: SqlDialect, options: SessionStorageSqlOptions, close?: () => Promise<void>) {
    const table = sqlTableName(options.table ?? 'sessions', dialect);
    assertBoolean(`createTable of a ${dialect.name} session storage`, options.createTable);
    this.#close = close;
    this.ownsClient = close !== undefined;
    this.#engine = engine;
    this.#dialect = dialect;
    this.#definition = dialect.definition(table);
    this.#statements = sqlStatements(table, dialect);
    this.#createTable = options.createTable ?? false;
    this.now = options.now ?? (() => Date.now());
    const removeBatch = (until: number, limit: number): Promise<number> =>
      this.#change(this.#statements.sweep(limit), [hourOf(until), until]);
    this.#sweep = new SqlSweep(removeBatch, sweepPeriod(options.sweepEveryInSeconds ?? 3600), this.now, () =>
      options.now ? this.now() : this.#serverTime(),
    );
    this.owners = {
      list: (owner) => this.#list(owner),
      invalidateAll: (owner, except) => this.#invalidateAll(owner, except),
    };
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const [row] = await this.#select(this.#statements.read, [id, this.now()]);
    return row && sessionOf(row);
  }

  async write(id: string, session: SessionToStore): Promise<string> {
    const { version, values } = newRow(id, session);
    await this.#change(this.#statements.write, values);
    this.#sweep.runIfDue();
    return String(version);
  }

  async create(id: string, session: SessionToStore): Promise<string | undefined> {
    const { version, values } = newRow(id, session);
    for (;;) {
      if ((await this.#insert(values)) > 0) break;
      // Only what has expired may go; a tombstone and a live session stay.
      if ((await this.#change(this.#statements.endExpired, [id, this.now()])) === 0) return undefined;
    }
    this.#sweep.runIfDue();
    return String(version);
  }

  async invalidate(id: string): Promise<boolean> {
    if ((await this.#bury(id)) > 0) return true;
    // Expired by this process's clock; another one's may be late and still see it.
    await this.#change(this.#statements.end, [id]);
    return false;
  }

  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    if (version !== undefined) return this.#replaceVersion(id, session, version);
    for (;;) {
      const current = await this.read(id);
      if (!current) return { status: 'gone' };
      const result = await this.#replaceVersion(id, session, current.version!);
      // A conflict: somebody else got through, so this loop ends as soon as others do.
      if (result.status !== 'conflict') return result;
    }
  }

  async touch(id: string, expiresAt: number, version?: string): Promise<boolean> {
    const values = [Math.trunc(expiresAt), hourOf(expiresAt), id, this.now()];
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

  /** Resolves when the database answers and the table is there. */
  async ping(): Promise<void> {
    await this.#select(this.#statements.ping, []);
  }

  /** Says so when the table is not there; see {@link SessionStorage.inspect}. */
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

  /** Waits for work under way in the background. Closes what was handed to the storage only with `ownClient: true`. */
  async close(): Promise<void> {
    await this.#sweep.idle();
    await this.#close?.();
  }

  async #insert(values: readonly SqlValue[]): Promise<number> {
    try {
      return await this.#change(this.#statements.create, values);
    } catch (error) {
      if (this.#dialect.isTaken(error)) return 0;
      throw error;
    }
  }

  /** Where no tombstone can be written, on a full disk for one, the session goes without. */
  async #bury(id: string): Promise<number> {
    const until = this.now() + TOMBSTONE_IN_MILLISECONDS;
    try {
      return await this.#change(this.#statements.bury, [until, hourOf(until), id, this.now()]);
    } catch (error) {
      return this.#change(this.#statements.endLive, [id, this.now()]).catch(() => {
        throw error;
      });
    }
  }

  async #buryOwner(owner: string, except: string): Promise<number> {
    const until = this.now() + TOMBSTONE_IN_MILLISECONDS;
    try {
      return await this.#change(this.#statements.buryOwner, [until, hourOf(until), owner, except]);
    } catch (error) {
      return this.#change(this.#statements.endOwner, [owner, except]).catch(() => {
        throw error;
      });
    }
  }

  async #replaceVersion(id: string, session: SessionToStore, version: string): Promise<ReplaceResult> {
    const { value, expiresAt } = session;
    const present = versionNumber(version);
    const values = [value, Math.trunc(expiresAt), hourOf(expiresAt), id, this.now(), present];
    if ((await this.#change(this.#statements.replace, values)) > 0) {
      return { status: 'replaced', version: String(present + 1) };
    }
    const current = await this.read(id);
    return current ? { status: 'conflict', current } : { status: 'gone' };
  }

  async #list(owner: string): Promise<Array<{ readonly id: string; readonly session: StoredSession }>> {
    const rows = await this.#select(this.#statements.list, [encodeSqlText(owner), this.now()]);
    // A new array, not what `map` of the client's own gives: natively made ones may be of another realm.
    return Array.from(rows, (row) => ({ id: textOf(row['id']), session: sessionOf(row) }));
  }

  async #invalidateAll(owner: string, except = ''): Promise<number> {
    const stored = encodeSqlText(owner);
    await this.#change(this.#statements.endExpiredOfOwner, [stored, this.now()]);
    let total = 0;
    // A session that is being rotated has its new row before its old one ends, so the pass after finds it.
    for (;;) {
      const ended = await this.#buryOwner(stored, except);
      if (ended === 0) return total;
      total += ended;
    }
  }

  /** A sweep goes by the server's clock: this machine's may be days ahead. */
  async #serverTime(): Promise<number> {
    const { clock } = this.#dialect;
    if (clock === undefined) return this.now();
    const [row] = await this.#select(clock, []);
    const now = Number(row?.['now']);
    return Number.isFinite(now) ? now : this.now();
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
          // Between turns of the event loop, so that other requests go on.
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

  /** Two processes that make the same table at once: one of them may fail, and finds it made when it tries again. */
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

/** A row with a version that is not always 1: should an id ever be written twice, an older version must not fit. */
function newRow(id: string, { value, expiresAt, owner }: SessionToStore): { version: number; values: SqlValue[] } {
  const version = randomInt(1, 1_000_000_000);
  const storedOwner = owner === undefined ? null : encodeSqlText(owner);
  return { version, values: [id, version, value, storedOwner, Math.trunc(expiresAt), hourOf(expiresAt)] };
}

/** Statements as one text to be run or copied. */
export function definitionText(statements: readonly string[]): string {
  return statements.map((statement) => `${statement};\n`).join('');
}

function sweepPeriod(seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
  throw new SessionConfigurationError(
    'sweepEveryInSeconds of a session storage must be a number of seconds, or 0 for an application that calls sweep().',
  );
}
