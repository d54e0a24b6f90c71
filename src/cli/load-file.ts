import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CliFailure } from './cli-failure.js';

export async function loadFile(file: string): Promise<Record<string, unknown>> {
  const path = resolve(file);
  if (!existsSync(path))
    throw new CliFailure(`File ${file} does not exist. Build the application first and pass its JavaScript.`);
  try {
    const loaded = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
    const fallback = loaded['default'];
    return typeof fallback === 'object' && fallback !== null ? { ...fallback, ...loaded } : loaded;
  } catch (error) {
    const hint = /\.[mc]?tsx?$/.test(file) ? ' It is TypeScript: pass the compiled JavaScript.' : '';
    throw new CliFailure(`${file} cannot be imported.${hint} ${(error as Error).message}`);
  }
}
