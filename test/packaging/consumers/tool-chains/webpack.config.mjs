import { join } from 'node:path';

const swc = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
};

export default {
  mode: 'development',
  devtool: false,
  target: 'node20',
  entry: './src/main.ts',
  experiments: { outputModule: true },
  externalsType: 'module',
  externals: [/^[@a-z]/],
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  module: { rules: [{ test: /\.ts$/, use: { loader: 'swc-loader', options: swc } }] },
  output: {
    path: join(import.meta.dirname, 'out', 'webpack'),
    filename: 'main.mjs',
    module: true,
    chunkFormat: 'module',
  },
};
