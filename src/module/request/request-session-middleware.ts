import { SessionConfigurationError } from '../../errors/session.errors.js';
import { rawRequestOf } from '../../platform/raw-exchange.js';
import { membersInTheWay, putRequestSession } from '../../request-session/request-session.js';
import type { SessionClass } from '../../tracker/session-class.js';
import { httpSessionsOf } from './sessions-of-request.js';

/** Express middleware or Fastify `onRequest` hook. */
export type RequestSessionMiddleware = (request: object, response: object, next: (error?: Error) => void) => void;

/**
 * Sets `request.session` with the methods that passport and others expect. For all routes, use the module's option
 * `requestSession`.
 *
 * ```ts
 * app.use('/admin', requestSession(AuthSession));                                       // Express
 * app.getHttpAdapter().getInstance().addHook('onRequest', requestSession(AuthSession)); // Fastify
 * ```
 *
 * @throws {SessionConfigurationError} if the class has a member of that name.
 */
export function requestSession<S extends object>(type: SessionClass<S>): RequestSessionMiddleware {
  checkRequestSession(type);
  return (request, response, next) => {
    let put: void | Promise<void>;
    try {
      const { exchange } = httpSessionsOf(request, response);
      put = putRequestSession(exchange, type, new Set([request, rawRequestOf(request) ?? request]));
    } catch (error) {
      return next(error as Error);
    }
    if (!put) return next();
    put.then(
      () => process.nextTick(next),
      (error: unknown) => process.nextTick(next, error),
    );
  };
}

/** @throws {SessionConfigurationError} */
export function checkRequestSession(type: unknown): void {
  if (typeof type !== 'function') {
    throw new SessionConfigurationError('requestSession must be a session class, such as requestSession: AuthSession.');
  }
  const inTheWay = membersInTheWay(type as SessionClass);
  if (inTheWay.length === 0) return;
  throw new SessionConfigurationError(
    `requestSession: ${type.name} has members with the names of methods that other packages call on request.session: ` +
      `${inTheWay.join(', ')}. Rename them.`,
  );
}
