import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Consumer } from './consumer.js';
import { expectSessions } from './expect-sessions.js';

const bin = (...path: string[]): string => join('node_modules', ...path);
const swcNode = ['--import', '@swc-node/register/esm-register'];

/** `named`: the tool writes no decorator metadata, so handlers name their session class. */
const toolChains = [
  { name: 'SWC, by @swc-node/register', start: [...swcNode, 'src/main.ts'] },
  { name: 'tsx', start: ['--import', 'tsx', 'named/main.ts'] },
  { name: 'a bundle of esbuild', build: ['build-esbuild.mjs', 'packages'], start: ['out/packages.mjs'] },
  {
    name: 'a bundle of esbuild that includes the package',
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
  {
    name: 'a bundle of webpack with swc-loader',
    build: ['build-webpack.mjs', 'webpack'],
    start: ['out/webpack/main.mjs'],
  },
  { name: 'a bundle of Rspack', build: ['build-webpack.mjs', 'rspack'], start: ['out/rspack/main.mjs'] },
  {
    name: 'a bundle of esbuild with esbuild-plugin-tsc',
    build: ['build-esbuild.mjs', 'metadata'],
    start: ['out/metadata.mjs'],
  },
];

/** Configurations and compilers. */
const configurations = [
  { name: 'the strictest flags', config: 'tsconfig.strict.json', options: [] },
  { name: 'module node16', config: 'tsconfig.strict.json', options: ['--module', 'node16'] },
  {
    name: 'bundler resolution',
    config: 'tsconfig.strict.json',
    options: ['--module', 'esnext', '--moduleResolution', 'bundler'],
  },
  { name: 'module commonjs', config: 'tsconfig.commonjs.json', options: [] },
];
const compilers = [
  { compiler: 'typescript', version: '5.9', tried: configurations.slice(0, 1) },
  { compiler: 'typescript-6', version: '6.0', tried: configurations.slice(0, 1) },
  { compiler: 'typescript-7', version: '7.0', tried: configurations },
].flatMap(({ tried, ...compiler }) => tried.map((configuration) => ({ ...compiler, ...configuration })));

const packageManagers = [
  { name: 'pnpm and its strict node_modules', tool: ['.bin', 'pnpm'], options: ['--no-frozen-lockfile'] },
  // Some Nest packages require Node 22, but run on 20.
  { name: 'Yarn 1', tool: ['yarn', 'bin', 'yarn.js'], options: ['--no-lockfile', '--ignore-engines'] },
  {
    name: "Yarn 4 with Plug'n'Play",
    tool: ['@yarnpkg', 'cli-dist', 'bin', 'yarn.js'],
    options: ['--no-immutable'],
    runsNode: true,
  },
];

describe('the packed package with', () => {
  let consumer: Consumer;
  const others: Consumer[] = [];

  /** The application in a folder without another node_modules above it. */
  function copy(name: string, source: string): Consumer {
    const made = consumer.beside(name);
    others.push(made);
    cpSync(join(consumer.folder, source), join(made.folder, source), { recursive: true });
    cpSync(join(consumer.folder, 'tsconfig.json'), join(made.folder, 'tsconfig.json'));
    return made;
  }

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
    for (const one of [consumer, ...others]) await one?.remove();
  });

  it.each(toolChains)('$name keeps sessions', async ({ build, start }) => {
    if (build) await consumer.node(...build);
    await expectSessions(await consumer.startScript(...start));
  });

  it('tsx fails at start if a handler does not name its session class', async () => {
    await expect(consumer.startScript('--import', 'tsx', 'src/main.ts')).rejects.toThrow(
      'Use @CurrentSession(UserSession)',
    );
  });

  it.each(compilers)('TypeScript $version and $name keeps sessions', async ({ compiler, version, config, options }) => {
    expect(await consumer.tsc(compiler, '--version')).toContain(version);
    const out = join('out', `${compiler}-${config}-${options.at(-1) ?? ''}`);
    expect(await consumer.tsc(compiler, '-p', config, '--outDir', out, ...options)).toBe('');
    const type = config === 'tsconfig.commonjs.json' ? 'commonjs' : 'module';
    writeFileSync(join(consumer.folder, out, 'package.json'), JSON.stringify({ type }));
    await expectSessions(await consumer.startScript(join(out, 'main.js')));
  });

  // Node 20 has no such flag; later versions keep the decorators.
  it('Node with type stripping does not start, because of the decorators', async () => {
    await expect(consumer.startScript('--experimental-strip-types', 'src/app.module.ts')).rejects.toThrow(
      /bad option|Invalid or unexpected token|ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX/,
    );
  });

  const tests = { NODE_ENV: '', NODE_OPTIONS: '', NO_COLOR: '1' };

  it('vitest and unplugin-swc keeps sessions', async () => {
    const said = await consumer.run(process.execPath, [bin('vitest', 'vitest.mjs'), 'run'], tests);
    expect(said).toMatch(/Tests +1 passed \(1\)/);
  });

  it('ts-jest in ES modules keeps sessions', async () => {
    const jest = ['--experimental-vm-modules', bin('jest', 'bin', 'jest.js'), '--ci', '--json'];
    const said = await consumer.run(process.execPath, jest, tests);
    expect(JSON.parse(said)).toMatchObject({ numPassedTests: 1, numTotalTests: 1 });
  });

  it('Bun as installer, compiler and runtime keeps sessions', async () => {
    const bun = join(consumer.folder, 'node_modules', '.bin', 'bun');
    const application = copy('bun', 'src');
    await application.run(bun, ['install']);
    await expectSessions(await application.startCommand(bun, join('src', 'main.ts')));
  });

  it('Deno as compiler and runtime keeps sessions', async () => {
    const deno = join('node_modules', '.bin', 'deno');
    const options = ['run', '--allow-all', '--sloppy-imports'];
    await expectSessions(await consumer.startCommand(deno, ...options, join('src', 'main.ts')));
  });

  it.each(packageManagers)('$name keeps sessions', async ({ tool, options, runsNode }) => {
    const compiled = join('out', 'installed');
    await consumer.tsc('typescript-7', '-p', 'tsconfig.strict.json', '--outDir', compiled);
    const application = copy('installed', compiled);
    // Without it, Yarn searches the folders above for a project.
    writeFileSync(join(application.folder, 'yarn.lock'), '');
    const path = join(consumer.folder, 'node_modules', ...tool);
    const command = path.endsWith('.js') ? [process.execPath, path] : [path];
    await application.run(command[0]!, [...command.slice(1), 'install', ...options]);
    const node = runsNode ? [...command, 'node'] : [process.execPath];
    await expectSessions(await application.startCommand(node[0]!, ...node.slice(1), join(compiled, 'main.js')));
  });
});
