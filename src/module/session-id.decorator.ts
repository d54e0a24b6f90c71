import type { SessionClass } from '../tracker/session-class.js';
import { sessionParameterDecorator } from './handler-parameter.js';

const injectSessionId = sessionParameterDecorator('SessionId', (sessions, type) => sessions.id(type));

/**
 * Injects the id of a by-id session, or `undefined` (Ktor: `call.sessionId<S>()`). The id is a credential; to show it,
 * use `SessionsService.handleOf(type, id)`.
 */
export function SessionId(type: SessionClass): ParameterDecorator {
  return injectSessionId(type);
}
