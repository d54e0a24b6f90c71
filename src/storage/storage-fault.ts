import { SessionError } from '../errors/session.errors.js';

/** `answer`: only this call is invalid. `read-only`: the backend is full or read-only, but still reads and deletes. */
type StorageFault = 'answer' | 'read-only' | 'outage';

const READ_ONLY_REDIS = /^(?:OOM|READONLY|NOREPLICAS|MISCONF)\b/;
const ANSWER_REDIS = /^(?:WRONGTYPE|ERR (?:wrong number|value is not|syntax error|string exceeds|invalid))/;
/** Operating system, SQLite and PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const READ_ONLY_CODES: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'SQLITE_FULL',
  'SQLITE_READONLY',
  '53100',
  '25006',
]);
/** Data exception, integrity constraint violation, program limit exceeded. */
const ANSWER_SQLSTATE = /^(?:22|23|54)[0-9A-Z]{3}$/;
const ANSWER_SQLITE = /^SQLITE_(?:TOOBIG|CONSTRAINT|MISMATCH|RANGE)/;
/** https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html */
const READ_ONLY_MYSQL: ReadonlySet<number> = new Set([1021, 1114, 1290, 1836, 3675]);
const ANSWER_MYSQL: ReadonlySet<number> = new Set([1048, 1062, 1071, 1118, 1153, 1264, 1265, 1366, 1406, 3988]);
/** Primary result codes, from `node:sqlite` (https://sqlite.org/rescode.html). */
const READ_ONLY_SQLITE: ReadonlySet<number> = new Set([8, 13]);
const ANSWER_SQLITE_NUMBERS: ReadonlySet<number> = new Set([18, 19, 20, 25]);

export function storageFaultOf(error: unknown): StorageFault {
  if (error instanceof SessionError) {
    if (error.code !== 'SESSION_STORAGE_UNAVAILABLE') return 'answer';
    return error.cause === undefined ? 'outage' : storageFaultOf(error.cause);
  }
  if (error instanceof TypeError || error instanceof RangeError) return 'answer';
  const { code, errno, errcode, message } = (error ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof code === 'string') {
    if (READ_ONLY_CODES.has(code)) return 'read-only';
    if (ANSWER_SQLSTATE.test(code) || ANSWER_SQLITE.test(code) || code.startsWith('ERR_INVALID_ARG')) return 'answer';
  }
  if (typeof errno === 'number' && errno > 0) {
    if (READ_ONLY_MYSQL.has(errno)) return 'read-only';
    if (ANSWER_MYSQL.has(errno)) return 'answer';
  }
  if (typeof errcode === 'number') {
    if (READ_ONLY_SQLITE.has(errcode & 0xff)) return 'read-only';
    if (ANSWER_SQLITE_NUMBERS.has(errcode & 0xff)) return 'answer';
  }
  if (typeof message === 'string') {
    if (READ_ONLY_REDIS.test(message)) return 'read-only';
    if (ANSWER_REDIS.test(message)) return 'answer';
  }
  return 'outage';
}
