// One bundle per entry and format, with shared chunks. Run by dist.mjs, which says where to.
import { existsSync, readdirSync } from 'node:fs';
import { defineConfig } from 'tsdown';
import { root } from './dist.mjs';

const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
const names = ['index', ...folders.map(({ name }) => `${name}/index`)].filter((name) => existsSync(`src/${name}.ts`));

// What `bin` names; no public path.
const programs = ['cli/main'];

export default defineConfig(
  ['esm', 'cjs'].map((format) => ({
    cwd: root,
    entry: Object.fromEntries(
      [...names, ...(format === 'esm' ? programs : [])].map((name) => [name, `src/${name}.ts`]),
    ),
    format,
    outDir: `${process.env.DIST_FOLDER}/${format}`,
    outExtensions: () => ({ js: '.js', dts: '.d.ts' }),
    outputOptions: { chunkFileNames: 'chunks/[name].js', comments: false },
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
