import { ConfigurableModuleBuilder } from '@nestjs/common';
import { BOOLEAN, FUNCTION, type OptionRules } from '../config/option-rules.js';
import { SESSIONS_OPTION_RULES } from '../config/session-option-rules.js';
import type { SharedOptions } from '../config/session-options.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionsConfig } from '../config/sessions-builder.js';
import type { AllowedOrigins } from './socket-origin.js';

/** Options of `SessionsModule.forRoot` and `forRootAsync`. */
export interface SessionsModuleOptions extends SharedOptions {
  /** Additional sessions in Ktor's style: `(sessions) => sessions.cookie(UserSession, 'user_session', (it) => …)`. */
  readonly install?: (sessions: SessionsConfig) => void;
  /** Enables `SessionsService.current`, at the cost of an AsyncLocalStorage per request. Default `false`. */
  readonly asyncLocalStorage?: boolean;
  /**
   * How controller methods store sessions. `handler`: by a wrapper that replaces the method at start. `interceptor`: by
   * `SessionsInterceptor`, which is slower. With it, a
   * change after an interceptor's timeout is lost without an event. Default `handler`.
   */
  readonly commit?: 'handler' | 'interceptor';
  /**
   * The session for `request.session`, with the methods that passport, connect-flash and others expect; see
   * `nestjs-sessions/passport`. Loaded for each request that carries it. Default: none.
   */
  readonly requestSession?: SessionClass;
  /**
   * Other origins whose pages may use sessions over a WebSocket, such as `['https://app.example.com']`, or a function.
   * Sockets of other sites get no session. Sockets without `Origin`, which browsers never open, are not restricted.
   * Default: none.
   */
  readonly allowedOrigins?: AllowedOrigins;
}

export interface SessionsModuleExtras {
  /** Whether the module is global. Default `true`. */
  readonly isGlobal?: boolean;
}

/** For `forRootAsync({ useClass })` and `{ useExisting }`. */
export interface SessionsOptionsFactory {
  createSessionsOptions(): SessionsModuleOptions | Promise<SessionsModuleOptions>;
}

export const SESSIONS_MODULE_OPTION_RULES: OptionRules<SessionsModuleOptions> = {
  ...SESSIONS_OPTION_RULES,
  install: { type: FUNCTION },
  asyncLocalStorage: { type: BOOLEAN },
  commit: { oneOf: ['handler', 'interceptor'] },
  requestSession: { type: FUNCTION },
  // `checkedOrigins` accepts a list or a function.
  allowedOrigins: {},
};

/** A global symbol, because the package may be loaded twice. */
export const SESSIONS_MODULE_OPTIONS = Symbol.for('nestjs-sessions:options');

export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<SessionsModuleOptions>({ optionsInjectionToken: SESSIONS_MODULE_OPTIONS })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createSessionsOptions')
    .setExtras<SessionsModuleExtras>({ isGlobal: true }, (definition, extras) => ({
      ...definition,
      global: extras.isGlobal ?? true,
      // In the module's own exports, a missing forRoot() would cause an unclear error of Nest.
      exports: [...(definition.exports ?? []), SESSIONS_MODULE_OPTIONS],
    }))
    .build();
