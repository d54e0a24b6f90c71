// npm run combinations [-- --result result.json … --versions FOLDER] Writes docs/tool-chains.md and
// docs/combinations.md from test/combinations.json: test results, and the versions in node_modules or in the
// applications of test/packaging (`consumers` of a row). Runs the tests, or reads the files of `jest --json
// --outputFile` and the VERSIONS_FOLDER of that run.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { root } from './dist.mjs';
import { jestCommand } from './jest-command.mjs';

const { values } = parseArgs({
  options: { result: { type: 'string', multiple: true }, versions: { type: 'string' } },
});
const rows = JSON.parse(readFileSync(join(root, 'test', 'combinations.json'), 'utf8'));
const pages = { 'Tool chains': 'tool-chains.md', Combinations: 'combinations.md' };
const temporary = mkdtempSync(join(tmpdir(), 'combinations-'));
const versions = values.versions ?? join(temporary, 'versions');
const PACKAGING = 'test/packaging/';

/** Jest's report for those files that its configuration includes. */
function runTests(files, options) {
  const file = join(temporary, 'result.json');
  const report = ['--ci', '--maxWorkers=1', '--json', '--outputFile', file];
  spawnSync(process.execPath, [...jestCommand, ...options, ...report, '--runTestsByPath', ...files], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, FULL_TESTS: '1', VERSIONS_FOLDER: versions },
  });
  return JSON.parse(readFileSync(file, 'utf8'));
}

function runAllTests() {
  mkdirSync(versions);
  const files = [...new Set(rows.map(({ test }) => test))];
  return [
    runTests(
      files.filter((file) => !file.startsWith(PACKAGING)),
      [],
    ),
    runTests(
      files.filter((file) => file.startsWith(PACKAGING)),
      ['--config', `${PACKAGING}jest.config.mjs`],
    ),
  ];
}

function versionIn(consumer, name) {
  if (consumer === undefined) {
    return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
  }
  return JSON.parse(readFileSync(join(versions, `${consumer}.json`), 'utf8'))[name];
}

/** The table has the real name of an aliased package, such as `typescript-7`. */
function versionOf(name, consumers = [undefined]) {
  const found = new Set(consumers.map((consumer) => versionIn(consumer, name)).filter(Boolean));
  if (found.size === 0) throw new Error(`${name} is in ${consumers.join(' and ')}?`);
  return `${name.replace(/^(typescript)-\d$/, '$1')} ${[...found].join(' and ')}`;
}

/** The results of the tests whose full name contains every part of the row. */
function resultOf({ name, test, of, with: more = [] }, report) {
  const suite = report.testResults.find((one) => relative(root, one.name).replaceAll('\\', '/') === test);
  const wanted = [...of, ...more];
  const found = (suite?.assertionResults ?? []).filter(({ fullName }) =>
    wanted.every((part) => fullName.includes(part)),
  );
  const count = (status) => found.filter((one) => one.status === status).length;
  const [passed, failed] = [count('passed'), count('failed')];
  if (passed === 0 || failed > 0) throw new Error(`${name}: ${passed} passed, ${failed} failed in ${test}`);
  return `${passed} passed`;
}

function table(group, report) {
  const lines = rows
    .filter((row) => row.group === group)
    .map((row) => {
      const packages = row.packages.map((name) => versionOf(name, row.consumers)).join(', ');
      const title = [...row.of, ...(row.with ?? [])].at(-1).trim();
      const file = row.test.replace('test/', '');
      return `| ${row.name} | ${packages || process.version.replace('v', 'node ')} | ${resultOf(row, report)} | [${file}](../${row.test}) "${title}" |`;
    });
  // Padded columns would double the size of the page.
  const ignore = '<!-- prettier-ignore -->';
  return [ignore, '| With | Versions | Result | Test |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

const reports = values.result?.map((file) => JSON.parse(readFileSync(file, 'utf8'))) ?? runAllTests();
const report = { testResults: reports.flatMap(({ testResults }) => testResults) };
const introduction = `\`npm run combinations\` writes this page from a test run under Node ${process.version.slice(1)}. Do not edit it. Each row names its
test. Tests of \`packaging\` install the packed package in separate applications: run them with
\`npm run test:packaging\`. \`npm run matrix\` tests other versions of Node and Nest, \`test/contract\` storages and their
clients.`;
for (const [group, file] of Object.entries(pages)) {
  const page = join(root, 'docs', file);
  const text = [`# ${group}`, introduction, table(group, report)].join('\n\n');
  writeFileSync(page, await format(text, { ...(await resolveConfig(page)), parser: 'markdown' }));
}
rmSync(temporary, { recursive: true });
