import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { refuseUnknownOptions } from '../errors/known-options.js';
import { readOwner } from '../config/read-owner.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import { isPromise } from '../transformer/awaitable.js';
import { bindInterceptor } from './bind-interceptor.js';
import { addHandlerFacts } from './handler-facts.js';
import { assertHandlerParameter } from './handler-parameter.js';
import { hideFromPipes, inferSessionClass } from './infer-session-class.js';
import { unauthorized } from './refusal.js';
import { sessionsOfContext } from './request-of.js';
import { isAnonymous } from './require-session.guard.js';

export interface CurrentSessionOptions {
  /** Injects `undefined` without a session. Default `false`. */
  readonly optional?: boolean;
  /**
   * Rejects requests without a session, or without an owner if the class has a `@SessionOwner()` field, with 401.
   * Default `false`.
   */
  readonly required?: boolean;
  /** With `required`: accepts an empty `@SessionOwner()` field. Default `false`. */
  readonly anonymous?: boolean;
  /**
   * How to store a new session. `false`: never, with the event `not-begun`, so that a request without the cookie (a
   * cross-site POST with `SameSite=Lax`) cannot replace the browser's session. `true`: even if unchanged. Default: if
   * it changes.
   */
  readonly newSession?: boolean;
  /** Whether the handler renews the session when due. Default `true`. `false` for a page that only shows the expiry. */
  readonly renew?: boolean;
}

interface Declared extends CurrentSessionOptions {
  readonly type: SessionClass;
  readonly ownerOf: (value: object) => string | undefined;
}

const InjectSession = createParamDecorator((declared: Declared, context: ExecutionContext): unknown => {
  const { exchange: sessions } = sessionsOfContext(context);
  const { renew = true } = declared;
  if (!declared.optional && !declared.required) return sessions.getOrFresh(declared.type, declared.newSession, renew);
  const session = sessions.present(declared.type, renew);
  if (!declared.required) return session;
  return isPromise(session)
    ? session.then((present) => required(declared, present, context))
    : required(declared, session, context);
});

function required(declared: Declared, session: object | undefined, context: ExecutionContext): object {
  if (session === undefined || (!declared.anonymous && isAnonymous(declared, session))) throw unauthorized(context);
  return session;
}

/**
 * Injects a session.
 *
 * | Form | Gives |
 * |---|---|
 * | `@CurrentSession() s: UserSession` | the session, or a new one that is stored only if it changes |
 * | `@CurrentSession({ optional: true }) s?: UserSession` | the session, or `undefined` |
 * | `@CurrentSession({ required: true }) s: UserSession` | the session of an owner, or 401 |
 * | `@CurrentSession(UserSession, …)` | the same, if the parameter's type is not available at run time |
 *
 * Changes to the instance are stored before the response is sent.
 * @throws {SessionConfigurationError} if the class cannot be inferred.
 */
export function CurrentSession(options?: CurrentSessionOptions): ParameterDecorator;
export function CurrentSession(type: SessionClass, options?: CurrentSessionOptions): ParameterDecorator;
export function CurrentSession(
  typeOrOptions?: SessionClass | CurrentSessionOptions,
  options?: CurrentSessionOptions,
): ParameterDecorator {
  const named = typeof typeOrOptions === 'function' ? typeOrOptions : undefined;
  const given = (named ? options : (typeOrOptions as CurrentSessionOptions)) ?? {};
  refuseUnknownOptions('@CurrentSession()', given, ['optional', 'required', 'anonymous', 'newSession', 'renew']);
  if (given.newSession !== undefined && (given.optional || given.required)) {
    throw new SessionConfigurationError(
      '@CurrentSession(): newSession has no effect beside optional or required, which give no new session. Remove one.',
    );
  }
  return (target, property, index) => {
    assertHandlerParameter('CurrentSession', property);
    const type = named ?? inferSessionClass('CurrentSession', target, property, index);
    addHandlerFacts(target, property, { sessions: [{ type, required: given.required ?? false }] });
    bindInterceptor(target, property);
    hideFromPipes(target, property, index);
    InjectSession({ ...given, type, ownerOf: readOwner(type) })(target, property, index);
  };
}
