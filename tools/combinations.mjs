// npm run combinations [-- --result result.json …]
// Writes docs/combinations.md: the rows of test/combinations.json, with the versions in node_modules and the results of
// their tests. They are run now, or taken from files that `jest --json --outputFile` wrote.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { root } from './dist.mjs';

const { values } = parseArgs({ options: { result: { type: 'string', multiple: true } } });
const rows = JSON.parse(readFileSync(join(root, 'test', 'combinations.json'), 'utf8'));
const page = join(root, 'docs', 'combinations.md');

/** The report of Jest on the files of the rows. */
function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'combinations-'));
  const file = join(folder, 'result.json');
  const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--ci', '--maxWorkers=1', '--json'];
  const files = [...new Set(rows.map(({ test }) => test))];
  spawnSync(process.execPath, [...jest, '--outputFile', file, '--runTestsByPath', ...files], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const report = JSON.parse(readFileSync(file, 'utf8'));
  rmSync(folder, { recursive: true });
  return report;
}

function versionOf(name) {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
  return `${name} ${version}`;
}

/** The results of a row's tests: those whose full name has all that the row says. */
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
      const versions = row.packages.map(versionOf).join(', ');
      const title = [...row.of, ...(row.with ?? [])].at(-1).trim();
      const file = row.test.replace('test/', '');
      return `| ${row.name} | ${versions} | ${resultOf(row, report)} | [${file}](../${row.test}) "${title}" |`;
    });
  return [`## ${group}`, '', '| With | Versions | Result | Test |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

const reports = values.result?.map((file) => JSON.parse(readFileSync(file, 'utf8'))) ?? [runTests()];
const report = { testResults: reports.flatMap(({ testResults }) => testResults) };
const head = `# Tool chains and combinations

Written by \`npm run combinations\` from a run of the tests under Node ${process.version.slice(1)}; do not edit. Each row
names the test that shows it. The packed package in applications of its own (Nest 11 in CommonJS and Nest 12 as ES
modules, TypeScript 5.9 and 7.0, vitest, \`node:test\`, no optional peers) is tested by \`npm run test:packaging\`, other
versions of Node and Nest by \`npm run matrix\`, storages and their clients by \`test/contract\`.`;
const groups = [...new Set(rows.map(({ group }) => group))];
const text = [head, ...groups.map((group) => table(group, report))].join('\n\n');
writeFileSync(page, await format(text, { ...(await resolveConfig(page)), parser: 'markdown' }));
