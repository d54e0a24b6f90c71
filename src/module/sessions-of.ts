import type { RequestSessions } from '../session/request-sessions.js';
import { httpSessionsOf } from './http-sessions.js';

/**
 * The sessions of a request, wherever you have it: middleware, guards, pipes, exception filters, plain Express or
 * Fastify code (Ktor: `call.sessions`).
 * @param request the platform's request or Node's own.
 * @throws {SessionError} for a request that no `SessionsModule` has seen.
 */
export function sessionsOf(request: object): RequestSessions {
  return httpSessionsOf(request).sessions;
}
