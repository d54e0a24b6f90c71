import { SchematicTestRunner, UnitTestTree } from '@angular-devkit/schematics/testing';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KeyRing } from 'nestjs-sessions';
import { fullTests } from '../support/full-tests.js';

const root = process.cwd();
const ours = new SchematicTestRunner('nestjs-sessions', join(root, 'schematics', 'collection.json'));
const nests = new SchematicTestRunner(
  '@nestjs/schematics',
  join(root, 'node_modules', '@nestjs', 'schematics', 'dist', 'collection.json'),
);

/** An application as `nest new shop` makes it, with paths as in its own folder. */
async function newApplication(options: object = {}): Promise<UnitTestTree> {
  const made = await nests.runSchematic('application', { name: 'shop', ...options });
  const app = new UnitTestTree(made.branch());
  for (const path of made.files) app.rename(path, path.replace(/^\/shop\//, '/'));
  return app;
}

const add = (app: UnitTestTree, options: object): Promise<UnitTestTree> => ours.runSchematic('nest-add', options, app);

describe('nest add nestjs-sessions', () => {
  it('adds module, class, options, key, e2e test and packages to an application of the Nest CLI', async () => {
    const before = await newApplication();
    const files = new Set(before.files);
    const app = await add(before, { storage: 'redis' });
    expect(app.files.filter((path) => !files.has(path)).sort()).toEqual([
      '/.env',
      '/.gitignore',
      '/src/sessions.options.ts',
      '/src/user-session.ts',
      '/test/sessions.e2e-spec.ts',
    ]);
    expect(app.readText('/src/app.module.ts')).toContain(
      'imports: [SessionsModule.forRootAsync({ useFactory: sessionsOptions })],',
    );
    expect(app.readText('/src/main.ts')).toContain("if (existsSync('.env')) process.loadEnvFile('.env');");
    expect(app.readText('/.gitignore')).toBe('.env\n');
    const { dependencies } = JSON.parse(app.readText('/package.json')) as { dependencies: Record<string, string> };
    expect(dependencies).toMatchObject({ 'nestjs-sessions': expect.any(String), redis: expect.any(String) });
    expect(ours.tasks).toEqual([expect.objectContaining({ name: 'node-package' })]);
  });

  it('adds the adapter of Fastify, of the version that Nest has there, where it is missing', async () => {
    const app = await add(await newApplication(), { platform: 'fastify', skipInstall: true });
    const { dependencies } = JSON.parse(app.readText('/package.json')) as { dependencies: Record<string, string> };
    expect(dependencies['@nestjs/platform-fastify']).toBe(dependencies['@nestjs/core']);
  });

  it('makes a key that a key ring takes, another one each time', async () => {
    const keyOf = async (): Promise<string> => {
      const app = await add(await newApplication(), { skipInstall: true });
      return /^SESSION_KEY=(.+)\n$/.exec(app.readText('/.env'))![1]!;
    };
    const [first, second] = [await keyOf(), await keyOf()];
    expect(first).not.toBe(second);
    expect(() => new KeyRing([first, second])).not.toThrow();
  });

  it('leaves what is there alone, and changes nothing the second time', async () => {
    const app = await newApplication();
    app.create('/.env', 'PORT=3000\nSESSION_KEY=mine');
    app.create('/.gitignore', 'dist\n/.env\n');
    app.create('/src/user-session.ts', '// mine\n');
    app.overwrite(
      '/src/app.module.ts',
      "import { Module } from '@nestjs/common';\nimport { A } from './a.js';\n\n@Module({ imports: [A] })\nexport class AppModule {}\n",
    );
    const once = await add(app, { skipInstall: true });
    expect(once.readText('/.env')).toBe('PORT=3000\nSESSION_KEY=mine');
    expect(once.readText('/.gitignore')).toBe('dist\n/.env\n');
    expect(once.readText('/src/user-session.ts')).toBe('// mine\n');
    expect(once.readText('/src/app.module.ts')).toContain("from './sessions.options.js';");
    expect(once.readText('/src/app.module.ts')).toContain(
      'imports: [SessionsModule.forRootAsync({ useFactory: sessionsOptions }), A]',
    );
    const texts = new Map(once.files.map((path) => [path, once.readText(path)]));
    const twice = await add(once, { skipInstall: true });
    expect(new Map(twice.files.map((path) => [path, twice.readText(path)]))).toEqual(texts);
  });

  it.each([
    ['@Module()\nexport class AppModule {}', '@Module({ imports: [SessionsModule.forRootAsync('],
    ['@Module({\n  providers: [],\n})\nexport class AppModule {}', 'imports: [SessionsModule.forRootAsync('],
  ])('adds imports to %j', async (source, expected) => {
    const app = await newApplication();
    app.overwrite('/src/app.module.ts', `import { Module } from '@nestjs/common';\n${source}\n`);
    expect((await add(app, { skipInstall: true })).readText('/src/app.module.ts')).toContain(expected);
  });

  it('leaves main.ts alone where @nestjs/config loads the environment', async () => {
    const app = await newApplication();
    const manifest = JSON.parse(app.readText('/package.json')) as { dependencies: object };
    Object.assign(manifest.dependencies, { '@nestjs/config': '^4.0.0' });
    app.overwrite('/package.json', JSON.stringify(manifest));
    const main = app.readText('/src/main.ts');
    expect((await add(app, { skipInstall: true })).readText('/src/main.ts')).toBe(main);
  });

  it('refuses a folder without an application, and a module that it cannot change, with what to do', async () => {
    const app = await newApplication();
    await expect(add(app, { sourceRoot: 'apps/shop/src' })).rejects.toThrow('There is no apps/shop/src/app.module.ts');
    app.overwrite('/src/app.module.ts', 'export class AppModule {}\n');
    await expect(add(app, {})).rejects.toThrow('Add SessionsModule.forRootAsync yourself.');
  });

  describe('gives an application that works', () => {
    let folder: string;

    beforeAll(() => {
      const built = spawnSync(process.execPath, ['tools/build.mjs', '--if-stale'], { encoding: 'utf8' });
      if (built.status !== 0) throw new Error(built.stderr);
      // Below the root, so that the packages of this repository are found.
      mkdirSync('dist', { recursive: true });
      folder = mkdtempSync(join(root, 'dist', 'nest-add-'));
    }, 180_000);

    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const written = (app: UnitTestTree, name: string): string => {
      const target = join(folder, name);
      for (const path of app.files) {
        mkdirSync(dirname(join(target, path)), { recursive: true });
        writeFileSync(join(target, path), app.readText(path));
      }
      mkdirSync(join(target, 'node_modules'), { recursive: true });
      symlinkSync(root, join(target, 'node_modules', 'nestjs-sessions'), 'dir');
      return target;
    };
    /** Compiles these applications in one process, which reads each type definition once. @returns its messages. */
    const tsc = (targets: readonly string[], options: object = {}): string => {
      for (const target of targets) {
        const path = join(target, 'tsconfig.json');
        const config = JSON.parse(readFileSync(path, 'utf8')) as { compilerOptions: object };
        Object.assign(config.compilerOptions, { ignoreDeprecations: '6.0', types: ['node', 'jest'], ...options });
        writeFileSync(path, JSON.stringify(config));
      }
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      return spawnSync(process.execPath, [compiler, '--build', ...targets], { encoding: 'utf8' }).stdout;
    };

    it.each([['cookie', 'fastify'], ...(fullTests ? [['redis', 'express']] : [])])(
      '%s on %s, as ES modules: it compiles, and its e2e test passes',
      async (storage, platform) => {
        const before = await newApplication({ strict: true });
        // It imports supertest/types, which an ES module does not find.
        before.delete('/test/app.e2e-spec.ts');
        for (const path of before.files.filter((one) => one.endsWith('.ts'))) {
          before.overwrite(path, before.readText(path).replace(/(from '\.[^']*)'/g, "$1.js'"));
        }
        before.overwrite(
          '/package.json',
          JSON.stringify({ ...JSON.parse(before.readText('/package.json')), type: 'module' }),
        );
        const target = written(
          await add(before, { storage, platform, skipInstall: true }),
          `esm-${storage}-${platform}`,
        );
        expect(tsc([target])).toBe('');
        const config = JSON.stringify({
          rootDir: join(target, 'dist', 'test'),
          testRegex: 'sessions\\.e2e-spec\\.js$',
          transform: {},
        });
        const { stderr } = spawnSync(
          process.execPath,
          ['--experimental-vm-modules', join(root, 'node_modules/jest/bin/jest.js'), '--config', config],
          { cwd: target, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
        );
        expect(stderr).toContain('1 passed, 1 total');
      },
      120_000,
    );

    if (!fullTests) return;

    it('compiles with each storage, on Express or Fastify', async () => {
      const targets: string[] = [];
      const all = [
        ['memory', 'express'],
        ['redis', 'fastify'],
        ['postgres', 'express'],
        ['mysql', 'express'],
        ['sqlite', 'express'],
        ['directory', 'fastify'],
        ['cookie', 'express'],
      ];
      for (const [storage, platform] of all) {
        const app = await add(await newApplication({ strict: true }), { storage, platform, skipInstall: true });
        targets.push(written(app, `${storage}-${platform}`));
      }
      expect(tsc(targets, { noEmit: true, incremental: false })).toBe('');
    }, 240_000);
  });
});
