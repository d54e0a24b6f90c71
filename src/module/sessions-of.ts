import type { RequestSessions } from '../session/request-sessions.js';
import { httpSessionsOf } from './http-sessions.js';

/**
 * Returns the sessions of a request, for middleware, guards, filters and plain Express or Fastify code (Ktor:
 * `call.sessions`).
 * @param request the platform's request or Node's.
 * @throws {SessionError} if no `SessionsModule` handles the request.
 */
export function sessionsOf(request: object): RequestSessions {
  return httpSessionsOf(request).exchange;
}
