import { SessionConfigurationError } from '../errors/session.errors.js';
import { rawRequestOf } from '../platform/raw-exchange.js';
import { membersInTheWay, putRequestSession } from '../request-session/request-session.js';
import type { SessionClass } from '../tracker/session-class.js';
import { httpSessionsOf } from './http-sessions.js';

/** Express middleware or Fastify `onRequest` hook. */
export type RequestSessionMiddleware = (request: object, response: object, next: (error?: Error) => void) => void;

/**
 * Sets `request.session` with the methods that passport, connect-flash and others expect: `regenerate`, `save`,
 * `reload`, `destroy`, `touch`, `cookie`, `id`. For all routes, use `SessionsModule.forRoot({ requestSession:
 * AuthSession })`.
 *
 * ```ts
 * app.use('/admin', requestSession(AuthSession));                                       // Express
 * app.getHttpAdapter().getInstance().addHook('onRequest', requestSession(AuthSession)); // Fastify
 * ```
 *
 * @throws {SessionConfigurationError} if `type` is not a class or has a member with such a name.
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
    throw new SessionConfigurationError('requestSession is a session class, as in requestSession: AuthSession.');
  }
  const inTheWay = membersInTheWay(type as SessionClass);
  if (inTheWay.length === 0) return;
  throw new SessionConfigurationError(
    `requestSession: ${type.name} has ${inTheWay.join(', ')}, which other packages expect to be the methods of ` +
      'request.session. Rename them.',
  );
}
