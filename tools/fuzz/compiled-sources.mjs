import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';
import { root } from '../dist.mjs';

/** As jest compiles them. */
const OPTIONS = {
  sourceMaps: 'inline',
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    keepClassNames: true,
  },
};

/**
 * Compiles every file of src, because the published package does not export most decoders.
 * @returns imports a module of src by its path, as `load('transport/cookie-header')`.
 */
export async function compiledSources() {
  const output = join(root, 'dist', 'fuzz');
  rmSync(output, { recursive: true, force: true });
  for (const path of readdirSync(join(root, 'src'), { recursive: true })) {
    if (!path.endsWith('.ts')) continue;
    const filename = join(root, 'src', path);
    const { code } = transformSync(readFileSync(filename, 'utf8'), { ...OPTIONS, filename });
    const compiled = join(output, path.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(compiled), { recursive: true });
    writeFileSync(compiled, code);
  }
  await import('reflect-metadata');
  return (path) => import(pathToFileURL(join(output, `${path}.js`)).href);
}
