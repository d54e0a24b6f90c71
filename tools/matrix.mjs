// npm run matrix [-- --node 20,22,24,26 --nest 11,12 --workers 2 --tests PATTERN...] Runs types, tests and packaging
// tests on every pair, each Nest version in its own copy of this checkout, and prints a table. With --tests it runs
// only the test files whose path matches one of the patterns of Jest; the option can be given more than once, and
// further words are patterns as well. Node comes from the npm package `node`, so nothing has to be installed.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './dist.mjs';
import { jestCommand } from './jest-command.mjs';
import { readResult } from './jest-result.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', default: '20,22,24,26' },
    nest: { type: 'string', default: '11,12' },
    workers: { type: 'string', default: '2' },
    tests: { type: 'string', multiple: true, default: [] },
  },
});
const patterns = [...values.tests, ...positionals];
const nodes = values.node.split(',');
const nests = values.nest.split(',');

// Packages that are released together have Nest's major version; this one also follows it.
const nestPackages = /^@nestjs\/(?:common|core|testing|websockets|microservices|platform-.+)$/;
const companions = {
  11: {
    '@nestjs/apollo': 13,
    '@nestjs/cache-manager': 3,
    '@nestjs/graphql': 13,
    '@nestjs/mercurius': 13,
    '@nestjs/passport': 11,
    '@nestjs/swagger': 11,
    '@nestjs/terminus': 11,
  },
};
const temporary = mkdtempSync(join(tmpdir(), 'nestjs-sessions-matrix-'));
chmodSync(temporary, 0o755);

function run(command, args, options = {}) {
  return spawnSync(command, args, { stdio: 'inherit', ...options }).status === 0;
}

/** A copy of the checkout, including uncommitted changes, with this major version of Nest. */
function checkout(nest) {
  const folder = join(temporary, `nest-${nest}`);
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const file of listed.toString().split('\0').filter(Boolean)) {
    cpSync(join(root, file), join(folder, file), { recursive: true });
  }
  const isAsLocked = useNest(nest, join(folder, 'package.json'));
  const npm = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  if (!run('npm', [isAsLocked ? 'ci' : 'install', ...npm], { cwd: folder })) {
    throw new Error(`Nest ${nest} could not be installed`);
  }
  return folder;
}

/** Sets the major version of each Nest package in the manifest. @returns whether it was unchanged. */
function useNest(nest, manifest) {
  const content = JSON.parse(readFileSync(manifest, 'utf8'));
  const { devDependencies } = content;
  if (devDependencies['@nestjs/core'].startsWith(`^${nest}.`)) return true;
  for (const name of Object.keys(devDependencies)) {
    const major = nestPackages.test(name) ? nest : companions[nest]?.[name];
    if (major !== undefined) devDependencies[name] = `^${major}.0.0`;
  }
  writeFileSync(manifest, JSON.stringify(content, null, 2));
  return false;
}

/** Node of this major version, copied to a place where a test without root rights can run it. */
function nodeBinary(major) {
  const print = ['-y', '-p', `node@${major}`, '-c', 'node -p process.execPath'];
  const binary = join(temporary, `node-${major}`, 'node');
  cpSync(execFileSync('npx', print, { encoding: 'utf8' }).trim(), binary);
  return binary;
}

function runTests(folder, binary) {
  const env = { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH}` };
  // The e2e tests again, with the interceptor instead of replaced handlers.
  const suites = [
    {},
    { options: ['--roots', join(folder, 'test', 'e2e')], COMMIT: 'interceptor' },
    { options: ['--config', 'test/packaging/jest.config.mjs'] },
  ];
  const results = suites.map(({ options = [], COMMIT = '' }, index) => {
    const output = join(folder, `result-${index}.json`);
    rmSync(output, { force: true });
    const report = [`--maxWorkers=${values.workers}`, '--json', '--outputFile', output];
    const subset = patterns.length > 0 ? ['--passWithNoTests', ...patterns] : [];
    run(binary, [...jestCommand, ...options, '--ci', ...report, ...subset], {
      cwd: folder,
      env: { ...env, COMMIT },
    });
    return readResult(output);
  });
  const sum = (count) => results.reduce((total, result) => total + result[count], 0);
  return { passed: sum('passed'), failed: sum('failed') };
}

function main() {
  const binaries = nodes.map((major) => nodeBinary(major));
  const versions = binaries.map((binary) => execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim());
  const rows = [['types'], ...versions.map((version) => [`Node ${version}`])];
  const head = [''];
  let failed = false;
  for (const nest of nests) {
    const folder = checkout(nest);
    const typed = run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], { cwd: folder });
    const core = join(folder, 'node_modules', '@nestjs', 'core', 'package.json');
    head.push(`Nest ${JSON.parse(readFileSync(core, 'utf8')).version}`);
    rows[0].push(typed ? 'ok' : 'FAILED');
    failed ||= !typed;
    for (const [index, binary] of binaries.entries()) {
      process.stdout.write(`\n== Node ${versions[index]}, ${head.at(-1)}\n`);
      const result = runTests(folder, binary);
      rows[index + 1].push(`${result.passed} passed, ${result.failed} failed`);
      failed ||= result.failed > 0 || result.passed === 0;
    }
  }
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const table = [head, head.map(() => '---'), ...rows];
  process.stdout.write(`\n${table.map(line).join('\n')}\n`);
  process.exitCode = failed ? 1 : 0;
}

try {
  main();
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
