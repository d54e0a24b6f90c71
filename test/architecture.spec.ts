import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/** The lower layers, from the bottom up. Each may import what its line names, and `errors`. */
const CORE = {
  errors: [],
  call: [],
  keys: [],
  serializer: [],
  transformer: ['keys'],
  storage: ['keys'],
  memory: ['storage'],
  directory: ['storage'],
  transport: ['call', 'transformer'],
  tracker: ['call', 'serializer', 'storage'],
  session: ['call', 'keys', 'serializer', 'transformer', 'storage', 'transport', 'tracker'],
  config: ['keys', 'serializer', 'transformer', 'storage', 'memory', 'transport', 'tracker', 'session'],
};

/** Folder to the folders it may import. Whatever is not here is not allowed, types included. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  ...CORE,
  platform: ['call'],
  'request-session': ['transformer', 'transport', 'tracker', 'session'],
  module: [...Object.keys(CORE), 'platform', 'request-session'],
  passport: ['module', 'request-session'],
  sql: ['storage'],
  sqlite: ['storage', 'sql'],
  postgres: ['storage', 'sql'],
  mysql: ['storage', 'sql'],
  redis: ['storage'],
  keyv: ['storage'],
  'express-store': ['storage'],
  ktor: ['call', 'serializer', 'transformer', 'storage', 'memory', 'transport', 'tracker', 'session', 'config'],
  opentelemetry: ['storage', 'session'],
  standalone: [...Object.keys(CORE), 'platform'],
  // `testing/application` needs the module, by a dynamic import only: the storage contract runs without NestJS.
  testing: [...Object.keys(CORE), 'module'],
  // A program, no public path.
  cli: [...Object.keys(CORE), 'module'],
  migrate: ['call', 'storage', 'transport', 'tracker', 'session', 'config'],
  // Nothing but an index.ts: the parts that a session is built of.
  core: Object.keys(CORE),
  // The root holds index.ts and nothing else.
  '.': [...Object.keys(CORE), 'platform', 'module'],
};

/** The folders of `module`, from the bottom up. Each may import those above it in this list, and no file beside them. */
const MODULE_FOLDERS = ['request', 'handlers', 'commit', 'decorators', 'start'];

/** Folder to the packages it may name. Node's own modules are free; no platform and no backend is named anywhere. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  serializer: ['class-transformer', 'reflect-metadata'],
  config: ['reflect-metadata'],
  ktor: ['class-transformer', 'reflect-metadata'],
  platform: ['@nestjs/common'],
  cli: ['@nestjs/common', '@nestjs/core'],
  // The last two only by import(), where the application has gateways or message handlers.
  module: ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs', '@nestjs/websockets', '@nestjs/microservices'],
};

/** Path below src, with `/`, to text. */
type Sources = ReadonlyMap<string, string>;

function readSources(root: string): Sources {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return new Map(names.sort().map((name) => [name.replaceAll('\\', '/'), readFileSync(join(root, name), 'utf8')]));
}

const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '.');
const packageOf = (specifier: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
const isIndex = (file: string): boolean => file === 'index.ts' || file.endsWith('/index.ts');
const isRelative = (specifier: string): boolean => /^\.{1,2}(?:\/|$)/.test(specifier);

/** Every module a file names: import, import type, export from, import(), import('…').Type. */
function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((reference) => reference.fileName);
}

/** The file below src that a relative specifier means. */
function target(file: string, specifier: string): string {
  return normalize(join(dirname(file), specifier))
    .replaceAll('\\', '/')
    .replace(/\.js$/, '.ts');
}

function forbidden(sources: Sources, file: string, specifier: string): string | undefined {
  const folder = folderOf(file);
  if (!isRelative(specifier)) {
    const allowed = specifier.startsWith('node:') || PACKAGES[folder]?.includes(packageOf(specifier));
    return allowed ? undefined : 'this folder may not name the package';
  }
  const imported = target(file, specifier);
  if (!sources.has(imported)) return 'there is no such file';
  if (isIndex(imported)) return 'a barrel is not imported from inside';
  const other = folderOf(imported);
  const allowed = other === folder || other === 'errors' || FOLDERS[folder]?.includes(other);
  return allowed ? undefined : `${folder} may not import ${other}`;
}

