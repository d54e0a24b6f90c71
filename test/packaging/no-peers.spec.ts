import { readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { Consumer } from './consumer.js';
import { publicPaths } from './public-paths.js';

describe('the packed package without optional peers', () => {
  let consumer: Consumer;
  let packed: string;

  beforeAll(async () => {
    consumer = await Consumer.install('bare');
    packed = join(consumer.folder, 'node_modules', 'nestjs-sessions');
  }, 300_000);

  afterAll(async () => {
    await consumer?.remove();
  });

  const files = (ending: string): string[] =>
    readdirSync(packed, { recursive: true, encoding: 'utf8' })
      // Schematics run in the Nest CLI, which includes the compiler.
      .filter((name) => name.endsWith(ending) && !name.startsWith('schematics'));

  it.each(publicPaths())('imports %s', async (path) => {
    const script = `const all = await import('${path}'); console.log(Object.keys(all).length > 0);`;
    expect(await consumer.node('--input-type=module', '-e', script)).toBe('true\n');
  });

  it.each(publicPaths())('requires %s, even if Node cannot require an ES module', async (path) => {
    const script = `console.log(Object.keys(require('${path}')).length > 0);`;
    expect(await consumer.node('--input-type=commonjs', '-e', script)).toBe('true\n');
    // Nest 12 is an ES module, so this only resolves the file.
    const resolve = `console.log(require.resolve('${path}'));`;
    const options = ['--no-experimental-require-module', '--input-type=commonjs', '-e', resolve];
    expect(await consumer.node(...options)).toContain(join('dist', 'cjs'));
  });

  it('names only the required peers, in code and declarations', () => {
    const manifest = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8'));
    expect(manifest.dependencies ?? {}).toEqual({});
    const optional = Object.keys(manifest.peerDependenciesMeta ?? {});
    // Imported at run time if the application has it, for its exceptions.
    const atRunTime = ['@nestjs/microservices', '@nestjs/websockets'];
    const required = Object.keys(manifest.peerDependencies).filter((peer) => !optional.includes(peer));
    const allowed = [...required, ...atRunTime];
    const names = [...files('.d.ts'), ...files('.js')].flatMap((file) => {
      const text = readFileSync(join(packed, file), 'utf8');
      const { importedFiles, typeReferenceDirectives } = ts.preProcessFile(text, true, true);
      return [...importedFiles, ...typeReferenceDirectives].map((reference) => reference.fileName);
    });
    const packages = names
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && !builtinModules.includes(name))
      .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]);
    expect(names.length).toBeGreaterThan(0);
    expect([...new Set(packages)].filter((name) => name !== undefined && !allowed.includes(name))).toEqual([]);
  });

  it('is small, and contains no internal files', () => {
    const all = readdirSync(packed, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const size = all.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
    expect(all.length).toBeLessThanOrEqual(120);
    expect(size).toBeLessThanOrEqual(1_700_000);
    const top = ['LICENSE', 'README.md', 'SECURITY.md', 'dist', 'package.json', 'schematics'];
    expect(readdirSync(packed).filter((name) => !top.includes(name))).toEqual([]);
    expect(readdirSync(join(packed, 'dist')).sort()).toEqual(['cjs', 'esm']);
  });
});
