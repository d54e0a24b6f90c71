import { Session, SessionOwner } from 'nestjs-sessions';

/** One signed-in device. By id, so that the server can list sessions and end them. */
@Session('auth', {
  tracker: 'by-id',
  idleTimeoutInSeconds: 30 * 60,
  absoluteTimeoutInSeconds: 12 * 3600,
  // What "remember me" may ask for.
  maximumIdleTimeoutInSeconds: 30 * 24 * 3600,
  maximumAbsoluteTimeoutInSeconds: 90 * 24 * 3600,
})
export class AuthSession {
  /** Whose session it is. Guards ask for it, and sign-in gives the session a new id. */
  @SessionOwner() userId?: string;
  /** What the device calls itself, such as "Firefox on Linux". */
  device = '';
}