/** The imports of a folder of `module` that go up, or to a file of `module` itself. */
function moduleViolations(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => {
    const level = MODULE_FOLDERS.indexOf(/^module\/([^/]+)\//.exec(file)?.[1] ?? '');
    if (!file.startsWith('module/')) return [];
    if (level < 0) return /^module\/[^/]+\//.test(file) ? [`${file}: the list has no such folder`] : [];
    const upward = importsOf(text).filter((specifier) => {
      const imported = isRelative(specifier) ? target(file, specifier) : '';
      if (!imported.startsWith('module/')) return false;
      const below = MODULE_FOLDERS.indexOf(imported.split('/')[1] ?? '');
      return below < 0 || below > level;
    });
    return upward.map((specifier) => `${file} imports '${specifier}'`);
  });
}

function importViolations(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => {
    if (FOLDERS[folderOf(file)] === undefined) return [`${file}: the table has no folder ${folderOf(file)}`];
    return importsOf(text).flatMap((specifier) => {
      const reason = forbidden(sources, file, specifier);
      return reason === undefined ? [] : [`${file} imports '${specifier}': ${reason}`];
    });
  });
}

/** Every cycle that a depth-first walk closes, as `a.ts > b.ts > a.ts`. */
function cycles(sources: Sources): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(' > '));
    if (start >= 0 || done.has(file)) return;
    for (const specifier of importsOf(sources.get(file) ?? '')) {
      const next = target(file, specifier);
      if (isRelative(specifier) && sources.has(next)) visit(next, [...path, file]);
    }
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
  return found;
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === 'default';
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  return modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword) ?? false;
}

function isConsole(node: ts.Node): boolean {
  return ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'console';
}

