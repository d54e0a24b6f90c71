import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Consumer } from './consumer.js';
import { expectSessions } from './expect-sessions.js';
import { publicPaths } from './public-paths.js';

const applications = [
  { name: 'nest-11-commonjs', compiler: 'typescript', version: '5.9', other: 'typescript-7', otherVersion: '7.0' },
  { name: 'nest-12-esm', compiler: 'typescript', version: '7.0', other: 'typescript-5', otherVersion: '5.9' },
] as const;

describe.each(applications)('the packed package in $name', ({ name, compiler, version, other, otherVersion }) => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await Consumer.install(name, { sources: 'app' });
    const exports = publicPaths().map((path, index) => `export * as path${index} from '${path}';`);
    writeFileSync(join(consumer.folder, 'src', 'every-path.ts'), `${exports.join('\n')}\n`);
  }, 300_000);

  afterAll(async () => {
    await consumer?.remove();
  });

  it(`compiles with TypeScript ${version}, declarations of libraries checked`, async () => {
    expect(await consumer.tsc(compiler, '--version')).toContain(version);
    expect(await consumer.tsc(compiler, '-p', '.', '--skipLibCheck', 'false')).toBe('');
  });

  it(`compiles with TypeScript ${otherVersion} too`, async () => {
    expect(await consumer.tsc(other, '--version')).toContain(otherVersion);
    expect(await consumer.tsc(other, '-p', '.', '--skipLibCheck', 'false', '--noEmit')).toBe('');
  });

  it('keeps a session over requests, and sends a new cookie at login', async () => {
    await expectSessions(await consumer.start());
  });

  it('has one instance of each class, imported and required', async () => {
    expect(await consumer.node(join('dist', 'identity.js'))).toBe('true\n');
  });

  if (name === 'nest-11-commonjs') {
    it('runs from its CommonJS files if Node cannot require an ES module', async () => {
      await expectSessions(await consumer.start('--no-experimental-require-module'));
    });

    // Both instrument only Nest 11 and older; for Nest 12 see test/e2e/wrapped-handlers.spec.ts.
    it.each([
      ['opentelemetry', 'express'],
      ['opentelemetry', 'fastify'],
      ['sentry', 'express'],
      ['sentry', 'fastify'],
    ])('keeps its guards with the instrumentation of %s on %s', async (instrumentation, platform) => {
      const said = await consumer.node('instrumented.cjs', instrumentation, platform);
      expect(JSON.parse(said.trim().split('\n').at(-1)!)).toEqual({
        wrapped: true,
        without: [401, 401, 'open', 'nobody'],
        with: ['secret', 401, 'open', 'ann'],
      });
    });

    it('is found with its sub-paths by a compiler without support for "exports"', async () => {
      const options = ['--module', 'commonjs', '--moduleResolution', 'node10', '--noEmit'];
      expect(await consumer.tsc(compiler, '-p', '.', '--skipLibCheck', 'false', ...options)).toBe('');
    });
  } else {
    it('is found by a compiler with bundler resolution', async () => {
      const options = ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit'];
      expect(await consumer.tsc(compiler, '-p', '.', '--skipLibCheck', 'false', ...options)).toBe('');
    });
  }
});
