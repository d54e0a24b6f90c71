import { availableParallelism } from 'node:os';

const commonJs = {
  module: { type: 'commonjs' },
  jsc: { target: 'es2022', parser: { syntax: 'ecmascript' } },
};

const requiredModules = 'cookie/dist|content-disposition/dist|openid-client/build|oauth4webapi/build|jose/dist';

export default {
  testEnvironment: '<rootDir>/test/support/node-environment.mjs',
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  // No test waits for this long; a busy machine may be slow.
  testTimeout: 30_000,
  // A process keeps some of the modules of each spec: one that ran them all would need more than 4 GB, and crawl.
  workerIdleMemoryLimit: '1GB',
  // More than cores, because some specs wait.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  // COMMIT=interceptor npm test -- test/e2e: every application keeps the interceptor.
  setupFiles: process.env.COMMIT === 'interceptor' ? ['<rootDir>/test/support/commit-by-interceptor.ts'] : [],
  roots: ['<rootDir>/src', '<rootDir>/test'],
  // Needs the npm registry: `npm run test:packaging`.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/packaging/'],
  testRegex: '\\.spec\\.ts$',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^nestjs-sessions$': '<rootDir>/src/index.ts',
    '^nestjs-sessions/(.*)$': '<rootDir>/src/$1/index.ts',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
          keepClassNames: true,
        },
      },
    ],
    // ES modules that are required from CommonJS, which Jest cannot do on Node < 24.9: the first two by Fastify, the others
    // by express-openid-connect.
    [`/node_modules/(?:.+/)?(?:${requiredModules})/.+\\.js$`]: ['@swc/jest', commonJs],
  },
  transformIgnorePatterns: [`/node_modules/(?!(?:.+/)?(?:${requiredModules})/)`],
};
