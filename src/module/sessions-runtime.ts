import {
  Inject,
  Injectable,
  Logger,
  Optional,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { DiscoveryService, HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { AsyncLocalStorage } from 'node:async_hooks';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { declaredSessions } from '../config/session-definition.js';
import type { SessionRegistration } from '../config/session-options.js';
import { refuseUnknownOptions } from '../config/known-options.js';
import { SessionProviderBuilder, type BuiltSession } from '../config/session-provider.builder.js';
import { SessionsConfig } from '../config/sessions-builder.js';
import type { KeyReport } from '../keys/key-ring.js';
import { SessionEvents } from '../session/session-event.js';
import { SessionProviders } from '../session/session-providers.js';
import type { RawRequest } from '../platform/raw-exchange.js';
import { attachToPlatform, attachToServer } from './attach-to-platform.js';
import { checkDeclaredHandlers } from './declared-handlers.js';
import { inspectStorages } from './inspect-storages.js';
import { SessionEventLogger } from './session-event-logger.js';
import { SESSIONS_MODULE_OPTIONS, SESSIONS_OPTIONS, type SessionsModuleOptions } from './sessions.module-definition.js';

/** What an application has declared. */
export interface SessionsReport {
  readonly sessions: readonly BuiltSession[];
  readonly warnings: readonly string[];
  /** The keys of the application, by their public ids. */
  readonly keys: readonly KeyReport[];
}

/** The sessions of one application: its providers, built from options and decorators, and its events. */
@Injectable()
export class SessionsRuntime implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly events: SessionEvents;
  /** Set where the module was asked for it: the raw request that the running code belongs to. */
  readonly requests: AsyncLocalStorage<RawRequest> | undefined;
  readonly #logger = new Logger('SessionsModule');
  readonly #builder: SessionProviderBuilder;
  readonly #providers = new SessionProviders();
  readonly #registrations: SessionRegistration[] = [];
  readonly #built: BuiltSession[] = [];
  readonly #options: SessionsModuleOptions;
  readonly #discovery: DiscoveryService;
  readonly #adapterHost: HttpAdapterHost | undefined;
  #complete = false;

  constructor(
    @Inject(SESSIONS_MODULE_OPTIONS) options: SessionsModuleOptions,
    @Inject(DiscoveryService) discovery: DiscoveryService,
    @Inject(ModuleRef) modules: ModuleRef,
    @Optional() @Inject(HttpAdapterHost) adapterHost?: HttpAdapterHost,
  ) {
    refuseUnknownOptions('SessionsModule', options, SESSIONS_OPTIONS);
    this.#options = options;
    this.#discovery = discovery;
    this.#builder = new SessionProviderBuilder(options, (token) => modules.get(token as string, { strict: false }));
    this.events = new SessionEvents(options.onEvent ? [options.onEvent] : [], new SessionEventLogger(this.#logger));
    this.requests = options.asyncLocalStorage ? new AsyncLocalStorage() : undefined;
    this.#registrations.push(...(options.sessions ?? []), ...installed(options));
    this.#adapterHost = adapterHost;
    if (adapterHost) attachToPlatform(this, adapterHost);
  }

  /** The providers of the application; with those of every `forFeature`, once the application has started. */
  get providers(): SessionProviders {
    if (!this.#complete) this.#build();
    return this.#providers;
  }

  /** What the application has declared, and what its operator should know: for reports. */
  get report(): SessionsReport {
    if (!this.#complete) this.#build();
    return { sessions: this.#built, warnings: this.#builder.warnings, keys: this.#builder.keyRing?.report() ?? [] };
  }

  /** Adds the sessions of a feature module. One that is registered already, without overrides, is no second one. */
  registerFeature(sessions: readonly SessionRegistration[]): void {
    if (this.#complete && sessions.length > 0) {
      throw new SessionConfigurationError('SessionsModule.forFeature() came after the application had started.');
    }
    for (const session of sessions) {
      const known = typeof session === 'function' && this.#registrations.some((present) => typeOf(present) === session);
      if (!known) this.#registrations.push(session);
    }
  }

  onModuleInit(): void {
    const { providers } = this.providers;
    if (this.#adapterHost) attachToServer(this, this.#adapterHost);
    checkDeclaredHandlers(this.#discovery, this.#providers);
    if (providers.length === 0) {
      this.#logger.warn("No session is declared. Mark a class with @Session('name') and import its file.");
    }
    for (const { description } of this.#built) this.#logger.log(description);
    for (const warning of this.#builder.warnings) this.#logger.warn(warning);
  }

  // Not before: a client of the application may connect in a hook of its module. Nobody waits for the answers.
  onApplicationBootstrap(): void {
    void inspectStorages(this.#builder.storages, (sentence) => this.#logger.warn(sentence));
  }

  async onApplicationShutdown(): Promise<void> {
    // Before Node 24 a storage in use slows down every promise of the process.
    this.requests?.disable();
    for (const storage of this.#builder.ownedStorages) await storage.close?.();
  }

  /** Reports an error that no exception filter will see. */
  reportError(error: unknown): void {
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
    this.#logger.error(message, stack);
  }

  // Not before every module is there: a storage may be a provider of any of them.
  #build(): void {
    for (const registration of this.#registrations) this.#register(registration);
    if (!this.#options.sessions) {
      for (const type of declaredSessions()) if (!this.#providers.get(type)) this.#register(type);
    }
    this.#complete = true;
  }

  #register(registration: SessionRegistration): void {
    const built = this.#builder.build(registration);
    this.#providers.register(built.provider);
    this.#built.push(built);
  }
}

function typeOf(registration: SessionRegistration): unknown {
  return typeof registration === 'function' ? registration : registration.type;
}

function installed({ install }: SessionsModuleOptions): readonly SessionRegistration[] {
  const config = new SessionsConfig();
  install?.(config);
  return config.registrations;
}
