import { join } from 'node:path';
import { Consumer } from './consumer.js';

// test/unit/testing/application has the same under jest.
describe('the test helpers of the packed package under vitest', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.install('application-tests');
  }, 300_000);
  afterAll(async () => {
    await consumer?.remove();
  });

  it('have types for the matchers', async () => {
    expect(await consumer.tsc('typescript', '-p', '.')).toBe('');
  });

  it('provide headers and matchers', async () => {
    const vitest = join('node_modules', 'vitest', 'vitest.mjs');
    const env = { NODE_ENV: '', NODE_OPTIONS: '', NO_COLOR: '1' };
    expect(await consumer.run(process.execPath, [vitest, 'run'], env)).toMatch(/Tests +3 passed \(3\)/);
  });
});
