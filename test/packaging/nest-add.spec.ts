import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Consumer } from './consumer.js';

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly scripts: Record<string, string>;
}

// Every storage and edge case: test/schematics. Jest is in what the CLI of 11 makes, vitest in that of 12.
describe.each([
  { major: 11, storage: 'memory', platform: 'express', runner: 'jest' },
  { major: 12, storage: 'cookie', platform: 'fastify', runner: 'vitest' },
])('nest add in an application of the Nest CLI $major', ({ major, storage, platform, runner }) => {
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
    writeFileSync(join(shop.folder, 'package.json'), JSON.stringify(made));
    // Without --skip-install it would ask the registry for nestjs-sessions.
    await shop.node(nest, 'add', 'nestjs-sessions', '--skip-install', '--storage', storage, '--platform', platform);
    await shop.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock']);
  }, 600_000);

  afterAll(async () => {
    await consumer?.remove();
  });

  it(`is one of Nest ${major}, with ${runner}`, () => {
    const { dependencies, scripts } = manifest();
    expect(dependencies['@nestjs/core']).toMatch(new RegExp(`^\\^${major}\\.`));
    expect(scripts['test:e2e']).toMatch(new RegExp(`^${runner}\\b`));
  });

  it('leaves one that builds', async () => {
    await shop.run('npm', ['run', 'build']);
    expect(await shop.tsc('typescript', '-p', '.', '--noEmit')).toBe('');
  });

  it.each(['sessions.e2e-spec', 'app.e2e-spec'])('leaves one whose test/%s passes', async (spec) => {
    const env = { NODE_ENV: '', NODE_OPTIONS: '', NO_COLOR: '1' };
    // Rejects if a test fails or does not exist.
    await expect(shop.run('npm', ['run', 'test:e2e', '--', spec], env)).resolves.toEqual(expect.any(String));
  });
});
