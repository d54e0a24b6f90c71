import { createParamDecorator, UnauthorizedException, type ExecutionContext } from '@nestjs/common';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import { isPromise } from '../transformer/awaitable.js';
import { bindInterceptor } from './bind-interceptor.js';
import { declareSession } from './declared-handlers.js';
import { hideFromPipes, inferSessionClass } from './infer-session-class.js';
import { sessionsOfContext } from './request-of.js';

/** What a handler gets when the request has no session. */
export interface CurrentSessionOptions {
  /** `undefined`. */
  readonly optional?: boolean;
  /** Nothing: the request is answered with 401. */
  readonly required?: boolean;
  /**
   * What becomes of the new session that a handler gets where the request has none. `false`: changes of it are dropped,
   * with the event `not-begun`, so that a request to which the browser did not send the cookie (a POST from another site,
   * with `SameSite=Lax`) cannot replace the session that the browser has. `true`: it is stored even if the handler does
   * not change it, so that computed initial values stay what the response showed. Default: stored if it changes.
   */
  readonly newSession?: boolean;
}

interface Declared extends CurrentSessionOptions {
  readonly type: SessionClass;
}

const InjectSession = createParamDecorator((declared: Declared, context: ExecutionContext): unknown => {
  const { sessions } = sessionsOfContext(context);
  if (!declared.optional && !declared.required) return sessions.getOrFresh(declared.type, declared.newSession);
  const session = sessions.present(declared.type);
  if (!declared.required) return session;
  return isPromise(session) ? session.then(required) : required(session);
});

function required<S>(session: S | undefined): S {
  if (session === undefined) throw new UnauthorizedException();
  return session;
}

/**
 * Hands a handler its session.
 *
 * | Form | Gives |
 * |---|---|
 * | `@CurrentSession() s: UserSession` | the session, or a new one that is stored only if the handler changes it |
 * | `@CurrentSession({ optional: true }) s?: UserSession` | the session, or `undefined` |
 * | `@CurrentSession({ required: true }) s: UserSession` | the session, or 401 |
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
  const { optional = false, required = false, newSession } = said;
  if (newSession !== undefined && (optional || required)) {
    throw new SessionConfigurationError(
      '@CurrentSession(): newSession has no effect beside optional or required, which give no new session. Remove one.',
    );
  }
  return (target, property, index) => {
    if (property === undefined) throw new TypeError('@CurrentSession() belongs to a parameter of a handler.');
    const type = named ?? inferSessionClass('CurrentSession', target, property, index);
    declareSession((target as Record<string | symbol, object>)[property]!, type);
    bindInterceptor(target, property);
    hideFromPipes(target, property, index);
    InjectSession({ type, optional, required, ...(newSession === undefined ? {} : { newSession }) })(
      target,
      property,
      index,
    );
  };
}
