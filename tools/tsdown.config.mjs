// One bundle per entry and format, with shared chunks. dist.mjs sets the output folder.
import { existsSync, readdirSync } from 'node:fs';
import { defineConfig } from 'tsdown';
import { root } from './dist.mjs';

const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
const names = ['index', ...folders.map(({ name }) => `${name}/index`)].filter((name) => existsSync(`src/${name}.ts`));

// What `bin` names; no public path.
const programs = ['cli/main'];

/** Shared code in few files. Code that imports Nest is separate. */
const sharedChunks = [
  { name: 'types.d', test: /\.d\.ts$/, minShareCount: 2, priority: 5 },
  { name: 'sql', test: /[\\/]src[\\/]sql[\\/]/, minShareCount: 2, priority: 3 },
  { name: 'sessions', test: /[\\/]src[\\/](?!module|request-session|cli|sql)/, minShareCount: 2, priority: 4 },
  { name: 'nest', test: /[\\/]src[\\/](?:module|request-session)[\\/]/, minShareCount: 2, priority: 2 },
];

export default defineConfig(
  ['esm', 'cjs'].map((format) => ({
    cwd: root,
    entry: Object.fromEntries(
      [...names, ...(format === 'esm' ? programs : [])].map((name) => [name, `src/${name}.ts`]),
    ),
    format,
    outDir: `${process.env.DIST_FOLDER}/${format}`,
    outExtensions: () => ({ js: '.js', dts: '.d.ts' }),
    // No comments that name the source file of each part.
    inputOptions: { experimental: { attachDebugInfo: 'none' } },
    outputOptions: {
      chunkFileNames: 'chunks/[name].js',
      comments: false,
      codeSplitting: { groups: sharedChunks },
      // Keeps names and lines, for stack traces.
      minify: {
        compress: { keepNames: { function: true, class: true } },
        mangle: { toplevel: true, keepNames: true },
        codegen: { removeWhitespace: false },
      },
    },
    tsconfig: 'tsconfig.build.json',
    platform: 'node',
    target: 'es2022',
    dts: { sourcemap: false },
    sourcemap: false,
    hash: false,
    clean: false,
    logLevel: 'warn',
    checks: { pluginTimings: false },
  })),
);
