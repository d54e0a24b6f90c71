import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import type { OptionRule } from '../src/config/option-rules.js';
import { SESSION_OPTION_RULES } from '../src/config/session-option-rules.js';
import { SESSIONS_MODULE_OPTION_RULES } from '../src/module/sessions.module-definition.js';
import { README_EXAMPLE_KEY } from '../src/keys/public-keys.js';

const root = process.cwd();
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** Path from the root to text: what a user reads. */
const pages: ReadonlyMap<string, string> = new Map(
  [
    'README.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    'ARCHITECTURE.md',
    ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
  ]
    .filter((path) => path.endsWith('.md') && existsSync(join(root, path)))
    .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
);
const everything = [...pages.values()].join('\n');

interface CodeBlock {
  readonly page: string;
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/** The ```ts blocks of all pages, each as a module of its own. */
const blocks: readonly CodeBlock[] = [...pages].flatMap(([page, text]) =>
  [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match, index) => ({
    page,
    file: join(root, 'test', `${page.replace(/\W/g, '-')}-${index + 1}.ts`),
    line: text.slice(0, match.index).split('\n').length,
    code: match[1]!,
  })),
);

/** What can be imported: the package, then its sub-paths. */
const publicFiles = ['.', ...readdirSync(join(root, 'src'))]
  .map((folder) => join(root, 'src', folder, 'index.ts'))
  .filter((file) => existsSync(file));

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

