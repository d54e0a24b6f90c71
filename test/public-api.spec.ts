import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';

// UPDATE_API=1 npm test -- test/public-api
// rewrites test/api and the sub-paths of package.json; the diff is then what a reviewer signs.
const update = process.env['UPDATE_API'] === '1';

const root = process.cwd();
const lists = join(root, 'test', 'api');
const manifest = join(root, 'package.json');

/** The public paths: the root of src, and every folder of it that has an index.ts. */
function publicPaths(): string[] {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders.map((folder) => folder.name).filter((name) => existsSync(join(root, 'src', name, 'index.ts')));
  return ['.', ...names.sort()];
}

const indexOf = (path: string): string => join(root, 'src', path, 'index.ts');
const listOf = (path: string): string => join(lists, `${path === '.' ? 'index' : path}.txt`);

function kindOf(symbol: ts.Symbol): string {
  if (symbol.flags & ts.SymbolFlags.Class) return 'class';
  if (symbol.flags & ts.SymbolFlags.Function) return 'function';
  const isType = symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias);
  const isValue = symbol.flags & ts.SymbolFlags.Variable;
  if (isType && isValue) return 'const, type';
  if (isType) return symbol.flags & ts.SymbolFlags.Interface ? 'interface' : 'type';
  return isValue ? 'const' : 'other';
}

const hasValue = (symbol: ts.Symbol): boolean => (symbol.flags & ts.SymbolFlags.Value) !== 0;

/** `name kind` of all that can be imported from a path, sorted by name. */
function exportedNames(program: ts.Program, path: string): string {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(indexOf(path));
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`src/${path}/index.ts exports nothing`);
  const lines = checker.getExportsOfModule(module).map((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const typeOnly = exported.declarations?.some(ts.isTypeOnlyExportDeclaration);
    return `${exported.name} ${kindOf(symbol)}${typeOnly && hasValue(symbol) ? ' (as a type only)' : ''}`;
  });
  return `${lines.sort().join('\n')}\n`;
}

/** What package.json must say for the paths: `exports`, and `typesVersions` for compilers that know no exports. */
function manifestEntries(paths: readonly string[]): { exports: object; typesVersions: object } {
  const files = (format: string, path: string): object => {
    const file = join('dist', format, path, 'index').replaceAll('\\', '/');
    return { types: `./${file}.d.ts`, default: `./${file}.js` };
  };
  const conditions = (path: string): object => ({
    'module-sync': files('esm', path),
    import: files('esm', path),
    require: files('cjs', path),
  });
  const subPaths = paths.filter((path) => path !== '.');
  return {
    exports: {
      ...Object.fromEntries(paths.map((path) => [path === '.' ? '.' : `./${path}`, conditions(path)])),
      './package.json': './package.json',
    },
    typesVersions: {
      '*': Object.fromEntries(subPaths.map((path) => [path, [`./dist/cjs/${path}/index.d.ts`]])),
    },
  };
}

function updateManifest(paths: readonly string[]): void {
  const present: Record<string, unknown> = JSON.parse(readFileSync(manifest, 'utf8'));
  const { exports, typesVersions } = manifestEntries(paths);
  const entries = Object.entries(present).flatMap(([key, value]): [string, unknown][] => {
    if (key === 'typesVersions') return [];
    if (key !== 'exports') return [[key, value]];
    return paths.length > 1
      ? [
          ['exports', exports],
          ['typesVersions', typesVersions],
        ]
      : [['exports', exports]];
  });
  writeFileSync(manifest, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
}

function updateLists(program: ts.Program, paths: readonly string[]): void {
  rmSync(lists, { recursive: true, force: true });
  mkdirSync(lists);
  for (const path of paths) writeFileSync(listOf(path), exportedNames(program, path));
}

describe('the public API', () => {
  const paths = publicPaths();
  const config = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')).config,
    ts.sys,
    root,
  );
  const program = ts.createProgram(paths.map(indexOf), config.options);

  if (update) {
    updateManifest(paths);
    updateLists(program, paths);
  }

  it.each(paths)('exports from %s the names of the committed list', (path) => {
    const committed = existsSync(listOf(path)) ? readFileSync(listOf(path), 'utf8') : '';
    expect(exportedNames(program, path)).toBe(committed);
  });

  it('has no list of a path that is gone', () => {
    const files = paths.map((path) => basename(listOf(path)));
    expect(readdirSync(lists).filter((file) => !files.includes(file))).toEqual([]);
  });

  it('is reached through package.json by exactly the folders of src that have an index.ts', () => {
    const { exports, typesVersions } = JSON.parse(readFileSync(manifest, 'utf8'));
    const expected = manifestEntries(paths);
    // As text: the order of the conditions is what Node goes by.
    expect(JSON.stringify(exports, null, 2)).toBe(JSON.stringify(expected.exports, null, 2));
    expect(typesVersions ?? { '*': {} }).toEqual(expected.typesVersions);
  });
});
