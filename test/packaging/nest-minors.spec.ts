import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Consumer } from './consumer.js';

const packages = ['common', 'core', 'platform-express', 'platform-fastify'].map((name) => `@nestjs/${name}`);

// Each runs middleware on other routes. For Nest 12 see test/e2e/application-found.spec.ts.
describe('SessionsService.current of the packed package', () => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await Consumer.install('nest-11-minors');
  }, 300_000);

  afterAll(async () => {
    await consumer?.remove();
  });

  it.each(['11.0', '11.1', '11.2'])(
    'is available on every route of Nest %s, with and without a prefix',
    async (minor) => {
      const wanted = packages.map((name) => `${name}@~${minor}.0`);
      await consumer.run('npm', [
        'install',
        '--prefer-offline',
        '--no-audit',
        '--no-fund',
        '--no-package-lock',
        ...wanted,
      ]);
      const manifest = join(consumer.folder, 'node_modules', '@nestjs', 'core', 'package.json');
      expect((JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version).toContain(`${minor}.`);
      const said = await consumer.node('current.mjs');
      expect(JSON.parse(said.trim().split('\n').at(-1)!)).toEqual(Array.from({ length: 6 }, () => ['ada', 'ada']));
    },
  );
});
