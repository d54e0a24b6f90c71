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

const printer = ts.createPrinter({ removeComments: true });

/** The declaration files of the sources, in memory, as a program: types as a user of the package meets them. */
function declarations(options: ts.CompilerOptions, paths: readonly string[]): ts.Program {
  const emitted = new Map<string, string>();
  const emitting = {
    ...options,
    noEmit: false,
    noCheck: true,
    declaration: true,
    emitDeclarationOnly: true,
    sourceMap: false,
  };
  const host = ts.createCompilerHost(emitting);
  host.writeFile = (name, text) => emitted.set(name, text);
  ts.createProgram(paths.map(indexOf), emitting, host).emit();
  const reading = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = reading;
  const declared = (name: string): string | undefined => emitted.get(name);
  // Beside each declaration its source would be found first.
  reading.fileExists = (name) =>
    declared(name) !== undefined || (fileExists(name) && !emitted.has(name.replace(/\.ts$/, '.d.ts')));
  reading.readFile = (name) => declared(name) ?? readFile(name);
  reading.getSourceFile = (name, version) => {
    const text = declared(name);
    return text === undefined ? getSourceFile(name, version) : ts.createSourceFile(name, text, version, true);
  };
  return ts.createProgram(
    paths.map((path) => indexOf(path).replace(/\.ts$/, '.d.ts')),
    { ...options, noEmit: true },
    reading,
  );
}

/** Every symbol that can be imported from a path, with the name it is imported by. */
function exportsOf(program: ts.Program, path: string): ReadonlyArray<readonly [name: string, symbol: ts.Symbol]> {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(indexOf(path).replace(/\.ts$/, '.d.ts'));
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`src/${path}/index.ts exports nothing`);
  return checker
    .getExportsOfModule(module)
    .map((exported): readonly [string, ts.Symbol] => [
      exported.name,
      exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported,
    ])
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

/** The declaration statements of a symbol. */
function statementsOf(symbol: ts.Symbol): ts.Node[] {
  return (symbol.declarations ?? []).map((declaration) =>
    ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration,
  );
}

/** The whole declaration of each name that can be imported from a path, without comments, sorted by name. */
function signatures(program: ts.Program, path: string): string {
  const printed = exportsOf(program, path).map(([name, symbol]) => {
    const texts = statementsOf(symbol).map((node) =>
      printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()),
    );
    return `// ${name}\n${texts.join('\n')}\n`;
  });
  return printed.join('\n');
}

/** Named by constructors that only Nest calls, and by a base class that no code names. */
const OF_NEST = ['ConfigurableModuleClass', 'SessionsRuntime'];

/** Types of this package that a public signature names and no entry exports, as `Type (in Exported)`. */
function unexportedTypes(program: ts.Program, paths: readonly string[]): string[] {
  const checker = program.getTypeChecker();
  const exported = paths.flatMap((path) => exportsOf(program, path));
  const importable = new Set(exported.map(([, symbol]) => symbol));
  const found = new Set<string>();
  for (const [name, symbol] of exported) {
    const visit = (node: ts.Node): void => {
      if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
        const reference = ts.isTypeReferenceNode(node) ? node.typeName : node.expression;
        const direct = checker.getSymbolAtLocation(reference);
        const named = direct && direct.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(direct) : direct;
        const ours = named?.declarations?.some((declaration) =>
          declaration.getSourceFile().fileName.startsWith(join(root, 'src')),
        );
        const isParameter = named && (named.flags & ts.SymbolFlags.TypeParameter) !== 0;
        if (named && ours && !isParameter && !importable.has(named) && !OF_NEST.includes(named.name))
          found.add(`${named.name} (in ${name})`);
      }
      ts.forEachChild(node, visit);
    };
    for (const statement of statementsOf(symbol)) visit(statement);
  }
  return [...found].sort();
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
  for (const path of paths) writeFileSync(listOf(path), signatures(program, path));
}

describe('the public API', () => {
  const paths = publicPaths();
  const config = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')).config,
    ts.sys,
    root,
  );
  const program = declarations(config.options, paths);

  if (update) {
    updateManifest(paths);
    updateLists(program, paths);
  }

  it.each(paths)('exports from %s the committed signatures', (path) => {
    const committed = existsSync(listOf(path)) ? readFileSync(listOf(path), 'utf8') : '';
    expect(signatures(program, path)).toBe(committed);
  });

  it('exports every type that a public signature names', () => {
    expect(unexportedTypes(program, paths)).toEqual([]);
  });

  it('gives a name one meaning, whichever path it is imported from', () => {
    // The first is a decorator and the type of what it injects. The second has Ktor's form in ./ktor, and Ktor's layout.
    const known = ['SessionInfo', 'directorySessionStorage'];
    const meanings = new Map<string, Set<ts.Symbol>>();
    for (const [name, symbol] of paths.flatMap((path) => exportsOf(program, path))) {
      meanings.set(name, (meanings.get(name) ?? new Set()).add(symbol));
    }
    expect(
      [...meanings]
        .filter(([, symbols]) => symbols.size > 1)
        .map(([name]) => name)
        .sort(),
    ).toEqual(known);
  });

  // Ktor's names that are types or values of this package; the others are told in docs/from-ktor.md.
  it.each([
    'SessionProvider SessionTracker SessionTrackerById SessionTrackerByValue SessionsConfig SessionBuilder',
    'SessionTransport SessionTransportCookie SessionTransportHeader CookieConfiguration CookieEncoding',
    'SessionTransportTransformer SessionTransportTransformerDigest SessionTransportTransformerEncrypt',
    'SessionTransportTransformerMessageAuthentication SessionSerializer SessionSerializerReflection',
    'autoSerializerOf defaultSessionSerializer reflectionSessionSerializer KotlinxSessionSerializer',
    'KotlinxBackwardCompatibleSessionSerializer SessionStorage SessionStorageMemory directorySessionStorage',
    'CacheStorage Cache BaseCache generateSessionId DEFAULT_SESSION_MAX_AGE CookieSessionBuilder',
    'CookieIdSessionBuilder HeaderSessionBuilder HeaderIdSessionBuilder',
  ])('exports from ktor %s', (names) => {
    const exported = exportsOf(program, 'ktor').map(([name]) => name);
    expect(exported).toEqual(expect.arrayContaining(names.split(' ')));
  });

  it.each(['autoSerializerOf', 'defaultSessionSerializer', 'SameSite'])('exports %s from one path', (wanted) => {
    const found = paths.filter((path) => exportsOf(program, path).some(([name]) => name === wanted));
    expect(found).toHaveLength(1);
  });

  it('has at most 90 names in the main entry', () => {
    expect(exportsOf(program, '.').length).toBeLessThanOrEqual(90);
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