function habitViolations(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => {
    const found: string[] = [];
    if (/(?:^|[/.-])utils?\.ts$|(?:^|\/)utils?\//.test(file)) found.push(`${file}: say what it is, not "utils"`);
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
    const visit = (node: ts.Node): void => {
      const line = (): number => source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      if (isDefaultExport(node)) found.push(`${file}:${line()}: default export`);
      if (isConsole(node)) found.push(`${file}:${line()}: console`);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

/** A file that only hands on what others export. */
function isBarrel(text: string): boolean {
  const source = ts.createSourceFile('index.ts', text, ts.ScriptTarget.ES2022);
  return source.statements.every(
    (statement) =>
      ts.isExportDeclaration(statement) &&
      statement.moduleSpecifier !== undefined &&
      statement.exportClause !== undefined &&
      ts.isNamedExports(statement.exportClause),
  );
}

describe('the architecture of src', () => {
  const sources = readSources(join(process.cwd(), 'src'));

  it('imports along the edges of the table only', () => {
    expect(importViolations(sources)).toEqual([]);
  });

  it('has folders in module that import downward only', () => {
    expect(moduleViolations(sources)).toEqual([]);
  });

  it('has no import cycle between files, types counted', () => {
    expect(cycles(sources)).toEqual([]);
  });

  it('has no default export, no console and no file called utils', () => {
    expect(habitViolations(sources)).toEqual([]);
  });

  it('has nothing but index.ts at its root, and nothing but named exports in an index.ts', () => {
    const files = [...sources.keys()];
    expect(files.filter((file) => folderOf(file) === '.')).toEqual(['index.ts']);
    const barrels = files.filter(isIndex);
    expect(barrels.filter((file) => !isBarrel(sources.get(file) ?? ''))).toEqual([]);
  });

  it('has a table without cycles, so that imports can only go down', () => {
    const folders = new Map(
      Object.entries(FOLDERS).map(([folder, edges]) => [
        `${folder}.ts`,
        edges.map((edge) => `import './${edge}.js';`).join('\n'),
      ]),
    );
    expect(cycles(folders)).toEqual([]);
  });
});

describe('the architecture check', () => {
  const at = (file: string, text: string): Sources =>
    new Map([
      ['errors/session.errors.ts', ''],
      ['keys/key-ring.ts', ''],
      ['module/sessions.module.ts', ''],
      ['storage/index.ts', ''],
      ['storage/owner-index.ts', ''],
      [file, text],
    ]);

  it.each([
    ['an import upwards', 'keys/a.ts', "import { SessionsModule } from '../module/sessions.module.js';"],
    ['an upward import of a type', 'keys/a.ts', "import type { SessionsModule } from '../module/sessions.module.js';"],
    ['an upward import inside a type', 'keys/a.ts', "export type A = import('../module/sessions.module.js').A;"],
    ['an upward import at run time', 'keys/a.ts', "const a = () => import('../module/sessions.module.js');"],
    ['an upward export', 'keys/a.ts', "export { SessionsModule } from '../module/sessions.module.js';"],
    ['a barrel', 'session/a.ts', "import { SessionStorage } from '../storage/index.js';"],
    ['Nest in the core by a deeper path', 'session/a.ts', "import '@nestjs/common/internal';"],
    ['a missing file', 'session/a.ts', "import { KeyRing } from '../keys/key-rings.js';"],
    ['Nest in the core', 'session/a.ts', "import { Injectable } from '@nestjs/common';"],
    ['a platform in the module', 'module/a.ts', "import type { Request } from 'express';"],
    ['a client in a storage', 'redis/a.ts', "import type { RedisClientType } from 'redis';"],
    ['the package itself', 'module/a.ts', "import { Session } from 'nestjs-sessions';"],
    ['a folder the table does not know', 'extras/a.ts', ''],
  ])('refuses %s', (_what, file, text) => {
    expect(importViolations(at(file, text))).toEqual([expect.stringContaining(file)]);
  });

  it.each([
    [
      'keys/a.ts',
      "import { SessionError } from '../errors/session.errors.js';\nimport { hkdfSync } from 'node:crypto';",
    ],
    ['storage/a.ts', "import { OwnerIndex } from './owner-index.js';"],
    ['transformer/a.ts', "import { KeyRing } from '../keys/key-ring.js';"],
    ['serializer/a.ts', "import type { MetadataStorage } from 'class-transformer/types/MetadataStorage.js';"],
    ['module/a.ts', "import { Injectable } from '@nestjs/common';\nimport { KeyRing } from '../keys/key-ring.js';"],
  ])('lets %s import what is below it', (file, text) => {
    expect(importViolations(at(file, text))).toEqual([]);
  });

  it('finds a cycle of three files, with the way round', () => {
    const sources = new Map([
      ['session/a.ts', "import type { B } from './b.js';"],
      ['session/b.ts', "import { C } from './c.js';"],
      ['session/c.ts', "export { A } from './a.js';"],
    ]);
    expect(cycles(sources)).toEqual(['session/a.ts > session/b.ts > session/c.ts > session/a.ts']);
  });

  it.each([
    ['session/a.ts', 'export default class A {}', 'session/a.ts:1: default export'],
    ['session/a.ts', 'const a = 1;\nexport default a;', 'session/a.ts:2: default export'],
    ['session/a.ts', 'const a = 1;\nexport { a as default };', 'session/a.ts:2: default export'],
    ['session/a.ts', 'console.log(1);', 'session/a.ts:1: console'],
    ['session/session-utils.ts', '', 'session/session-utils.ts: say what it is, not "utils"'],
    ['utils/a.ts', '', 'utils/a.ts: say what it is, not "utils"'],
  ])('finds the habit in %s: %s', (file, text, message) => {
    expect(habitViolations(new Map([[file, text]]))).toEqual([message]);
  });

  it.each([
    ['an import of a higher folder', 'module/request/a.ts', "import { A } from '../commit/a.js';"],
    ['an import of the module itself', 'module/start/a.ts', "import { A } from '../sessions-runtime.js';"],
    ['a folder that the list does not have', 'module/extras/a.ts', ''],
  ])('refuses in module %s', (_what, file, text) => {
    expect(moduleViolations(new Map([[file, text]]))).toEqual([expect.stringContaining(file)]);
  });

  it('leaves an example in a comment alone', () => {
    expect(habitViolations(new Map([['session/a.ts', '// console.log(1); export default 1']]))).toEqual([]);
  });
});
