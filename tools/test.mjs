// npm test, test:all (`--full`: every interleaving, as CI runs them) and test:packaging. Other arguments go to Jest.
import { spawnSync } from 'node:child_process';
import { root } from './dist.mjs';
import { jestCommand } from './jest-command.mjs';

const given = process.argv.slice(2);
const isFull = given.includes('--full');
const { status } = spawnSync(process.execPath, [...jestCommand, ...given.filter((argument) => argument !== '--full')], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ...(isFull && { FULL_TESTS: '1' }) },
});
process.exitCode = status ?? 1;
