import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Manifest {
  readonly type?: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** An application outside this checkout, with the packed package installed by npm. */
export class Consumer {
  private constructor(
    readonly folder: string,
    private readonly started: ChildProcess[] = [],
  ) {}

  /**
   * Copies `test/packaging/consumers/<name>` and installs it.
   * @param sources the folder beside it that becomes its `src`.
   */
  static async install(name: string, { sources }: { sources?: 'app' | 'combinations' } = {}): Promise<Consumer> {
    const consumers = join(process.cwd(), 'test', 'packaging', 'consumers');
    const folder = mkdtempSync(join(process.env['PACKED_FOLDER'] ?? '', `${name}-`));
    cpSync(join(consumers, name), folder, { recursive: true });
    if (sources) cpSync(join(consumers, sources), join(folder, 'src'), { recursive: true });
    const manifest = join(folder, 'package.json');
    const content = JSON.parse(readFileSync(manifest, 'utf8'));
    content.dependencies = { ...content.dependencies, 'nestjs-sessions': `file:${process.env['PACKED_TARBALL']}` };
    writeFileSync(manifest, JSON.stringify(content));
    const consumer = new Consumer(folder);
    await consumer.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock']);
    consumer.#recordVersions(name, Object.keys({ ...content.dependencies, ...content.devDependencies }));
    return consumer;
  }

  /** For the pages that tools/combinations.mjs writes. */
  #recordVersions(name: string, packages: readonly string[]): void {
    const { VERSIONS_FOLDER } = process.env;
    if (!VERSIONS_FOLDER) return;
    const versions = packages.map((one) => {
      const manifest = readFileSync(join(this.folder, 'node_modules', one, 'package.json'), 'utf8');
      return [one, (JSON.parse(manifest) as { version: string }).version];
    });
    writeFileSync(join(VERSIONS_FOLDER, `${name}.json`), JSON.stringify(Object.fromEntries(versions)));
  }

  /** A folder with the same dependencies, not installed yet. */
  beside(name: string): Consumer {
    const { dependencies, type } = JSON.parse(readFileSync(join(this.folder, 'package.json'), 'utf8')) as Manifest;
    const folder = mkdtempSync(join(process.env['PACKED_FOLDER'] ?? '', `${name}-`));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true, type, dependencies }));
    return new Consumer(folder);
  }

  /** A subfolder, removed together with this one. */
  inside(name: string): Consumer {
    return new Consumer(join(this.folder, name), this.started);
  }

  /**
   * @param env added to the environment of this process.
   * @returns the output of the command. Rejects with it if the command fails.
   */
  async run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    try {
      const options = { cwd: this.folder, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 };
      const { stdout } = await run(command, [...args], options);
      return stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error });
    }
  }

  node(...args: string[]): Promise<string> {
    return this.run(process.execPath, args);
  }

  /** Compiles with the TypeScript that is installed under this name. */
  tsc(compiler: string, ...args: string[]): Promise<string> {
    return this.node(join('node_modules', compiler, 'bin', 'tsc'), ...args);
  }

  /** Starts the compiled application on a free port. @returns its address. */
  start(...nodeOptions: string[]): Promise<string> {
    return this.startScript(...nodeOptions, join('dist', 'main.js'));
  }

  /** Starts an application that Node runs with these arguments, on a free port. @returns its address. */
  startScript(...args: string[]): Promise<string> {
    return this.startCommand(process.execPath, ...args);
  }

  /** Starts an application by another command, on a free port. @returns its address. */
  async startCommand(command: string, ...args: string[]): Promise<string> {
    const env = { ...process.env, NODE_ENV: 'development', SESSION_KEY: randomBytes(32).toString('base64url') };
    const child = spawn(command, args, { cwd: this.folder, env });
    this.started.push(child);
    const said: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(`${line}\n`);
      const address = /^listening on (\S+)$/.exec(line)?.[1];
      if (address !== undefined) return address;
    }
    throw new Error(`The application ended before it listened:\n${said.join('')}`);
  }

  /** Stops started processes and removes the folder. */
  async remove(): Promise<void> {
    for (const child of this.started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A minimal browser with a cookie jar. */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  constructor(readonly address: string) {}

  /** The value of a cookie, or `undefined`. */
  cookie(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  async request(path: string, method: 'GET' | 'POST' = 'GET'): Promise<{ status: number; text: string }> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(path, this.address), { method, headers: cookie ? { cookie } : {} });
    for (const header of response.headers.getSetCookie()) {
      const [pair = ''] = header.split(';');
      this.#cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return { status: response.status, text: await response.text() };
  }
}
