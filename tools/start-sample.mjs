// node tools/start-sample.mjs 01-quick-start Builds the package if needed, compiles the samples into dist/sample, where
// `import … from 'nestjs-sessions'` finds the built package through package.json "exports", and runs a sample in this
// process, so that signals reach it. The default PORT is 3000.
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, isStale, root, tsc } from './dist.mjs';

const samples = readdirSync(join(root, 'sample'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'shared')
  .map((entry) => entry.name);

/** Compiled code and the other files of the samples. */
function compileSamples() {
  const output = join(root, 'dist', 'sample');
  // `npm run typecheck` checks the types against src.
  const emit = ['--noCheck', '--noEmit', 'false', '--declaration', 'false', '--paths', 'null'];
  tsc('-p', 'sample/tsconfig.json', '--rootDir', 'sample', '--outDir', output, ...emit);
  cpSync(join(root, 'sample'), output, {
    recursive: true,
    filter: (path) => !/\.ts$|tsconfig\.json$/.test(path),
  });
  return output;
}

async function start(sample) {
  if (!samples.includes(sample)) {
    throw new Error(`Say which sample to start: npm run sample -- ${samples.join(' | ')}`);
  }
  if (isStale()) build();
  const output = join(compileSamples(), sample);
  const main = [join(output, 'main.js'), join(output, 'src', 'main.js')].find((path) => existsSync(path));
  if (main === undefined) throw new Error(`sample/${sample} has no main.ts`);
  process.env.PORT ??= '3000';
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(main).href);
}

try {
  await start(process.argv[2]);
} catch (error) {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exitCode = 1;
}
