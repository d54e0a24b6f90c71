import { join } from 'node:path';
import { Consumer } from './consumer.js';

const VITEST = [join('node_modules', 'vitest', 'vitest.mjs'), 'run', 'contract.vitest.test.mjs'];
const NODE_TEST = ['--test', '--test-reporter=tap', 'contract.node.test.mjs'];

describe('the contract suite of the packed package', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.install('storage-author');
  }, 300_000);
  afterAll(async () => {
    await consumer?.remove();
  });

  // Other runners misread variables of Jest, such as NODE_ENV.
  const contract = (args: readonly string[], storage: string): Promise<string> =>
    consumer.run(process.execPath, args, { STORAGE: storage, NODE_ENV: '', NODE_OPTIONS: '', NO_COLOR: '1' });

  it.each([
    ['vitest', VITEST, /Tests +(\d+) passed \(\1\)/],
    ['node:test', NODE_TEST, /# tests (\d+)\n(?:# .*\n)*# pass \1\n# fail 0\n/],
  ])('passes a storage with three methods under %s', async (_runner, args, summary) => {
    const [, tests] = summary.exec(await contract(args, 'MapStorage')) ?? [];
    expect(Number(tests)).toBeGreaterThanOrEqual(15);
  });

  it.each([
    ['vitest', VITEST],
    ['node:test', NODE_TEST],
  ])('fails a storage that does not end sessions under %s, and says why', async (_runner, args) => {
    const failed = contract(args, 'EndlessStorage');
    await expect(failed).rejects.toThrow('ends a session permanently');
    await expect(failed).rejects.toThrow('the session should read as undefined, but exists');
  });
});
