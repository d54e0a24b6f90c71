// node dist/main.js NAME: checks a combination on its platforms, and prints them.
import type { Platform } from './support.js';

interface Combination {
  /** Default: both. */
  readonly platforms?: readonly Platform[];
  check(platform: Platform): Promise<void>;
}

async function main(): Promise<void> {
  const { platforms = ['express', 'fastify'], check } = (await import(`./${process.argv[2]}.js`)) as Combination;
  for (const platform of platforms) await check(platform);
  console.log(`passed on ${platforms.join(' and ')}`);
  process.exit(0);
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
