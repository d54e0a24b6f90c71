import type { INestApplicationContext, LoggerService } from '@nestjs/common';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuiltSession } from '../config/session-provider.builder.js';
import { SessionsRuntime } from '../module/sessions-runtime.js';
import { CliFailure } from './cli-failure.js';
import { loadFile } from './load-file.js';

export interface StartedModule {
  readonly runtime: SessionsRuntime;
  readonly sessions: readonly BuiltSession[];
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** Runs hooks up to `onApplicationBootstrap`. */
export async function startModule(file: string): Promise<StartedModule> {
  const warnings: string[] = [];
  const app = await create(file, rootModule(file, await loadFile(file)), quietLogger(warnings));
  let runtime: SessionsRuntime;
  try {
    runtime = app.get(SessionsRuntime, { strict: false });
  } catch {
    await app.close();
    throw new CliFailure(`${file} imports no SessionsModule. Add SessionsModule.forRoot() to the root module.`);
  }
  const { sessions } = runtime.report;
  return { runtime, sessions, warnings, close: () => app.close() };
}

async function create(file: string, module: object, logger: LoggerService): Promise<INestApplicationContext> {
  const { NestFactory } = await import('@nestjs/core');
  try {
    const adapter = await platformOf(file);
    const options = { logger, abortOnError: false };
    if (!adapter) return await NestFactory.createApplicationContext(module as never, options);
    const app = await NestFactory.create(module as never, adapter as never, options);
    await app.init();
    return app;
  } catch (error) {
    throw new CliFailure(`${file} does not start. ${(error as Error).message}`);
  }
}

/** Resolved from the application, because both platforms are optional. */
async function platformOf(file: string): Promise<object | undefined> {
  const { resolve: find } = createRequire(resolve(file));
  for (const [name, adapter] of [
    ['@nestjs/platform-express', 'ExpressAdapter'],
    ['@nestjs/platform-fastify', 'FastifyAdapter'],
  ] as const) {
    let path: string;
    try {
      path = find(name);
    } catch {
      continue;
    }
    const loaded = (await import(pathToFileURL(path).href)) as Record<string, new () => object>;
    return new loaded[adapter]!();
  }
  return undefined;
}

function rootModule(file: string, loaded: Record<string, unknown>): object {
  const { AppModule } = loaded;
  const modules = Object.values(loaded).filter(isModule);
  if (isModule(AppModule)) return AppModule;
  if (modules.length === 1) return modules[0]!;
  throw new CliFailure(
    modules.length === 0
      ? `${file} exports no module. Pass the file of the root module, such as dist/app.module.js.`
      : `${file} exports several modules and no AppModule. Pass a file that exports only the root module.`,
  );
}

function isModule(candidate: unknown): candidate is object {
  if (typeof candidate !== 'function') return false;
  // `@Module` defines a key for each list.
  return ['imports', 'providers', 'controllers', 'exports'].some((key) => Reflect.hasMetadata(key, candidate));
}

function quietLogger(warnings: string[]): LoggerService {
  const note = (message: unknown, ...rest: unknown[]): void => {
    if (rest.at(-1) === 'SessionsModule') warnings.push(String(message));
  };
  const ignore = (): void => undefined;
  return { log: ignore, debug: ignore, verbose: ignore, warn: note, error: note, fatal: note };
}
