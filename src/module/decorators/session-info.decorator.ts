import type { SessionInfo as Info } from '../../session/session-info.js';
import type { SessionClass } from '../../tracker/session-class.js';
import { sessionParameterDecorator } from './decorator-target.js';

const injectSessionInfo = sessionParameterDecorator('SessionInfo', (sessions, type) => sessions.info(type));

/** Times and owner of a stored session. */
export type SessionInfo = Info;

/** Injects {@link SessionInfo} without renewing the session. */
export function SessionInfo(type: SessionClass): ParameterDecorator {
  return injectSessionInfo(type);
}
