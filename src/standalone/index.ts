export { openSessions, type OpenedSessions, type OpenSessionsOptions } from './open-sessions.js';
export type { FetchSessions } from './fetch-sessions.js';
export type { FetchHeaders, FetchRequest } from './fetch-call.js';

export { Session } from '../config/session.decorator.js';
export { SessionOwner } from '../config/session-owner.decorator.js';
export { Counter } from '../config/counter.decorator.js';
export type { SessionOptions, SessionOverrides, SessionRegistration } from '../config/session-options.js';
export type { RequestSessions } from '../session/request-sessions.js';
export type { SessionEvent, SessionEventListener } from '../session/session-event.js';
export { KeyRing } from '../keys/key-ring.js';
export { SessionStorageMemory } from '../memory/session-storage-memory.js';
export { SessionConfigurationError, SessionError, type SessionErrorCode } from '../errors/session.errors.js';
