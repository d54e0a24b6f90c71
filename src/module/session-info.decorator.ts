import type { SessionInfo as Info } from '../session/session-info.js';
import type { SessionClass } from '../tracker/session-class.js';
import { sessionParameterDecorator } from './handler-parameter.js';

const injectSessionInfo = sessionParameterDecorator('SessionInfo', (sessions, type) => sessions.info(type));

/** What there is to know of a stored session besides its content. */
export type SessionInfo = Info;

/**
 * Hands a handler what there is to know of a session besides its content, as `SessionInfo`: when it was created, when it
 * ends, whose it is. `undefined` when the request has none. Asking does not renew it, so that a page can show how long
 * the session lasts.
 */
export function SessionInfo(type: SessionClass): ParameterDecorator {
  return injectSessionInfo(type);
}
