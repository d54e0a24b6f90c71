import { join } from 'node:path';
import { swc } from './swc.mjs';

/** @param loader of TypeScript: swc-loader, or the one that is in Rspack. */
export const bundle = (name, loader) => ({
  mode: 'development',
  devtool: false,
  target: 'node20',
  entry: './src/main.ts',
  experiments: { outputModule: true },
  externalsType: 'module',
  externals: [/^[@a-z]/],
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  module: { rules: [{ test: /\.ts$/, use: { loader, options: swc } }] },
  output: {
    path: join(import.meta.dirname, 'out', name),
    filename: 'main.mjs',
    module: true,
    chunkFormat: 'module',
  },
});
