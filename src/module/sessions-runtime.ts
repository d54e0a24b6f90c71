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
import { declaredSessions, definitionOf } from '../config/session-definition.js';
import type { SessionRegistration } from '../config/session-options.js';
import { assertSessionsOptions } from '../config/session-option-rules.js';
import { SessionProviderBuilder, type BuiltSession } from '../config/session-provider.builder.js';
import { SessionsConfig } from '../config/sessions-builder.js';
import type { KeyReport } from '../keys/key-ring.js';
import type { SessionStorage } from '../storage/session-storage.js';
import { SessionEvents } from '../session/session-event.js';
import { SessionProviders } from '../session/session-providers.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { RawRequest } from '../platform/raw-exchange.js';
import { attachToPlatform, attachToServer } from './start/attach-to-platform.js';
import { bindToProviders } from './commit/provider-interceptors.js';
import { checkCachedHandlers } from './start/cached-handlers.js';
import { CsrfProtection, csrfHint } from './start/csrf-hint.js';
import { checkDeclaredHandlers } from './start/declared-handlers.js';
import { usedSessions } from './handlers/discovered-handlers.js';
import { watchFieldResolvers } from './start/field-resolvers.js';
import { fixationHints } from './start/fixation-hint.js';
import { attachToGateways, prepareGateways, watchConnections } from './start/gateways.js';
import { globalGuards, globalRequirements, guardGateways } from './start/global-guards.js';
import { prepareMessageHandlers } from './start/message-handlers.js';
import { rebindHandlers } from './start/rebind-handlers.js';
import { guardReferences } from './start/reference-resolvers.js';
import { checkRequestSession, requestSession } from './request/request-session-middleware.js';
import { SessionEventLogger } from './session-event-logger.js';
import { allowsSocket, checkedOrigins, type AllowedOrigins } from './request/socket-origin.js';
import {
  SESSIONS_MODULE_OPTION_RULES,
  SESSIONS_MODULE_OPTIONS,
  type SessionsModuleOptions,
} from './sessions.module-definition.js';

export interface SessionsReport {
  readonly sessions: readonly BuiltSession[];
  readonly warnings: readonly string[];
  readonly keys: readonly KeyReport[];
}

