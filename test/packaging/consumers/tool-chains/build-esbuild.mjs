// node build-esbuild.mjs packages|whole|metadata: excludes all packages, bundles nestjs-sessions, or uses TypeScript
// for decorator metadata.
import { build } from 'esbuild';
import typescript from 'esbuild-plugin-tsc';

const what = process.argv[2];
const external = what === 'whole' ? { external: ['@nestjs/*', 'class-transformer', 'rxjs'] } : { packages: 'external' };
const withMetadata = what === 'metadata';

await build({
  entryPoints: [withMetadata ? 'src/main.ts' : 'named/main.ts'],
  plugins: withMetadata ? [typescript({ tsconfigPath: 'tsconfig.bundler.json' })] : [],
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
  outfile: `out/${what}.mjs`,
  ...external,
});
