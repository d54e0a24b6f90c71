import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Consumer } from './consumer.js';
import { expectSessions } from './expect-sessions.js';

const bin = (...path: string[]): string => join('node_modules', ...path);
const swcNode = ['--import', '@swc-node/register/esm-register'];

/** `named`: this tool writes no types of parameters, so the handlers name their session class. */
const toolChains = [
  { name: 'SWC, by @swc-node/register', start: [...swcNode, 'src/main.ts'] },
  { name: 'tsx', start: ['--import', 'tsx', 'named/main.ts'] },
  { name: 'a bundle of esbuild', build: ['build-esbuild.mjs', 'packages'], start: ['out/packages.mjs'] },
  {
    name: 'a bundle of esbuild that holds the package',
    build: ['build-esbuild.mjs', 'whole'],
    start: ['out/whole.mjs'],
  },
  {
    name: 'a bundle of tsup',
    build: [
      bin('tsup', 'dist', 'cli-default.js'),
      'src/main.ts',
      '--format',
      'esm',
      '--out-dir',
      'out/tsup',
      '--silent',
    ],
    start: ['out/tsup/main.js'],
  },
  {
    name: 'a server build of vite',
    build: [
      bin('vite', 'bin', 'vite.js'),
      'build',
      '--ssr',
      'named/main.ts',
      '--outDir',
      'out/vite',
      '--logLevel',
      'warn',
    ],
    start: ['out/vite/main.js'],
  },
  { name: 'a bundle of webpack with swc-loader', build: ['build-webpack.mjs'], start: ['out/webpack/main.mjs'] },
];

describe('the packed package with', () => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await Consumer.install('tool-chains', { sources: 'app' });
    const named = join(consumer.folder, 'named');
    cpSync(join(consumer.folder, 'src'), named, { recursive: true });
    const controller = join(named, 'app.module.ts');
    writeFileSync(
      controller,
      readFileSync(controller, 'utf8').replaceAll('@CurrentSession()', '@CurrentSession(UserSession)'),
    );
  }, 300_000);

  afterAll(async () => {
    await consumer?.remove();
  });

  it.each(toolChains)('$name keeps sessions', async ({ build, start }) => {
    if (build) await consumer.node(...build);
    await expectSessions(await consumer.startScript(...start));
  });

  it('tsx says at start that a handler must name its session class', async () => {
    await expect(consumer.startScript('--import', 'tsx', 'src/main.ts')).rejects.toThrow(
      'Name it: @CurrentSession(UserSession)',
    );
  });
});
