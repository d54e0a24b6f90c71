import type { StoredSession } from '../storage/session-storage.js';
import type { SqlRow } from './sql-engine.js';

export const HOUR_IN_MILLISECONDS = 3_600_000;

export function sessionOf(row: SqlRow): StoredSession {
  const session = {
    value: textOf(row['value']),
    expiresAt: Number(row['expires_at']),
    version: String(row['version']),
  };
  const owner = row['owner'];
  return owner === null || owner === undefined ? session : { ...session, owner: decodeSqlText(textOf(owner)) };
}

/** A Buffer if the column is binary. */
export function textOf(column: unknown): string {
  return typeof column === 'string' ? column : String(column);
}

/** Indexed instead of the moment, so that a touch rarely changes the index. */
export function hourOf(expiresAt: number): number {
  return Math.floor(expiresAt / HOUR_IN_MILLISECONDS);
}

/** An invalid text matches no row. */
export function versionNumber(version: string): number {
  return /^\d{1,10}$/.test(version) && Number(version) < 2 ** 31 ? Number(version) : -1;
}

/** Escapes NUL and lone surrogates, which databases reject or change, and the backslash. */
export function encodeSqlText(text: string): string {
  return text.replace(/[\0\\]|\p{Surrogate}/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

export function decodeSqlText(text: string): string {
  return text.replace(/\\u([0-9a-f]{4})/g, (_all, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));
}
