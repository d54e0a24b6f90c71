import type { SessionInfo as Info } from '../session/session-info.js';
import type { SessionClass } from '../tracker/session-class.js';
import { sessionParameterDecorator } from './handler-parameter.js';

const injectSessionInfo = sessionParameterDecorator('SessionInfo', (sessions, type) => sessions.info(type));

/** Facts about a stored session besides its content. */
export type SessionInfo = Info;

/**
 * Injects a {@link SessionInfo}: creation time, expiry and owner of a session. `undefined` without a session. Does not
 * renew it, so that a page can show the remaining time.
 */
export function SessionInfo(type: SessionClass): ParameterDecorator {
  return injectSessionInfo(type);
}