@Injectable()
export class SessionsRuntime implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly events: SessionEvents;
  /** With the option `asyncLocalStorage`. */
  readonly requests: AsyncLocalStorage<RawRequest> | undefined;
  readonly #logger = new Logger('SessionsModule');
  readonly #builder: SessionProviderBuilder;
  readonly #providers = new SessionProviders((wanted) => this.#registerLate(wanted));
  readonly #registrations: SessionRegistration[] = [];
  readonly #built: BuiltSession[] = [];
  #loggedSessions = 0;
  readonly #options: SessionsModuleOptions;
  readonly #discovery: DiscoveryService;
  readonly #modules: ModuleRef;
  readonly #adapterHost: HttpAdapterHost | undefined;
  readonly #allowedOrigins: AllowedOrigins;
  readonly #csrf = new CsrfProtection();
  readonly #warned = new Set<string>();
  #complete = false;

  constructor(
    @Optional() @Inject(SESSIONS_MODULE_OPTIONS) options: SessionsModuleOptions | undefined,
    @Inject(DiscoveryService) discovery: DiscoveryService,
    @Inject(ModuleRef) modules: ModuleRef,
    @Optional() @Inject(HttpAdapterHost) adapterHost?: HttpAdapterHost,
  ) {
    if (options === undefined) throw withoutForRoot();
    assertSessionsOptions('SessionsModule', options, SESSIONS_MODULE_OPTION_RULES);
    this.#options = options;
    this.#discovery = discovery;
    this.#modules = modules;
    rebindHandlers(discovery);
    const log = new SessionEventLogger(this.#logger);
    this.#builder = new SessionProviderBuilder(
      options,
      (token) => modules.get(token as string, { strict: false }),
      (storage, state, outage) => log.logOutage(storage, state, outage),
      (count) => this.events.emit({ type: 'evicted', count }),
    );
    this.events = new SessionEvents(options.onEvent ? [options.onEvent] : [], log, options.eventFields);
    this.requests = options.asyncLocalStorage ? new AsyncLocalStorage() : undefined;
    this.#registrations.push(...(options.sessions ?? []), ...installed(options));
    this.#adapterHost = adapterHost;
    this.#allowedOrigins = checkedOrigins(options.allowedOrigins);
    watchConnections(this, discovery);
    guardGateways(discovery, () => globalGuards(modules));
    bindToProviders(discovery);
    const { requestSession: type } = options;
    if (type) checkRequestSession(type);
    watchFieldResolvers(discovery);
    guardReferences(discovery);
    if (adapterHost) attachToPlatform(this, adapterHost, this.#csrf, type && requestSession(type));
  }

  get commitsInHandlers(): boolean {
    return this.#options.commit !== 'interceptor';
  }

  get providers(): SessionProviders {
    if (!this.#complete) this.#build();
    return this.#providers;
  }

  get report(): SessionsReport {
    if (!this.#complete) this.#build();
    return { sessions: this.#built, warnings: this.#builder.warnings, keys: this.#builder.keyRing?.report() ?? [] };
  }

  registerFeature(sessions: readonly SessionRegistration[]): void {
    for (const session of sessions) {
      const known = typeof session === 'function' && this.#registrations.some((present) => typeOf(present) === session);
      if (known) continue;
      this.#registrations.push(session);
      if (this.#complete && !(typeof session === 'function' && this.#providers.get(session))) {
        this.#register(session);
        this.#report();
      }
    }
  }

  async onModuleInit(): Promise<void> {
    const providers = this.providers.all;
    if (this.#adapterHost) attachToServer(this, this.#adapterHost);
    attachToGateways(this, this.#discovery);
    const global = globalRequirements(this.#modules);
    checkDeclaredHandlers(this.#discovery, this.#providers, global.length > 0);
    checkCachedHandlers(this.#discovery, this.#modules);
    if (this.#options.requestSession) this.#providers.findByType(this.#options.requestSession);
    await prepareGateways(this.#discovery);
    await prepareMessageHandlers(this.#discovery);
    if (providers.length === 0 && (this.#options.sessions || declaredSessions().length === 0)) {
      this.#logger.warn("No session is declared. Mark a class with @Session('name') and import its file.");
    }
    this.#report();
    const required = global.filter(({ options }) => !options.anonymous).map(({ type }) => type);
    for (const hint of fixationHints(this.#discovery, this.#providers, required)) this.warnOnce(hint);
  }

  // Not earlier: a storage client may connect in a module hook.
  onApplicationBootstrap(): void {
    const hint = this.#adapterHost?.httpAdapter && csrfHint(this.#discovery, this.#providers.all, this.#csrf);
    if (hint) this.#logger[hint.serious ? 'warn' : 'log'](hint.sentence);
    void inspectStorages(this.#builder.storages, (sentence) => this.#logger.warn(sentence));
  }

  async onApplicationShutdown(): Promise<void> {
    // Before Node 24, an enabled one slows down all promises.
    this.requests?.disable();
    this.#builder.release();
    for (const storage of this.#builder.ownedStorages) await storage.close?.();
  }

  allowsSocket(origin: string, hosts: readonly string[]): boolean {
    return allowsSocket(this.#allowedOrigins, origin, hosts);
  }

  reportError(error: unknown): void {
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
    this.#logger.error(message, stack);
  }

  warnOnce(sentence: string): void {
    if (this.#warned.has(sentence)) return;
    this.#warned.add(sentence);
    this.#logger.warn(sentence);
  }

  // Not earlier: any module may provide a storage.
  #build(): void {
    for (const registration of this.#registrations) this.#register(registration);
    if (!this.#options.sessions) {
      const global = globalRequirements(this.#modules).map(({ type }) => type);
      for (const type of [...usedSessions(this.#discovery), ...global]) {
        if (!this.#providers.get(type) && definitionOf(type)) this.#register(type);
      }
    }
    this.#complete = true;
  }

  #registerLate(wanted: SessionClass | string): void {
    if (this.#options.sessions) return;
    const type =
      typeof wanted === 'string'
        ? declaredSessions().find((declared) => definitionOf(declared)?.name === wanted)
        : wanted;
    if (!type || !definitionOf(type) || this.#providers.get(type)) return;
    this.#register(type);
    this.#report();
  }

  #report(): void {
    for (const { description } of this.#built.slice(this.#loggedSessions)) this.#logger.log(description);
    this.#loggedSessions = this.#built.length;
    for (const warning of this.#builder.warnings) this.warnOnce(warning);
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

function withoutForRoot(): SessionConfigurationError {
  return new SessionConfigurationError(
    'SessionsModule is imported without options. Write imports: [SessionsModule.forRoot()] in the root module; other ' +
      'modules need no import.',
  );
}

/** Ignores failures, so that the application starts. */
async function inspectStorages(storages: readonly SessionStorage[], warn: (sentence: string) => void): Promise<void> {
  const inspections = storages.map(async (storage) => (await storage.inspect?.()) ?? []);
  const problems = (await Promise.allSettled(inspections)).flatMap((one) =>
    one.status === 'fulfilled' ? one.value : [],
  );
  for (const sentence of new Set(problems)) warn(sentence);
}
