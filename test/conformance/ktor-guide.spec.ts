import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import * as ktor from 'nestjs-sessions/ktor';

const root = process.cwd();
const page = (name: string): string => readFileSync(join(root, 'docs', `${name}.md`), 'utf8');
/** The guide and the pages that continue it; the title of each becomes one of its headings. */
const guide = [
  page('ktor'),
  page('ktor-server').replace(/^# /, '## '),
  page('ktor-differences').replace(/^# .*$/m, '## Differences'),
  page('from-ktor').replace(/^# .*$/m, '## Names of io.ktor.sessions'),
].join('\n');

const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match, index) => ({
  file: join(root, 'test', `ktor-guide-block-${index + 1}.ts`),
  line: guide.slice(0, match.index).split('\n').length,
  code: match[1]!,
}));

describe('docs/ktor.md', () => {
  let program: ts.Program;

  beforeAll(() => {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const host = ts.createCompilerHost(options);
    const texts = new Map(blocks.map(({ file, code }) => [file, code]));
    const { fileExists, readFile } = host;
    host.fileExists = (path) => texts.has(path) || fileExists(path);
    host.readFile = (path) => texts.get(path) ?? readFile(path);
    program = ts.createProgram([...texts.keys()], options, host);
  }, 120_000);

  it.each(blocks)('compiles as it stands: the block in line $line', ({ file }) => {
    const source = program.getSourceFile(file)!;
    const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  it('tells each page of the guide of Ktor', () => {
    const titles = [...guide.matchAll(/^##+ (.*)$/gm)].map(([, title]) => title);
    expect(titles).toEqual(
      expect.arrayContaining([
        'Install',
        'A session class',
        'Header or cookie, by value or by id',
        'Storages',
        'Sign and encrypt',
        'A custom serializer',
        'Get, set and clear',
        'Deferred loading',
        'Session authentication',
        'On some routes only',
        'A session shared with a Ktor server',
        'Moving away from Ktor',
        'Differences',
        'Names',
      ]),
    );
  });

  it('links to places that exist', () => {
    for (const [, anchor] of guide.matchAll(/\]\(#([^)]+)\)/g)) {
      const titles = [...guide.matchAll(/^##+ (.*)$/gm)].map(([, title]) => title!.toLowerCase().replaceAll(' ', '-'));
      expect(titles).toContain(anchor);
    }
  });

  it('says of every difference where it is tested', () => {
    const [, table] = /^## Differences\n([\s\S]*?)^## /m.exec(guide)!;
    const rows = table!
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(1);
    const files = new Map(
      [...table!.matchAll(/^\[([a-z-]+)\]: \.\.\/(test\/\S+)$/gm)].map(([, name, file]) => [name, file!]),
    );
    expect(rows.length).toBeGreaterThan(30);
    for (const row of rows.filter((line) => !/^\| -+ /.test(line))) {
      const [, name] = /\| \[([a-z-]+)\]\[\] +\|$/.exec(row) ?? [];
      expect([row, files.has(name)]).toEqual([row, true]);
    }
    expect([...files.values()].filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('names everything that nestjs-sessions/ktor exports', () => {
    expect(Object.keys(ktor).filter((name) => !guide.includes(name))).toEqual([]);
  });
});
