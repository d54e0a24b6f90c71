import { TOMBSTONE_IN_MILLISECONDS } from '../storage/session-storage.js';
import { COLUMNS, type SqlDialect, type SqlTableName } from './sql-engine.js';
import { HOUR_IN_MILLISECONDS } from './sql-row.js';

/** Without a clock of the server, `now` and the expiry and hour of tombstones are parameters. */
export interface SqlStatements {
  readonly clock: string | undefined;
  /** Parameters: id, now. */
  readonly read: string;
  /** Parameters: id, version, value, owner, expiry, hour. */
  readonly write: string;
  /** As `write`; changes no row if the id is taken. */
  readonly create: string;
  /** Expiry and hour are milliseconds from now. Only with a clock of the server, as {@link replaceFor}. */
  readonly createFor: string;
  /** Parameters: id, now. */
  readonly endExpired: string;
  /** Parameters: value, expiry, hour, id, now, version. */
  readonly replace: string;
  readonly replaceFor: string;
  /** Parameters: expiry, hour, id, now. */
  readonly touch: string;
  /** Parameters: expiry, hour, id, now, version. */
  readonly touchVersion: string;
  /** Writes a tombstone. Parameters: its expiry and hour, id, now. */
  readonly writeTombstone: string;
  /** Parameters: id, now. */
  readonly endLive: string;
  readonly end: string;
  /** Parameters: owner, now. */
  readonly list: string;
  /** Parameters: owner, now. */
  readonly endExpiredOfOwner: string;
  /** Writes tombstones. Parameters: their expiry and hour, owner, the id to keep. */
  readonly writeOwnerTombstones: string;
  /** Parameters: owner, the id to keep. */
  readonly endOwner: string;
  readonly ping: string;
  /** Parameters: hour, moment. */
  sweep(limit: number): string;
}

export function sqlStatements(
  { quoted: table }: SqlTableName,
  dialect: SqlDialect,
  clock: string | undefined,
): SqlStatements {
  const numbered = (text: string): string => {
    let position = 0;
    return text.replaceAll('?', () => dialect.parameter(++position));
  };
  const later = (column: string): string => `${column} = ${dialect.greatest}(${column}, ?)`;
  const now = clock ?? '?';
  const after = (milliseconds: string | number): [expiry: string, hour: string] =>
    clock === undefined
      ? ['?', '?']
      : [`${clock} + ${milliseconds}`, `FLOOR((${clock} + ${milliseconds}) / ${HOUR_IN_MILLISECONDS})`];
  // A tombstone has version 0, no owner and no value.
  const live = `id = ? AND expires_at > ${now} AND version > 0`;
  const expires = ([expiry, hour]: readonly string[]): string => `expires_at = ${expiry}, expires_hour = ${hour}`;
  const tombstone = `version = 0, value = '', owner = NULL, ${expires(after(TOMBSTONE_IN_MILLISECONDS))}`;
  const create = (expiry: readonly string[]): string =>
    numbered(dialect.insertNew(table, ['?', '?', '?', '?', ...expiry].join(', ')));
  const replace = (expiry: readonly string[]): string =>
    numbered(`UPDATE ${table} SET value = ?, ${expires(expiry)}, version = version + 1 WHERE ${live} AND version = ?`);
  const touch = `UPDATE ${table} SET ${later('expires_at')}, ${later('expires_hour')} WHERE ${live}`;
  return {
    clock: clock === undefined ? undefined : `SELECT ${clock} AS now`,
    read: numbered(`SELECT version, value, owner, expires_at FROM ${table} WHERE ${live}`),
    write: numbered(dialect.upsert(table)),
    create: create(['?', '?']),
    createFor: create(after('?')),
    endExpired: numbered(`DELETE FROM ${table} WHERE id = ? AND expires_at <= ${now}`),
    replace: replace(['?', '?']),
    replaceFor: replace(after('?')),
    touch: numbered(touch),
    touchVersion: numbered(`${touch} AND version = ?`),
    writeTombstone: numbered(`UPDATE ${table} SET ${tombstone} WHERE ${live}`),
    endLive: numbered(`DELETE FROM ${table} WHERE ${live}`),
    end: numbered(`DELETE FROM ${table} WHERE id = ? AND version > 0`),
    list: numbered(
      `SELECT id, version, value, owner, expires_at FROM ${table} WHERE owner = ? AND expires_at > ${now}`,
    ),
    endExpiredOfOwner: numbered(`DELETE FROM ${table} WHERE owner = ? AND expires_at <= ${now}`),
    writeOwnerTombstones: numbered(`UPDATE ${table} SET ${tombstone} WHERE owner = ? AND id <> ?`),
    endOwner: numbered(`DELETE FROM ${table} WHERE owner = ? AND id <> ?`),
    ping: `SELECT version FROM ${table} WHERE id = ''`,
    sweep: (limit) => numbered(dialect.sweep(table, limit)),
  };
}

export function upsertOnConflict(table: string): string {
  return (
    `INSERT INTO ${table} (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET ` +
    'version = excluded.version, value = excluded.value, owner = excluded.owner, ' +
    'expires_at = excluded.expires_at, expires_hour = excluded.expires_hour'
  );
}

export function insertOnNoConflict(table: string, values: string): string {
  return `INSERT INTO ${table} (${COLUMNS}) VALUES (${values}) ON CONFLICT (id) DO NOTHING`;
}
