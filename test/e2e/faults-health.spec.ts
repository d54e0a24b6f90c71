import * as common from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import * as terminus from '@nestjs/terminus';
import { TerminusModule } from '@nestjs/terminus';
import * as sessions from 'nestjs-sessions';
import * as core from 'nestjs-sessions/core';
import { generateSessionId, SessionsModule } from 'nestjs-sessions';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { compileFunction } from 'node:vm';
import ts from 'typescript';
import { ask, type Answer } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { Cart, redis, type ProxiedStorage } from './faults-support.js';
import { watchUncaught } from './hold-support.js';

interface Recipe {
  readonly SessionsHealthIndicator: common.Type<unknown>;
  readonly ReadinessController: common.Type<unknown>;
}

/** The recipe of the documentation. */
function readRecipe(): Recipe {
  const readme = readFileSync('docs/storages.md', 'utf8');
  const [code] = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .map((match) => match[1]!)
    .filter((block) => block.includes('@nestjs/terminus'));
  const compilerOptions: ts.CompilerOptions = {
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2022,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  };
  const modules = {
    '@nestjs/common': common,
    '@nestjs/terminus': terminus,
    'nestjs-sessions': sessions,
    'nestjs-sessions/core': core,
  };
  const exports: Partial<Recipe> = {};
  compileFunction(ts.transpileModule(code!, { compilerOptions }).outputText, ['require', 'exports', 'Reflect'])(
    (name: keyof typeof modules) => modules[name],
    exports,
    // The instance of the test realm, which has the metadata.
    Reflect,
  );
  return exports as Recipe;
}

describe.each(platforms)('health by @nestjs/terminus on $name', (platform) => {
  let proxied: ProxiedStorage;
  let running: RunningApp;

  beforeAll(async () => {
    proxied = await redis.start();
    @Global()
    @Module({
      providers: [{ provide: 'SESSION_STORAGE', useValue: proxied.storage }],
      exports: ['SESSION_STORAGE'],
    })
    class StorageModule {}
    const { SessionsHealthIndicator, ReadinessController } = readRecipe();
    running = await startApp(platform, {
      imports: [
        StorageModule,
        TerminusModule.forRoot({ logger: false }),
        SessionsModule.forRoot({ keys: generateSessionId(), sessions: [Cart], storage: 'SESSION_STORAGE' }),
      ],
      providers: [SessionsHealthIndicator],
      controllers: [ReadinessController],
    });
  });
  afterAll(async () => {
    await running.close();
    await proxied.close();
  });
  afterEach(() => proxied.proxy.heal());
  watchUncaught();

  const readiness = (): Promise<Answer> => ask(`${running.url}/ready`);
  const until = async (status: number): Promise<Answer> => {
    let answer = await readiness();
    for (let tries = 0; answer.status !== status && tries < 100; tries++) {
      await sleep(50);
      answer = await readiness();
    }
    return answer;
  };

  it('is up while the storage answers', async () => {
    const answer = await until(200);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ status: 'ok', info: { sessions: { status: 'up' } }, error: {} });
  });

  it.each(['hang', 'cut'] as const)('is down with 503 after a %s, shows no secret, and recovers', async (fault) => {
    await until(200);
    proxied.proxy[fault]();
    const answer = await readiness();
    expect(answer.status).toBe(503);
    expect(answer.json()).toMatchObject({ status: 'error', error: { sessions: { status: 'down' } } });
    expect(answer.text).not.toMatch(/127\.0\.0\.1|ECONN|Socket/);
    proxied.proxy.heal();
    expect((await until(200)).status).toBe(200);
  });
});
