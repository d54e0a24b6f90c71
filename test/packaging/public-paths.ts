import { readFileSync } from 'node:fs';

/** Every import path of the package: `nestjs-sessions`, `nestjs-sessions/testing`, … */
export function publicPaths(): string[] {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
  const paths = Object.keys(exports).filter((path) => path !== './package.json');
  return paths.map((path) => path.replace('.', 'nestjs-sessions'));
}
