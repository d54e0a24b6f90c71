// The runner and its transforms are those of the checkout; what the tests import is installed here.
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
    // Not base's: "nestjs-sessions" is what was packed.
    moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  };
}
