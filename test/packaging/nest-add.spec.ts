import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Consumer } from './consumer.js';
import { expectSessions } from './expect-sessions.js';

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly scripts: Record<string, string>;
}

/** Packages that the CLI needs for its other builders. */
const swc = { '@swc/cli': '^0.8.0', '@swc/core': '^1.16.0' };
const bundler = {
  '@rspack/core': '^2.1.10',
  'fork-ts-checker-webpack-plugin': '^9.1.0',
  'ts-loader': '^9.5.4',
  'tsconfig-paths-webpack-plugin': '^4.2.0',
  'webpack-node-externals': '^3.0.0',
};

// For every storage and edge case see test/schematics. CLI 11 uses Jest, CLI 12 vitest. CLI 12 has no webpack for ES
// modules.
describe.each([
  { major: 11, storage: 'memory', platform: 'express', runner: 'jest', packer: 'webpack', needs: swc },
  {
    major: 12,
    storage: 'cookie',
    platform: 'fastify',
    runner: 'vitest',
    packer: 'rspack',
    needs: { ...swc, ...bundler },
  },
])('nest add in a new application of the Nest CLI $major', ({ major, storage, platform, runner, packer, needs }) => {
  let consumer: Consumer;
  let shop: Consumer;
  const manifest = (): Manifest => JSON.parse(readFileSync(join(shop.folder, 'package.json'), 'utf8')) as Manifest;

  beforeAll(async () => {
    consumer = await Consumer.install(`nest-cli-${major}`);
    shop = consumer.inside('shop');
    const nest = join(consumer.folder, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
    await consumer.node(nest, 'new', 'shop', '--skip-install', '--skip-git', '--package-manager', 'npm', '--strict');
    const made = manifest();
    made.dependencies['nestjs-sessions'] = `file:${process.env['PACKED_TARBALL']}`;
    Object.assign(made.devDependencies, needs);
    writeFileSync(join(shop.folder, 'package.json'), JSON.stringify(made));
    // Without --skip-install, it installs nestjs-sessions from the registry.
    await shop.node(nest, 'add', 'nestjs-sessions', '--skip-install', '--storage', storage, '--platform', platform);
    await shop.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock']);
  }, 600_000);

  afterAll(async () => {
    await consumer?.remove();
  });

  it(`uses Nest ${major} and ${runner}`, () => {
    const { dependencies, scripts } = manifest();
    expect(dependencies['@nestjs/core']).toMatch(new RegExp(`^\\^${major}\\.`));
    expect(scripts['test:e2e']).toMatch(new RegExp(`^${runner}\\b`));
  });

  it('gives an application that builds', async () => {
    await shop.run('npm', ['run', 'build']);
    expect(await shop.tsc('typescript', '-p', '.', '--noEmit')).toBe('');
  });

  it.each(['sessions.e2e-spec', 'app.e2e-spec'])('gives an application whose test/%s passes', async (spec) => {
    const env = { NODE_ENV: '', NODE_OPTIONS: '', NO_COLOR: '1' };
    // Rejects if a test fails or does not exist.
    await expect(shop.run('npm', ['run', 'test:e2e', '--', spec], env)).resolves.toEqual(expect.any(String));
  });

  // Last, because it replaces the files of the CLI.
  describe('with the application of the other tests', () => {
    beforeAll(() => {
      rmSync(join(shop.folder, 'src'), { recursive: true });
      cpSync(join('test', 'packaging', 'consumers', 'app'), join(shop.folder, 'src'), { recursive: true });
      // Imports in the form of CLI 11, which its webpack needs.
      const main = join(shop.folder, 'src', 'main.ts');
      if (major === 11) writeFileSync(main, readFileSync(main, 'utf8').replace('app.module.js', 'app.module'));
    });

    it.each(['swc', packer])('keeps sessions when nest build runs %s', async (builder) => {
      rmSync(join(shop.folder, 'dist'), { recursive: true, force: true });
      await shop.node(join('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build', '--builder', builder);
      await expectSessions(await shop.start());
    });
  });
});