/** A program of the blocks, which are on no disk, and of the package's index. */
function compile(): ts.Program {
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const texts = new Map(blocks.map(({ file, code }) => [file, code]));
  const { fileExists, readFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  return ts.createProgram([...publicFiles, ...texts.keys()], options, host);
}

describe('the documentation', () => {
  let program: ts.Program;

  const exportsOf = (file: string): ts.Symbol[] => {
    const checker = program.getTypeChecker();
    return checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!);
  };

  beforeAll(() => {
    program = compile();
  }, 120_000);

  it.each(blocks.map((block) => ({ ...block, title: /class (\w+)/.exec(block.code)?.[1] })))(
    'compiles: $page, line $line ($title)',
    ({ page, file }) => {
      const source = program.getSourceFile(file)!;
      const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      const messages = problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
      // A block may import a file that another block of its page shows. Those of docs/sign-in.md are whole.
      const shown =
        page === 'docs/sign-in.md' ? [] : messages.filter((message) => message.startsWith("Cannot find module './"));
      expect(messages).toEqual(shown);
    },
    60_000,
  );

  it('has no code of another kind that looks like TypeScript', () => {
    const fences = [...everything.matchAll(/^```(\S*)\n/gm)].map((match) => match[1]!);
    // Every second one closes a block.
    const known = ['', 'conf', 'diff', 'html', 'http', 'ini', 'js', 'json', 'kotlin', 'kt', 'lua', 'mermaid', 'nginx'];
    const kinds = new Set(fences.filter((_, index) => index % 2 === 0));
    expect(
      [...kinds].filter((kind) => ![...known, 'prom', 'promql', 'sh', 'sql', 'text', 'ts', 'yaml'].includes(kind)),
    ).toEqual([]);
  });

  it('has a README of at most 15 kB, and pages of at most 15 kB', () => {
    const long = [...pages].filter(([, text]) => Buffer.byteLength(text) > 15_000).map(([path]) => path);
    expect(long).toEqual([]);
  });

  describe('names everything that can be set or met', () => {
    const membersOf = (name: string): string[] => {
      const checker = program.getTypeChecker();
      const exported = exportsOf(publicFiles[0]!).find((symbol) => symbol.name === name)!;
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const type = checker.getDeclaredTypeOfSymbol(symbol);
      if (type.isUnion() && type.types.every((member) => member.isStringLiteral())) {
        return type.types.map((member) => member.value);
      }
      return checker.getPropertiesOfType(type).map((property) => property.name);
    };

    it.each([
      'SessionsModuleOptions',
      'SessionsModuleExtras',
      'SessionOptions',
      'SessionOverrides',
      'CookieConfiguration',
      'SessionStorageMemoryOptions',
      'RequireSessionOptions',
      'RequestSessions',
      'SessionErrorCode',
      'RejectionReason',
    ])('%s', (name) => {
      const members = membersOf(name);
      expect(members.length).toBeGreaterThan(0);
      const missing = members.filter((member) => !new RegExp(`\`[^\`\n]*\\b${member}\\b[^\`\n]*\``).test(everything));
      expect(missing).toEqual([]);
    });
  });

  describe('has a row in a table for each option, which names the texts that it takes', () => {
    const rows = [...pages.values()]
      .flatMap((text) => text.split('\n'))
      .filter((line) => line.startsWith('| `'))
      .map((line) => ({ options: line.split('|')[1]!, line }));

    it.each<[string, Readonly<Record<string, OptionRule>>]>([
      ['@Session and sessions', SESSION_OPTION_RULES],
      ['forRoot', SESSIONS_MODULE_OPTION_RULES],
    ])('%s', (_set, rules) => {
      const missing = Object.entries(rules).filter(([option, { oneOf = [] }]) => {
        const own = rows.filter(({ options }) => options.includes(`\`${option}\``)).map(({ line }) => line);
        return own.length === 0 || !oneOf.every((text) => own.some((line) => line.includes(`'${text}'`)));
      });
      expect(missing.map(([option]) => option)).toEqual([]);
    });
  });

  it('calls nothing planned that is there already', () => {
    const rows = readme.split('\n').filter((line) => /\|\s*planned/.test(line));
    const planned = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map((match) => match[1]!));
    const exported = new Set(publicFiles.flatMap((file) => exportsOf(file).map((symbol) => symbol.name)));
    expect(exported.size).toBeGreaterThan(50);
    expect(planned.filter((name) => exported.has(name))).toEqual([]);
  });

  it('shows the example key that no key ring takes', () => {
    expect(readme).toContain(README_EXAMPLE_KEY);
  });

  const { homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { homepage: string };
  const repository = `${homepage.slice(0, homepage.indexOf('#'))}/`;
  const shipped = ['README.md', 'SECURITY.md', 'CHANGELOG.md'];

  it.each([...pages.keys()])('links to places that exist: %s', (path) => {
    const anchors = (text: string): string[] =>
      [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
        match[1]!
          .toLowerCase()
          .replace(/[^\w\- ]/g, '')
          .replaceAll(' ', '-'),
      );
    const links = [...pages.get(path)!.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
    const broken = links.filter((link) => {
      // What npm shows has no folder: its pages name ours by their address.
      const own = link.startsWith(repository)
        ? link.slice(repository.length).replace(/^(?:blob|tree)\/main\//, '')
        : undefined;
      if (own === undefined && (shipped.includes(path) || /^(?:https?|mailto):/.test(link))) {
        return !/^(?:https?:|mailto:|#)/.test(link);
      }
      const [file = '', anchor] = (own ?? link).split('#');
      const target = own === undefined ? (file === '' ? path : join(dirname(path), file)) : file;
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchors(readFileSync(join(root, target), 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('has every page in the index', () => {
    const index = pages.get('docs/README.md')!;
    const names = [...pages.keys()].filter((path) => path.startsWith('docs/') && path !== 'docs/README.md');
    expect(names.filter((path) => !index.includes(`(${path.slice(5)})`))).toEqual([]);
  });

  it('names samples and scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    for (const [, sample] of everything.matchAll(/`(sample\/[\w-]+)`/g))
      expect(existsSync(join(root, sample!))).toBe(true);
    for (const [, script] of everything.matchAll(/npm run ([\w:]+)/g)) expect(Object.keys(scripts)).toContain(script);
  });
});
