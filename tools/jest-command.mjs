import { join } from 'node:path';

/** The arguments of Node that start Jest in the root of the project. */
export const jestCommand = [
  '--experimental-vm-modules',
  // A larger young generation: each spec loads Nest anew.
  '--max-semi-space-size=64',
  join('node_modules', 'jest', 'bin', 'jest.js'),
];
