import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Row {
  readonly group: 'Tool chains' | 'Combinations';
  readonly name: string;
  readonly packages: readonly string[];
  /** Folders of test/packaging/consumers that install them. Default: the packages are those of the tests. */
  readonly consumers?: readonly string[];
  readonly test: string;
  /** Parts of the test's full name, as its file has them. */
  readonly of: readonly string[];
  /** Further parts, which the file makes of values. */
  readonly with?: readonly string[];
}

const root = process.cwd();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const rows = JSON.parse(read('test/combinations.json')) as readonly Row[];
const pages = { 'Tool chains': 'docs/tool-chains.md', Combinations: 'docs/combinations.md' } as const;
const linesOf = (group: keyof typeof pages): readonly string[] => read(pages[group]).split('\n');

/** The names of what a package.json installs. */
function installedBy(manifest: string): readonly string[] {
  const { dependencies, devDependencies } = JSON.parse(read(manifest)) as Record<string, object | undefined>;
  return Object.keys({ ...dependencies, ...devDependencies });
}

describe('docs/tool-chains.md and docs/combinations.md', () => {
  it.each(rows.map((row) => [row.name, row] as const))('%s: its test is there, and passed', (name, row) => {
    expect(existsSync(join(root, row.test))).toBe(true);
    for (const part of row.of) expect(read(row.test)).toContain(part);
    const line = linesOf(row.group).find((one) => one.startsWith(`| ${name} | `));
    expect(line).toMatch(/\| \d+ passed \|/);
    expect(line).toContain(`(../${row.test})`);
  });

  it('has no other rows', () => {
    const lines = [...linesOf('Tool chains'), ...linesOf('Combinations')].filter((line) => / passed \|/.test(line));
    expect(lines).toHaveLength(rows.length);
  });

  it('names packages that are installed for the tests', () => {
    const missing = rows.flatMap(({ name, packages, consumers }) => {
      const manifests = consumers?.map((one) => `test/packaging/consumers/${one}/package.json`) ?? ['package.json'];
      const installed = new Set(manifests.flatMap(installedBy));
      return packages.filter((one) => !installed.has(one)).map((one) => `${name}: ${one}`);
    });
    expect(missing).toEqual([]);
  });

  it('has the tool chains and combinations that were once tried by hand', () => {
    const count = (group: keyof typeof pages): number => rows.filter((row) => row.group === group).length;
    expect(count('Tool chains')).toBeGreaterThanOrEqual(21);
    expect(count('Combinations')).toBeGreaterThanOrEqual(36);
  });
});
