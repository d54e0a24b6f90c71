// Tests the packed tarball in real applications. Not part of `npm test`, because it needs the npm registry.
import base from '../../jest.config.mjs';

export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/packaging'],
  modulePathIgnorePatterns: ['<rootDir>/test/packaging/consumers/'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/test/packaging/pack.mjs',
  globalTeardown: '<rootDir>/test/packaging/unpack.mjs',
  testTimeout: 120_000,
};
