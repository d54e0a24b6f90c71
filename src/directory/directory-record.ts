import { NEVER, type SessionToStore, type StoredSession } from '../storage/session-storage.js';
import { decodeTextField, encodeTextField } from '../storage/text-field.js';

export interface DirectoryRecord {
  readonly id: string;
  readonly session: StoredSession & { readonly version: string };
}

export interface RecordToWrite {
  readonly id: string;
  readonly session: SessionToStore;
  readonly version: string;
}

// s1 version expiresAt encoding bytes owner id, a line feed, and the value.
const HEADER = /^s1 ([A-Za-z0-9_-]{1,32}) (\d{1,16}) (utf8|utf16le) (\d{1,16}) (-|=[\w-]*) (=[\w-]*)\n/;
/** Sessions have longer versions. */
export const TOMBSTONE_VERSION = '-';

const MAX_HEADER_BYTES = 16_384;
const LONE_SURROGATE = /\p{Surrogate}/u;

export function encodeRecord(id: string, session: SessionToStore, version: string): Buffer {
  const encoding = LONE_SURROGATE.test(session.value) ? 'utf16le' : 'utf8';
  const value = Buffer.from(session.value, encoding);
  const fields = [
    's1',
    version,
    String(fileTime(session.expiresAt)),
    encoding,
    String(value.length),
    encodeTextField(session.owner),
    encodeTextField(id),
  ];
  return Buffer.concat([Buffer.from(`${fields.join(' ')}\n`, 'latin1'), value]);
}

/** @param modifiedAt set by a touch; the later of it and the header's expiry counts, for copied files. */
export function decodeRecord(content: Buffer, modifiedAt: number): DirectoryRecord | undefined {
  const header = HEADER.exec(content.toString('latin1', 0, MAX_HEADER_BYTES));
  if (!header) return undefined;
  const value = content.subarray(header[0].length);
  if (value.length !== Number(header[4])) return undefined;
  const owner = decodeTextField(header[5]!);
  const session = {
    value: value.toString(header[3] as 'utf8' | 'utf16le'),
    expiresAt: Math.max(Number(header[2]), Math.round(modifiedAt)),
    version: header[1]!,
  };
  return { id: decodeTextField(header[6]!)!, session: owner === undefined ? session : { ...session, owner } };
}

export function fileTime(moment: number): number {
  return moment > 0 ? Math.min(Math.floor(moment), NEVER) : 0;
}
