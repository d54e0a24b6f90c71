// npm run build. With `--if-stale` only when dist is older than its sources.
import { build, isStale } from './dist.mjs';

if (!process.argv.includes('--if-stale') || isStale()) {
  try {
    build();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
