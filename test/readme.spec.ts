import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { README_EXAMPLE_KEY } from '../src/keys/key-material.js';

const root = process.cwd();
const readme = readFileSync(join(root, 'README.md'), 'utf8');

interface CodeBlock {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/** The ```ts blocks of the README, each as a module of its own. */
const blocks: readonly CodeBlock[] = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match, index) => ({
  file: join(root, 'test', `readme-block-${index + 1}.ts`),
  line: readme.slice(0, match.index).split('\n').length,
  code: match[1]!,
}));

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

describe('README.md', () => {
  let program: ts.Program;

  const exportsOf = (file: string): ts.Symbol[] => {
    const checker = program.getTypeChecker();
    return checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!);
  };

  beforeAll(() => {
    program = compile();
  }, 120_000);

  it.each(blocks.map((block) => ({ ...block, title: /class (\w+)/.exec(block.code)?.[1] })))(
    'compiles as it stands: the block in line $line ($title)',
    ({ file }) => {
      const source = program.getSourceFile(file)!;
      const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
    },
    60_000,
  );

  it('has no code of another kind that looks like TypeScript', () => {
    const fences = [...readme.matchAll(/^```(\S*)\n/gm)].map((match) => match[1]);
    // Every second one closes a block.
    expect(new Set(fences.filter((_, index) => index % 2 === 0))).toEqual(new Set(['sh', 'ts']));
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
      const missing = members.filter((member) => !new RegExp(`\`[^\`\n]*\\b${member}\\b[^\`\n]*\``).test(readme));
      expect(missing).toEqual([]);
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

  it('links to places that exist', () => {
    const headings = [...readme.matchAll(/^#+ (.+)$/gm)].map((match) =>
      match[1]!
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
    const targets = [...readme.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1]!);
    expect(targets.length).toBeGreaterThan(10);
    for (const target of targets.filter((candidate) => !candidate.startsWith('https:'))) {
      if (target.startsWith('#')) expect(headings).toContain(target.slice(1));
      else expect(existsSync(join(dirname(join(root, 'README.md')), target))).toBe(true);
    }
  });

  it('names samples and scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    for (const [, sample] of readme.matchAll(/`(sample\/[\w-]+)`/g)) expect(existsSync(join(root, sample!))).toBe(true);
    for (const [, script] of readme.matchAll(/npm run (\w+)/g)) expect(Object.keys(scripts)).toContain(script);
  });
});
