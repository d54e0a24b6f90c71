import type { SessionClass } from '../tracker/session-class.js';
import { sessionParameterDecorator } from './handler-parameter.js';

const injectSessionId = sessionParameterDecorator('SessionId', (sessions, type) => sessions.id(type));

/**
 * Hands a handler the id of a by-id session, or `undefined` when the request has none (Ktor: `call.sessionId<S>()`).
 * The id is a credential: whoever has it is the session. Show `SessionsService.handleOf(type, id)` instead.
 */
export function SessionId(type: SessionClass): ParameterDecorator {
  return injectSessionId(type);
}
