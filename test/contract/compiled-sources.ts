import { transformFile } from '@swc/core';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

const SOURCES = join(process.cwd(), 'src');

/** The sources as plain JavaScript in a temporary directory, for tests that need processes of their own. */
export class CompiledSources {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** @param folders of `src`, with everything that they import. */
  static async of(...folders: readonly string[]): Promise<CompiledSources> {
    const directory = await mkdtemp(join(tmpdir(), 'compiled-'));
    await chmod(directory, 0o755);
    for (const folder of folders) {
      for (const file of await readdir(join(SOURCES, folder), { recursive: true })) {
        if (file.endsWith('.ts')) await compile(join(SOURCES, folder, file), directory);
      }
    }
    await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
    return new CompiledSources(directory);
  }

  /**
   * Starts a process that runs `script`, an ES module beside the compiled folders.
   * @param options.uid the user it runs as, where the test may choose.
   * @param options.limits shell commands that run first, such as `ulimit`.
   */
  async start(
    script: string,
    args: readonly string[],
    options: { readonly uid?: number; readonly limits?: string } = {},
  ): Promise<ScriptProcess> {
    const path = join(this.directory, `script-${Math.random().toString(36).slice(2)}.mjs`);
    await writeFile(path, script, { mode: 0o644 });
    const command = [process.execPath, path, ...args];
    const child = options.limits
      ? spawn('sh', ['-c', `${options.limits}; exec "$@"`, 'sh', ...command])
      : spawn(command[0]!, command.slice(1), options.uid === undefined ? {} : { uid: options.uid });
    return new ScriptProcess(child);
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true });
  }
}

/** A process under test: what it printed, and its end. */
export class ScriptProcess {
  readonly child: ChildProcess;
  output = '';
  readonly #ended: Promise<number | string>;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.#ended = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  get lines(): string[] {
    return this.output.split('\n').filter((line) => line !== '');
  }

  /** Resolves when the process has printed so many lines. */
  async printed(lines: number): Promise<void> {
    while (this.lines.length < lines && this.child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (this.lines.length < lines) throw new Error(`the process ended early: ${this.output}`);
  }

  /** @returns the exit code, or the signal that ended it. */
  ended(): Promise<number | string> {
    return this.#ended;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#ended;
  }
}

async function compile(source: string, directory: string): Promise<void> {
  const target = join(directory, relative(SOURCES, source).replace(/\.ts$/, '.js'));
  const { code } = await transformFile(source, {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
    swcrc: false,
  });
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, code);
}
