// Runner and transforms are those of the checkout; imports of the tests are installed here.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export default async function config() {
  const { CHECKOUT } = process.env;
  const { default: base } = await import(pathToFileURL(join(CHECKOUT, 'jest.config.mjs')).href);
  const { transform, transformIgnorePatterns, extensionsToTreatAsEsm, testRegex, testTimeout } = base;
  const swc = join(CHECKOUT, 'node_modules', '@swc', 'jest');
  return {
    transform: Object.fromEntries(Object.entries(transform).map(([files, [, options]]) => [files, [swc, options]])),
    transformIgnorePatterns,
    extensionsToTreatAsEsm,
    testRegex,
    testTimeout,
    // "nestjs-sessions" is the packed package here.
    moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  };
}
