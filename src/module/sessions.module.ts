import { Inject, Module, type DynamicModule, type NestModule } from '@nestjs/common';
import { ApplicationConfig, DiscoveryModule, DiscoveryService, HttpAdapterHost } from '@nestjs/core';
import type { SessionRegistration } from '../config/session-options.js';
import { concealKeys } from '../config/concealed-keys.js';
import { commitInHandlers } from './commit/handler-commit.js';
import { rebindHandlers } from './start/rebind-handlers.js';
import { addSessionErrorFilter } from './session-error.filter.js';
import { SessionsRuntime } from './sessions-runtime.js';
import {
  ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  OPTIONS_TYPE,
  SESSIONS_MODULE_OPTIONS,
  type SessionsModuleOptions,
} from './sessions.module-definition.js';
import { SessionsService } from './sessions.service.js';

@Module({})
class SessionsFeatureModule {
  static register(sessions: readonly SessionRegistration[]): DynamicModule {
    return {
      module: SessionsFeatureModule,
      providers: [
        {
          provide: Symbol('nestjs-sessions:feature'),
          useFactory: (runtime: SessionsRuntime) => runtime.registerFeature(sessions),
          inject: [SessionsRuntime],
        },
      ],
    };
  }
}

/**
 * Sessions for a NestJS application (Ktor: the plugin `Sessions`).
 *
 * @example
 * ```ts
 * @Module({ imports: [SessionsModule.forRoot({ keys: [process.env.SESSION_KEY] })] })
 * export class AppModule {}
 * ```
 */
@Module({
  imports: [DiscoveryModule],
  providers: [SessionsRuntime, SessionsService],
  exports: [SessionsRuntime, SessionsService],
})
export class SessionsModule extends ConfigurableModuleClass implements NestModule {
  readonly #runtime: SessionsRuntime;
  readonly #discovery: DiscoveryService;
  readonly #config: ApplicationConfig;
  readonly #adapterHost: HttpAdapterHost;

  constructor(
    @Inject(SessionsRuntime) runtime: SessionsRuntime,
    @Inject(DiscoveryService) discovery: DiscoveryService,
    @Inject(ApplicationConfig) config: ApplicationConfig,
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
  ) {
    super();
    this.#runtime = runtime;
    this.#discovery = discovery;
    this.#config = config;
    this.#adapterHost = adapterHost;
  }

  /** Registers `sessions`. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return super.forRoot(concealKeys(options));
  }

  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withConcealedKeys(super.forRootAsync(options));
  }

  /** With the options of `forRoot`. */
  static forFeature(sessions: readonly SessionRegistration[]): DynamicModule {
    return SessionsFeatureModule.register(sessions);
  }

  // Before Nest creates the routes.
  configure(): void {
    rebindHandlers(this.#discovery);
    if (this.#runtime.commitsInHandlers) commitInHandlers(this.#discovery);
    addSessionErrorFilter(this.#config, this.#adapterHost);
  }
}

function withConcealedKeys({ providers = [], ...module }: DynamicModule): DynamicModule {
  return {
    ...module,
    providers: providers.map((provider) => {
      const isOptions =
        'provide' in provider && provider.provide === SESSIONS_MODULE_OPTIONS && 'useFactory' in provider;
      if (!isOptions) return provider;
      const { useFactory } = provider as { useFactory: (...args: unknown[]) => unknown };
      return {
        ...provider,
        useFactory: async (...args: unknown[]) => concealKeys((await useFactory(...args)) as SessionsModuleOptions),
      };
    }),
  };
}
