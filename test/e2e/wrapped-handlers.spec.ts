import { Controller, Get, Scope } from '@nestjs/common';
import { RouterExecutionContext } from '@nestjs/core/router/router-execution-context.js';
import { NestInstrumentation } from '@opentelemetry/instrumentation-nestjs-core';
import {
  CurrentSession,
  Principal,
  Public,
  RequireSession,
  Session,
  SessionsModule,
  type RequestSessions,
  Sessions,
} from 'nestjs-sessions';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import 'reflect-metadata';
import { ask } from '../support/client.js';
import { platforms, startApp, type Platform, type RunningApp } from '../support/platforms.js';

@Session('user')
class UserSession {
  name = '';
}

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Wrap = (method: Method) => Method;

const calling: Wrap = (method) =>
  function (...args) {
    return method.apply(this, args);
  };

/** How decorators and instrumentations replace a method. */
const WRAPS: Readonly<Record<string, Wrap>> = {
  'copies the metadata': (method) => {
    const wrapper = calling(method);
    for (const key of Reflect.getMetadataKeys(method) as unknown[]) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, method), wrapper);
    }
    return wrapper;
  },
  'copies nothing': calling,
  'copies nothing and has another name': (method) =>
    Object.defineProperty(calling(method), 'name', { value: 'traced' }),
  'is a Proxy': (method) => new Proxy(method, {}),
};

function wrapped(wrap: Wrap): MethodDecorator {
  return (_target, _property, descriptor) => {
    (descriptor as PropertyDescriptor).value = wrap((descriptor as PropertyDescriptor).value as Method);
  };
}

function controllerFor(wrap: Wrap, scope: Scope) {
  const Wrapped = (): MethodDecorator => wrapped(wrap);
  @Controller({ scope })
  class PageController {
    @Get('between') @Wrapped() @RequireSession(UserSession) between(): string {
      return 'secret';
    }

    @Get('below') @RequireSession(UserSession) @Wrapped() below(): string {
      return 'secret';
    }

    @Get('twice')
    @Wrapped()
    @RequireSession(UserSession, { validate: ({ name }) => ({ user: name }) })
    @Wrapped()
    @RequireSession(UserSession)
    twice(@Principal() principal: { user: string }): string {
      return `secret of ${principal.user}`;
    }

    @Get('validated')
    @Wrapped()
    @RequireSession(UserSession, { validate: ({ name }) => name === 'admin' })
    validated(): string {
      return 'secret';
    }

    @Get('optional')
    @Wrapped()
    @RequireSession(UserSession, { optional: true })
    optional(@Principal() principal?: UserSession): string {
      return principal?.name ?? 'nobody';
    }

    @Get('required') @Wrapped() required(@CurrentSession({ required: true }) session: UserSession): string {
      return `secret of ${session.name}`;
    }

    @Get('login') @Wrapped() login(@CurrentSession() session: UserSession): void {
      session.name = 'ann';
    }
  }
  return PageController;
}

function guardedControllerFor(wrap: Wrap) {
  @RequireSession(UserSession)
  @Controller('guarded')
  class GuardedController {
    @Get('secret') @wrapped(wrap) secret(): string {
      return 'secret';
    }

    @Get('open') @wrapped(wrap) @Public() open(): string {
      return 'open';
    }
  }
  return GuardedController;
}

interface Site {
  readonly app: RunningApp;
  readonly cookie: string;
}

const running: RunningApp[] = [];

async function start(platform: Platform, controllers: Array<new () => unknown>): Promise<Site> {
  const app = await startApp(platform, { imports: [SessionsModule.forRoot({ sessions: [UserSession] })], controllers });
  running.push(app);
  return { app, cookie: (await ask(`${app.url}/login`)).cookie('user') };
}

