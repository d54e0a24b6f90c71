import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SqlDialect, SqlTableName } from './sql-engine.js';

/** @throws {SessionConfigurationError} for characters other than letters, digits, `_`, `$` and `-`. */
export function sqlTableName(text: string, dialect: Pick<SqlDialect, 'name' | 'quote' | 'longestName'>): SqlTableName {
  const parts = typeof text === 'string' ? text.split('.') : [];
  const longest = dialect.longestName;
  const valid = (part: string): boolean => /^[A-Za-z_][\w$-]*$/.test(part) && part.length <= longest;
  if (parts.length < 1 || parts.length > 2 || !parts.every(valid)) {
    throw new SessionConfigurationError(
      `The table of a ${dialect.name} session storage must be a name of letters, digits, _, $ and -, at most ${longest} ` +
        "characters long, optionally after a schema, such as { table: 'sessions' } or { table: 'auth.sessions' }.",
    );
  }
  const quote = (identifier: string): string => `${dialect.quote}${identifier}${dialect.quote}`;
  return {
    schema: parts.length === 2 ? parts[0] : undefined,
    name: parts.at(-1)!,
    quoted: parts.map(quote).join('.'),
    quote,
  };
}
