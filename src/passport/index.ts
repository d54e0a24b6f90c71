export { requestSession, type RequestSessionMiddleware } from '../module/request/request-session-middleware.js';
export type {
  RequestSession,
  RequestSessionCookie,
  RequestSessionMethods,
  SessionDone,
} from '../request-session/request-session.js';