async function expectGuarded({ app, cookie }: Site): Promise<void> {
  expect(cookie).toMatch(/^user=./);
  const as = async (path: string, who?: string) => {
    const { status, text } = await ask(`${app.url}/${path}`, { cookie: who });
    return status === 200 ? text : status;
  };
  for (const path of ['between', 'below']) {
    expect(await as(path)).toBe(401);
    expect(await as(path, cookie)).toBe('secret');
  }
  expect(await as('twice')).toBe(401);
  expect(await as('twice', cookie)).toBe('secret of ann');
  expect(await as('validated', cookie)).toBe(401);
  expect(await as('optional')).toBe('nobody');
  expect(await as('optional', cookie)).toBe('ann');
  expect(await as('required')).toBe(401);
  expect(await as('required', cookie)).toBe('secret of ann');
  expect(await as('guarded/secret')).toBe(401);
  expect(await as('guarded/secret', cookie)).toBe('secret');
  expect(await as('guarded/open')).toBe('open');
}

afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
});

describe.each(platforms)('handlers on $name keep their requirements', (platform) => {
  describe.each(Object.entries(WRAPS))('when a decorator replaces them that %s', (_, wrap) => {
    it.each([
      ['a singleton', Scope.DEFAULT],
      ['one for each request', Scope.REQUEST],
    ])('in a controller that is %s', async (_name, scope) => {
      await expectGuarded(await start(platform, [controllerFor(wrap, scope), guardedControllerFor(wrap)]));
    });
  });

  it.each(Object.entries(WRAPS))('when their prototype is changed afterwards by code that %s', async (_, wrap) => {
    const controllers = [controllerFor((method) => method, Scope.DEFAULT), guardedControllerFor((method) => method)];
    for (const { prototype } of controllers) {
      for (const name of Object.getOwnPropertyNames(prototype).filter((one) => one !== 'constructor')) {
        const methods = prototype as unknown as Record<string, Method>;
        const method = methods[name]!;
        methods[name] = wrap(method);
        // Without these, there is no route.
        for (const key of ['path', 'method'])
          Reflect.defineMetadata(key, Reflect.getMetadata(key, method), methods[name]);
      }
    }
    await expectGuarded(await start(platform, controllers));
  });

  it('when a module replaces them on its instance before the routes are registered', async () => {
    @Controller()
    class TracedController {
      constructor() {
        const traced = calling(this.secret.bind(this) as Method);
        Object.defineProperty(this, 'secret', { value: traced, writable: true, configurable: true });
      }

      @Get('secret') @RequireSession(UserSession) secret(): string {
        return 'secret';
      }

      @Get('login') login(@Sessions() sessions: RequestSessions): void {
        sessions.set(Object.assign(new UserSession(), { name: 'ann' }));
      }
    }
    const { app, cookie } = await start(platform, [TracedController]);
    expect((await ask(`${app.url}/secret`)).status).toBe(401);
    expect((await ask(`${app.url}/secret`, { cookie })).text).toBe('secret');
  });

  // Both packages patch Nest 11 and older automatically; see test/packaging.
  describe.each(Object.entries(instrumentations()))('when %s wraps them', (_, instrumentation) => {
    const { create } = RouterExecutionContext.prototype;

    afterEach(() => {
      RouterExecutionContext.prototype.create = create;
    });

    it.each(Object.entries(WRAPS))('and a decorator %s', async (_name, wrap) => {
      const file = instrumentation.init().files.find(({ name }) => name.endsWith('router-execution-context.js'))!;
      file.patch({ RouterExecutionContext }, '12.0.0');
      expect(RouterExecutionContext.prototype.create).not.toBe(create);
      await expectGuarded(await start(platform, [controllerFor(wrap, Scope.DEFAULT), guardedControllerFor(wrap)]));
    });
  });
});

interface Patching {
  init(): { files: Array<{ name: string; patch(exports: unknown, version?: string): unknown }> };
}

function instrumentations(): Record<string, Patching> {
  const require = createRequire(import.meta.url);
  // Not exported: Sentry creates it in init().
  const sentry = join(require.resolve('@sentry/nestjs'), '..', 'integrations', 'vendored', 'instrumentation.js');
  const { NestInstrumentation: OfSentry } = require(sentry) as { NestInstrumentation: new () => Patching };
  return {
    '@opentelemetry/instrumentation-nestjs-core': new NestInstrumentation(),
    '@sentry/nestjs': new OfSentry(),
  };
}
