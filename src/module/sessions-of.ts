import type { RequestSessions } from '../session/request-sessions.js';
import { httpSessionsOf } from './http-sessions.js';

/**
 * The sessions of a request, for middleware, guards and filters (Ktor: `call.sessions`).
 * @param request of Express, Fastify or Node.
 * @throws {SessionError} if no `SessionsModule` handles it.
 */
export function sessionsOf(request: object): RequestSessions {
  return httpSessionsOf(request).exchange;
}
