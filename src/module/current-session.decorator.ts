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

/** What a handler gets when the request has no session. */
export interface CurrentSessionOptions {
  /** `undefined`. */
  readonly optional?: boolean;
  /** Nothing: the request is answered with 401. Where the class has a `@SessionOwner()`, the session must have one. */
  readonly required?: boolean;
  /** With `required`: a session without an owner will do. Default `false`. */
  readonly anonymous?: boolean;
  /**
   * What becomes of the new session that a handler gets where the request has none. `false`: changes of it are dropped,
   * with the event `not-begun`, so that a request to which the browser did not send the cookie (a POST from another site,
   * with `SameSite=Lax`) cannot replace the session that the browser has. `true`: it is stored even if the handler does
   * not change it, so that computed initial values stay what the response showed. Default: stored if it changes.
   */
  readonly newSession?: boolean;
  /**
   * Whether the handler uses the session, which renews it when that is due. Default `true`. `false` for a page that only
   * shows when the session ends.
   */
  readonly renew?: boolean;
}

interface Declared extends CurrentSessionOptions {
  readonly type: SessionClass;
  readonly ownerOf: (value: object) => string | undefined;
}

const InjectSession = createParamDecorator((declared: Declared, context: ExecutionContext): unknown => {
  const { sessions } = sessionsOfContext(context);
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
 * Hands a handler its session.
 *
 * | Form | Gives |
 * |---|---|
 * | `@CurrentSession() s: UserSession` | the session, or a new one that is stored only if the handler changes it |
 * | `@CurrentSession({ optional: true }) s?: UserSession` | the session, or `undefined` |
 * | `@CurrentSession({ required: true }) s: UserSession` | the session of somebody, or 401 |
 * | `@CurrentSession(UserSession, …)` | the same, where the parameter's type cannot be seen |
 *
 * Changes of the instance are stored and sent before the response leaves.
 * @throws {SessionConfigurationError} at start, when the class cannot be known.
 */
export function CurrentSession(options?: CurrentSessionOptions): ParameterDecorator;
export function CurrentSession(type: SessionClass, options?: CurrentSessionOptions): ParameterDecorator;
export function CurrentSession(
  typeOrOptions?: SessionClass | CurrentSessionOptions,
  options?: CurrentSessionOptions,
): ParameterDecorator {
  const named = typeof typeOrOptions === 'function' ? typeOrOptions : undefined;
  const said = (named ? options : (typeOrOptions as CurrentSessionOptions)) ?? {};
  refuseUnknownOptions('@CurrentSession()', said, ['optional', 'required', 'anonymous', 'newSession', 'renew']);
  if (said.newSession !== undefined && (said.optional || said.required)) {
    throw new SessionConfigurationError(
      '@CurrentSession(): newSession has no effect beside optional or required, which give no new session. Remove one.',
    );
  }
  return (target, property, index) => {
    assertHandlerParameter('CurrentSession', property);
    const type = named ?? inferSessionClass('CurrentSession', target, property, index);
    addHandlerFacts(target, property, { sessions: [{ type, required: said.required ?? false }] });
    bindInterceptor(target, property);
    hideFromPipes(target, property, index);
    InjectSession({ ...said, type, ownerOf: readOwner(type) })(target, property, index);
  };
}
