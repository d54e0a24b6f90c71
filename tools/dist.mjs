// The build output: dist/esm and dist/cjs.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const formats = ['esm', 'cjs'];
const sources = ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'tools/tsdown.config.mjs'];

/** Newest change below `path`, including folders, which show removed files. */
function newestChange(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestChange(join(path, name))), stats.mtimeMs);
}

/** Whether dist is missing or older than its sources. */
export function isStale() {
  // The file that is written last.
  const marker = join(root, 'dist', 'cjs', 'package.json');
  if (!existsSync(marker) || !existsSync(join(root, 'dist', 'esm'))) return true;
  const built = statSync(marker).mtimeMs;
  return sources.some((source) => newestChange(join(root, source)) > built);
}

const resolve = createRequire(import.meta.url).resolve;

function run(program, options, env = {}) {
  const settings = { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } };
  const { status } = spawnSync(process.execPath, [program, ...options], settings);
  if (status !== 0) throw new Error(`${basename(program)} ${options.join(' ')}: failed`);
}

/** Runs the TypeScript compiler, which prints its errors. @throws {Error} if it fails. */
export function tsc(...options) {
  run(resolve('typescript/bin/tsc'), options);
}

/** Removes the indentation of code, 50 kB of the package. The bundler indents by tabs, and no source has one. */
function stripIndentation(folder) {
  for (const file of readdirSync(folder, { recursive: true })) {
    if (!file.endsWith('.js')) continue;
    const path = join(folder, file);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^\t+/gm, ''));
  }
}

/**
 * Bundles both formats into a temporary folder and then replaces the old ones, so that a running sample or a parallel
 * build never reads a partial one. Keeps other folders of dist.
 *
 * @throws {Error} if the sources do not compile; the bundler prints the reason.
 */
export function build() {
  const temporary = join(root, 'dist', `build-${process.pid}`);
  const config = join(root, 'tools', 'tsdown.config.mjs');
  try {
    run(join(dirname(resolve('tsdown/package.json')), 'dist', 'run.mjs'), ['--config', config], {
      DIST_FOLDER: temporary,
    });
    // The package is "type": "module"; dist/cjs is not.
    writeFileSync(join(temporary, 'cjs', 'package.json'), '{ "type": "commonjs" }\n');
    stripIndentation(temporary);
    for (const format of formats) {
      rmSync(join(root, 'dist', format), { recursive: true, force: true });
      renameSync(join(temporary, format), join(root, 'dist', format));
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
