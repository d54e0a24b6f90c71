import type { SessionClass } from '../../tracker/session-class.js';
import { sessionParameterDecorator } from './decorator-target.js';

const injectSessionId = sessionParameterDecorator('SessionId', (sessions, type) => sessions.id(type));

/**
 * Injects the id of a by-id session (Ktor: `call.sessionId<S>()`). It is a credential; show `SessionsService.handleOf`.
 */
export function SessionId(type: SessionClass): ParameterDecorator {
  return injectSessionId(type);
}
