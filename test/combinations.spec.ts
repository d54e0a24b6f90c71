import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Row {
  readonly group: string;
  readonly name: string;
  readonly packages: readonly string[];
  readonly test: string;
  /** Parts of the test's full name, as its file has them. */
  readonly of: readonly string[];
  /** Further parts, which the file makes of values. */
  readonly with?: readonly string[];
}

const root = process.cwd();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const rows = JSON.parse(read('test/combinations.json')) as readonly Row[];
const page = read('docs/combinations.md');
const manifest = JSON.parse(read('package.json')) as { readonly devDependencies: Readonly<Record<string, string>> };

describe('docs/combinations.md', () => {
  it.each(rows.map((row) => [row.name, row] as const))('%s: its test is there, and passed', (name, row) => {
    expect(existsSync(join(root, row.test))).toBe(true);
    for (const part of row.of) expect(read(row.test)).toContain(part);
    const line = page.split('\n').find((one) => one.startsWith(`| ${name} `));
    expect(line).toMatch(/\| \d+ passed +\|/);
    expect(line).toContain(`(../${row.test})`);
  });

  it('has no other rows', () => {
    const lines = page.split('\n').filter((line) => / passed +\|/.test(line));
    expect(lines).toHaveLength(rows.length);
  });

  it('names packages that are installed for the tests', () => {
    const names = new Set(rows.flatMap(({ packages }) => packages));
    expect([...names].filter((name) => manifest.devDependencies[name] === undefined)).toEqual([]);
  });
});
