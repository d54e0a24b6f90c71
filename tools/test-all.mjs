// npm run test:all: the tests with every interleaving, as CI runs them. Arguments go to Jest.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './dist.mjs';

const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--max-semi-space-size=64',
    join('node_modules', 'jest', 'bin', 'jest.js'),
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, FULL_TESTS: '1' } },
);
process.exitCode = status ?? 1;
