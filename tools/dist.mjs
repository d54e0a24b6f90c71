// What the package is built into: dist/esm and dist/cjs.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const formats = { esm: 'tsconfig.build.json', cjs: 'tsconfig.cjs.json' };
const sources = ['src', 'package.json', 'tsconfig.json', ...Object.values(formats)];

/** Newest change below `path`. Folders count too: a file that was removed shows only there. */
function newestChange(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestChange(join(path, name))), stats.mtimeMs);
}

/** Whether dist is missing or older than what it is made of. */
export function isStale() {
  // Written last, and into the format that is put in place last.
  const marker = join(root, 'dist', 'cjs', 'package.json');
  if (!existsSync(marker) || !existsSync(join(root, 'dist', 'esm'))) return true;
  const built = statSync(marker).mtimeMs;
  return sources.some((source) => newestChange(join(root, source)) > built);
}

/** Runs the TypeScript compiler; it prints what is wrong. @throws {Error} when it fails. */
export function tsc(...options) {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, ...options], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error(`tsc ${options.join(' ')}: failed`);
}

/**
 * Compiles both formats beside the old ones and then takes their place, so that a running sample or a second build
 * never meets half of one. Other folders of dist are left alone.
 *
 * @throws {Error} when the sources do not compile; the compiler has said why.
 */
export function build() {
  const folder = (name) => join(root, 'dist', name);
  const fresh = Object.keys(formats).map((format) => [format, `${format}-${process.pid}`]);
  try {
    for (const [format, temporary] of fresh) {
      tsc('-p', formats[format], '--outDir', folder(temporary));
      // The package is "type": "module"; dist/cjs is not.
      if (format === 'cjs') writeFileSync(join(folder(temporary), 'package.json'), '{ "type": "commonjs" }\n');
    }
    for (const [format, temporary] of fresh) {
      rmSync(folder(format), { recursive: true, force: true });
      renameSync(folder(temporary), folder(format));
    }
  } finally {
    for (const [, temporary] of fresh) rmSync(folder(temporary), { recursive: true, force: true });
  }
}
