import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGES = ['docs/security.md', 'docs/security-statements.md', 'docs/security-statements-wire.md'];

interface Claim {
  readonly id: string;
  readonly status: string;
  readonly tests: ReadonlyArray<{ readonly file: string; readonly name: string }>;
}

/** `- **I-1** statement: _met_. `file` "name".` */
function claimsOf(page: string): Claim[] {
  const text = readFileSync(page, 'utf8').replace(/\n {2,}/g, ' ');
  return [...text.matchAll(/^- \*\*([\w.-]+)\*\* (.*)$/gm)].map(([, id, rest]) => ({
    id: id!,
    status: /: [_*](met|by option|yours|no)[_*]\./.exec(rest!)?.[1] ?? 'none',
    tests: [...rest!.matchAll(/`([\w./-]+\.spec\.ts)` "([^"]+)"/g)].map(([, file, name]) => ({
      file: file!,
      name: name!,
    })),
  }));
}

const claims = PAGES.flatMap(claimsOf);
const ids = claims.map(({ id }) => id);

/** The names of tests in a file, as they are written. */
function testNames(file: string): string[] {
  const text = readFileSync(join('test', file), 'utf8');
  const calls =
    /\b(?:it|test)\b(?:\.each[\s\S]*?\)\s*\(|\()\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;
  return [...text.matchAll(calls)].map(([, single, double, template]) => single ?? double ?? template!);
}

describe('the security pages', () => {
  it('have each of the 19 requirements of ASVS 5.0 chapter 7, the 5 of 3.3, and each numbered statement, once', () => {
    const numbered = (letter: string, last: number): string[] =>
      Array.from({ length: last }, (_, index) => `${letter}-${index + 1}`);
    const sections = { 1: 3, 2: 4, 3: 2, 4: 5, 5: 3, 6: 2 };
    const asvs = Object.entries(sections).flatMap(([section, last]) =>
      Array.from({ length: last }, (_, index) => `7.${section}.${index + 1}`),
    );
    const cookies = Array.from({ length: 5 }, (_, index) => `3.3.${index + 1}`);
    const letters = { I: 9, F: 5, E: 8, L: 16, C: 13, K: 10, H: 7, R: 8, X: 4, O: 3, V: 4 };
    const statements = Object.entries(letters).flatMap(([letter, last]) => numbered(letter, last));
    expect(ids.toSorted()).toEqual([...asvs, ...cookies, ...statements].toSorted());
  });

  it('give each a status, and a test to whatever is met', () => {
    expect(claims.filter(({ status }) => status === 'none').map(({ id }) => id)).toEqual([]);
    const claimed = claims.filter(({ status }) => status === 'met' || status === 'by option');
    expect(claimed.filter(({ tests }) => tests.length === 0).map(({ id }) => id)).toEqual([]);
  });

  it.each(claims.filter(({ tests }) => tests.length > 0))('name tests that exist: $id', ({ tests }) => {
    const missing = tests.filter(({ file, name }) => {
      if (!existsSync(join('test', file))) return true;
      return !testNames(file).some((present) => present.startsWith(name) || present.includes(name));
    });
    expect(missing).toEqual([]);
  });

  it('has the statuses that the command line gives for chapter 7, where that does not depend on the application', () => {
    const asvs = readFileSync('src/cli/asvs.ts', 'utf8');
    for (const { id, status } of claims.filter(({ id: one }) => one.startsWith('7.'))) {
      const entry = asvs.slice(asvs.indexOf(`id: '${id}'`)).split("id: '")[1]!;
      expect([id, entry.includes(`'${status}'`) || entry.includes('timeout(') || entry.includes('revocable(')]).toEqual(
        [id, true],
      );
    }
  });
});
