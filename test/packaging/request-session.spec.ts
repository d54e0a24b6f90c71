import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Consumer } from './consumer.js';

const CHECKOUT = process.cwd();
const specs = ['e2e/passport.spec.ts', 'e2e/openid-connect.spec.ts'];
const others = [
  'e2e/passport-support.ts',
  'e2e/passport-doc',
  'support/platforms.ts',
  'support/client.ts',
  'support/cookie-jar.ts',
];

// For Nest 12 see test/e2e.
describe('request.session of the packed package on Nest 11', () => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await Consumer.install('nest-11-passport');
    for (const file of [...specs, ...others]) {
      cpSync(join(CHECKOUT, 'test', file), join(consumer.folder, 'test', file), { recursive: true });
    }
  }, 300_000);

  afterAll(async () => {
    await consumer?.remove();
  });

  it.each(['@nestjs/core', '@nestjs/passport'])('has %s 11', (name) => {
    const manifest = readFileSync(join(consumer.folder, 'node_modules', name, 'package.json'), 'utf8');
    expect((JSON.parse(manifest) as { version: string }).version).toMatch(/^11\./);
  });

  it.each(specs)('passes test/%s', async (spec) => {
    const jest = join(CHECKOUT, 'node_modules', 'jest', 'bin', 'jest.js');
    const result = join(consumer.folder, 'result.json');
    const options = ['--ci', '--runInBand', '--json', '--outputFile', result, spec];
    await consumer.run(process.execPath, ['--experimental-vm-modules', jest, ...options], {
      CHECKOUT,
      NODE_OPTIONS: '',
    });
    const { numPassedTests, numTotalTests } = JSON.parse(readFileSync(result, 'utf8')) as Record<string, number>;
    expect(numTotalTests).toBeGreaterThan(0);
    expect(numPassedTests).toBe(numTotalTests);
  });
});
