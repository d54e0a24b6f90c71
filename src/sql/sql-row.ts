import type { StoredSession } from '../storage/session-storage.js';
import type { SqlRow } from './sql-engine.js';
import { decodeSqlText } from './sql-text.js';

const HOUR = 3_600_000;

/** The session of a row. */
export function sessionOf(row: SqlRow): StoredSession {
  const session = {
    value: textOf(row['value']),
    expiresAt: Number(row['expires_at']),
    version: String(row['version']),
  };
  const owner = row['owner'];
  return owner === null || owner === undefined ? session : { ...session, owner: decodeSqlText(textOf(owner)) };
}

/** A column of text, which comes as a Buffer where it is kept as bytes. */
export function textOf(column: unknown): string {
  return typeof column === 'string' ? column : String(column);
}

/** Expired rows are found by the hour of their expiry, so that a touch seldom changes what is indexed. */
export function hourOf(expiresAt: number): number {
  return Math.floor(expiresAt / HOUR);
}

/** A version as it is stored; a text that is none fits no row. */
export function versionNumber(version: string): number {
  return /^\d{1,10}$/.test(version) && Number(version) < 2 ** 31 ? Number(version) : -1;
}
