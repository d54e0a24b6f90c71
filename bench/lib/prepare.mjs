import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the benchmark, and that of the package. */
export const benchFolder = dirname(dirname(fileURLToPath(import.meta.url)));
export const packageFolder = dirname(benchFolder);

/** Builds the package if its sources are newer, and installs the peers if they are missing. */
export function prepare() {
  run(process.execPath, [join(packageFolder, 'tools', 'build.mjs'), '--if-stale'], packageFolder);
  const lock = join(benchFolder, 'package-lock.json');
  const installed = join(benchFolder, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  run('npm', ['ci', '--no-audit', '--no-fund'], benchFolder);
}

function run(command, args, cwd) {
  // Keeps their output out of the tables.
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] });
  if (error || status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : '.'}`);
}
