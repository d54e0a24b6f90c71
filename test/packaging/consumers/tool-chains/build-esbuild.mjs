// node build-esbuild.mjs packages|whole: leaves every package out, or holds nestjs-sessions.
import { build } from 'esbuild';

const what = process.argv[2];
const external = what === 'whole' ? { external: ['@nestjs/*', 'class-transformer', 'rxjs'] } : { packages: 'external' };

await build({
  entryPoints: ['named/main.ts'],
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
  outfile: `out/${what}.mjs`,
  ...external,
});
