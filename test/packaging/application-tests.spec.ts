import { join } from 'node:path';
import { Consumer } from './consumer.js';

// test/unit/testing/application has the same under jest.
describe('the helpers of the packed package for tests of applications, under vitest', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.install('application-tests');
  }, 300_000);
  afterAll(async () => {
    await consumer?.remove();
  });

  it('give the matchers their types', async () => {
    expect(await consumer.tsc('typescript', '-p', '.')).toBe('');
  });

  it('give headers and matchers', async () => {
    const vitest = join('node_modules', 'vitest', 'vitest.mjs');
    const env = { NODE_ENV: '', NODE_OPTIONS: '', NO_COLOR: '1' };
    expect(await consumer.run(process.execPath, [vitest, 'run'], env)).toMatch(/Tests +3 passed \(3\)/);
  });
});
