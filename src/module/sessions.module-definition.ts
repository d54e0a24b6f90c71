import { ConfigurableModuleBuilder } from '@nestjs/common';
import { BOOLEAN, FUNCTION, type OptionRules } from '../config/option-rules.js';
import { SESSIONS_OPTION_RULES } from '../config/session-option-rules.js';
import type { SharedOptions } from '../config/session-options.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionsConfig } from '../config/sessions-builder.js';
import type { AllowedOrigins } from './request/socket-origin.js';

/** Options of `SessionsModule`. */
export interface SessionsModuleOptions extends SharedOptions {
  /** Sessions in Ktor's style: `(sessions) => sessions.cookie(UserSession, 'user_session', (it) => …)`. */
  readonly install?: (sessions: SessionsConfig) => void;
  /** Enables `SessionsService.current`, by AsyncLocalStorage. Default `false`. */
  readonly asyncLocalStorage?: boolean;
  /**
   * What stores the sessions of a controller method: a `handler` that replaces it, or the slower `SessionsInterceptor`.
   * Default `handler`.
   */
  readonly commit?: 'handler' | 'interceptor';
  /** The session for `request.session`, for passport and others. Default: none. */
  readonly requestSession?: SessionClass;
  /** Further origins for sessions over a WebSocket, such as `['https://app.example.com']`. Default: none. */
  readonly allowedOrigins?: AllowedOrigins;
}

export interface SessionsModuleExtras {
  /** Default `true`. */
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
  allowedOrigins: {}, // checkedOrigins
};

/** Injection token of the options, to override them in tests. */
export const SESSIONS_MODULE_OPTIONS = Symbol.for('nestjs-sessions:options');

export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<SessionsModuleOptions>({ optionsInjectionToken: SESSIONS_MODULE_OPTIONS })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createSessionsOptions')
    .setExtras<SessionsModuleExtras>({ isGlobal: true }, (definition, extras) => ({
      ...definition,
      global: extras.isGlobal ?? true,
      // Not in @Module: without forRoot(), Nest would throw an unclear error.
      exports: [...(definition.exports ?? []), SESSIONS_MODULE_OPTIONS],
    }))
    .build();
