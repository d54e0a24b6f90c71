import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { assertKnownOptions } from '../../errors/known-options.js';
import { ownerReader } from '../../config/owner-reader.js';
import { SessionConfigurationError } from '../../errors/session.errors.js';
import type { SessionClass } from '../../tracker/session-class.js';
import { isPromise } from '../../transformer/awaitable.js';
import { bindInterceptor } from '../commit/bind-interceptor.js';
import { addHandlerFacts } from '../handlers/handler-facts.js';
import { assertHandlerParameter } from './decorator-target.js';
import { hideFromPipes, inferSessionClass } from './infer-session-class.js';
import { unauthorized } from '../request/refusal.js';
import { sessionsOfContext } from '../request/sessions-of-context.js';
import { isAnonymous } from './require-session.guard.js';

export interface CurrentSessionOptions {
  /** Injects `undefined` without a session. Default `false`. */
  readonly optional?: boolean;
  /** 401 without a session or with an empty `@SessionOwner()` field. Default `false`. */
  readonly required?: boolean;
  /** With `required`: accepts an empty `@SessionOwner()` field. Default `false`. */
  readonly anonymous?: boolean;
  /**
   * When to store a new session. `false`: never, so that a cross-site POST, which has no cookie, cannot replace the
   * browser's session. `true`: always. Default: if it changes.
   */
  readonly newSession?: boolean;
  /** Whether the handler renews the session when due. Default `true`. */
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
 * | Form | Gives |
 * |---|---|
 * | `@CurrentSession() s: UserSession` | the session, or a new one |
 * | `@CurrentSession({ optional: true }) s?: UserSession` | the session, or `undefined` |
 * | `@CurrentSession({ required: true }) s: UserSession` | the session, or 401 |
 * | `@CurrentSession(UserSession, …)` | the same, if the type is not known at run time |
 *
 * Changes are stored before the response is sent.
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
  assertKnownOptions('@CurrentSession()', given, ['optional', 'required', 'anonymous', 'newSession', 'renew']);
  if (given.newSession !== undefined && (given.optional || given.required)) {
    throw new SessionConfigurationError(
      '@CurrentSession(): newSession has no effect with optional or required, which create no session. Remove one of them.',
    );
  }
  return (target, property, index) => {
    assertHandlerParameter('CurrentSession', property);
    const type = named ?? inferSessionClass('CurrentSession', target, property, index);
    addHandlerFacts(target, property, { sessions: [{ type, required: given.required ?? false }] });
    bindInterceptor(target, property);
    hideFromPipes(target, property, index);
    InjectSession({ ...given, type, ownerOf: ownerReader(type) })(target, property, index);
  };
}
