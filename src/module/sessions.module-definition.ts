import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { SessionsOptions } from '../config/session-options.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionsConfig } from '../config/sessions-builder.js';
import type { AllowedOrigins } from './socket-origin.js';

/** Options of `SessionsModule.forRoot` and of the factories of `forRootAsync`. All are optional. */
export interface SessionsModuleOptions extends SessionsOptions {
  /** Further sessions in Ktor's own form: `(sessions) => sessions.cookie(UserSession, 'user_session', (it) => …)`. */
  readonly install?: (sessions: SessionsConfig) => void;
  /**
   * Lets `SessionsService.current` find the sessions of the running request from anywhere, at the price of an
   * AsyncLocalStorage on every request. Default `false`.
   */
  readonly asyncLocalStorage?: boolean;
  /**
   * Who stores the sessions of ordinary controller methods. `handler`: the method itself, which is replaced at start by
   * one that does. `interceptor`: `SessionsInterceptor`, at the price of an interceptor. It does not see the end of a
   * handler that another interceptor gave up, so a change made after such a timeout is lost without the event
   * `too-late`. Default `handler`.
   */
  readonly commit?: 'handler' | 'interceptor';
  /**
   * The session that is put on `request.session`, with the methods that passport, connect-flash and others expect there;
   * see `nestjs-sessions/passport`. It is loaded for each request that carries it. Default: none.
   */
  readonly requestSession?: SessionClass;
  /**
   * Origins of other sites whose pages may use sessions over a WebSocket, such as `['https://app.example.com']`, or a
   * function. A socket that a page of any other site opens gets no session; one without an `Origin`, which no browser
   * opens, is not affected. Default: none but the host itself.
   */
  readonly allowedOrigins?: AllowedOrigins;
}

/** What `forRoot` and `forRootAsync` take beside the options. */
export interface SessionsModuleExtras {
  /** Whether every module of the application sees the sessions without importing `SessionsModule`. Default `true`. */
  readonly isGlobal?: boolean;
}

/** For `forRootAsync({ useClass })` and `{ useExisting }`. */
export interface SessionsOptionsFactory {
  createSessionsOptions(): SessionsModuleOptions | Promise<SessionsModuleOptions>;
}

export const SESSIONS_OPTIONS: ReadonlyArray<keyof SessionsModuleOptions> = [
  'keys',
  'storage',
  'cookie',
  'sessions',
  'install',
  'serializer',
  'idleTimeoutInSeconds',
  'absoluteTimeoutInSeconds',
  'renewAfterInSeconds',
  'maximumIdleTimeoutInSeconds',
  'maximumAbsoluteTimeoutInSeconds',
  'lifetimes',
  'saveOnServerError',
  'onUnavailable',
  'storageTimeoutInMilliseconds',
  'onEvent',
  'eventFields',
  'now',
  'asyncLocalStorage',
  'commit',
  'requestSession',
  'allowedOrigins',
];

/** Injection token of the options. Of the global symbol registry, since the package may be loaded twice. */
export const SESSIONS_MODULE_OPTIONS = Symbol.for('nestjs-sessions:options');

export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<SessionsModuleOptions>({ optionsInjectionToken: SESSIONS_MODULE_OPTIONS })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createSessionsOptions')
    .setExtras<SessionsModuleExtras>({ isGlobal: true }, (definition, extras) => ({
      ...definition,
      global: extras.isGlobal ?? true,
      // Not among the exports of the class, which would fail in Nest's words where forRoot() was forgotten.
      exports: [...(definition.exports ?? []), SESSIONS_MODULE_OPTIONS],
    }))
    .build();
