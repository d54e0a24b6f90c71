import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { sqlTableName } from '../../../src/sql/sql-table-name.js';

const dialect = { name: 'PostgreSQL', quote: '"', longestName: 10 };

describe('the name of a table', () => {
  it.each([
    ['sessions', undefined, 'sessions', '"sessions"'],
    ['auth.Sessions', 'auth', 'Sessions', '"auth"."Sessions"'],
    ['_a-b$1', undefined, '_a-b$1', '"_a-b$1"'],
  ])('%s is quoted', (text, schema, name, quoted) => {
    expect(sqlTableName(text, dialect)).toMatchObject({ schema, name, quoted });
  });

  it.each(['', '.', 'a.', '.a', 'a.b.c', '1a', 'a b', 'a"', "a'", 'a`', 'a;', 'a?', 'ä', 'x'.repeat(11), 'a\n', 'a\0'])(
    '%j is refused',
    (text) => {
      expect(() => sqlTableName(text, dialect)).toThrow(SessionConfigurationError);
      expect(() => sqlTableName(text, dialect)).toThrow('The table of a PostgreSQL session storage must be a name');
    },
  );

  it('is a text', () => {
    expect(() => sqlTableName(5 as never, dialect)).toThrow(SessionConfigurationError);
  });
});
