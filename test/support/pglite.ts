import { PGlite } from '@electric-sql/pglite';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

// A spec runs for seconds: V8 would spend more on the optimization of PostgreSQL's WebAssembly than that saves.
setFlagsFromString('--liftoff-only');

/**
 * A PGlite in memory with an empty database. Its files come from a cache in node_modules, because `initdb` takes 4 s of
 * processor time.
 */
export async function createPGlite(): Promise<PGlite> {
  const modules = join(process.cwd(), 'node_modules');
  const { version } = JSON.parse(await readFile(join(modules, '@electric-sql', 'pglite', 'package.json'), 'utf8'));
  const cache = join(modules, '.cache', 'nestjs-sessions-tests', `pglite-${version}.tar`);
  const cached = await readFile(cache).catch(() => undefined);
  if (cached) return PGlite.create({ loadDataDir: new Blob([cached]) });
  const database = await PGlite.create();
  const files = Buffer.from(await (await database.dumpDataDir('none')).arrayBuffer());
  await mkdir(dirname(cache), { recursive: true });
  // Other specs run at the same time: they find the whole file or none.
  const part = `${cache}.${process.pid}`;
  await writeFile(part, files);
  await rename(part, cache);
  return database;
}
